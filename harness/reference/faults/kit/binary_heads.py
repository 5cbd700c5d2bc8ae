"""Helpers for faults of the heads of binary requests and replies."""

from __future__ import annotations

from typing import Any

from harness.reference.faults.registry import Install
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.request import InferRequest


def change_request(change: Any) -> Install:
    """Change what the understood request says about binary outputs."""

    def install(hooks: Hooks) -> None:
        def edit(_: Call, __: ModelVersion, request: InferRequest) -> None:
            change(request)

        hooks.requests.append(edit)

    return install


def size_of_output(entry: dict[str, Any]) -> int:
    return int(entry["parameters"]["binary_data_size"])


def header_number(header: str) -> int | None:
    return int(header) if header.lstrip("-").isdecimal() and len(header) < 18 else None
