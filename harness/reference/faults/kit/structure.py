"""A helper for faults of shapes, counts and nesting."""

from __future__ import annotations

from typing import Any

from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.request import InferRequest


def each_input(hooks: Hooks, change: Any) -> None:
    def edit(call: Call, _: ModelVersion, request: InferRequest) -> None:
        for index, (name, tensor) in enumerate(request.inputs.items()):
            request.inputs[name] = change(call.request["inputs"][index], tensor)

    hooks.requests.append(edit)
