"""Helpers for faults of errors over REST."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply


def on_errors(change: Callable[[Reply, str], None], wanted: Callable[[Call, Reply], bool] | None = None) -> Any:
    """Change the error replies of infer (those that ``wanted`` picks)."""

    def install(hooks: Hooks) -> None:
        def edit(call: Call, reply: Reply) -> None:
            if call.op == "infer" and reply.status >= 400 and (wanted is None or wanted(call, reply)):
                change(reply, str(reply.document["error"]))

        hooks.documents.append(edit)

    return install


def becomes(status: int | None = None, **members: Any) -> Callable[[Reply, str], None]:
    def change(reply: Reply, _: str) -> None:
        reply.status = status or reply.status
        for name, value in members.items():
            setattr(reply, name, value)

    return change


def error_says(*words: str) -> Callable[[Call, Reply], bool]:
    return lambda _, reply: any(word in str(reply.document) for word in words)
