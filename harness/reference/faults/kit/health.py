"""A helper for faults of health and readiness."""

from __future__ import annotations

from typing import Any

from harness.reference.hooks import Hooks
from harness.reference.messages import Reply


def answers_always(op: str, status: int, document: Any) -> Any:
    def install(hooks: Hooks) -> None:
        hooks.routes[op] = lambda _: Reply(status, document)

    return install
