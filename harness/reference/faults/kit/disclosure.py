"""Helpers for faults that put internals into errors."""

from __future__ import annotations

from collections.abc import Callable

from harness.reference.faults.registry import Install
from harness.reference.grpc.failed import Failed
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply


def error_says(text: Callable[[Call, str], str], *words: str, op: str = "infer") -> Install:
    """Change the text of errors that have one of ``words`` in them (all, if none is given)."""

    def install(hooks: Hooks) -> None:
        def edit(call: Call, reply: Reply) -> None:
            refused = call.op == op and reply.status >= 400 and isinstance(reply.document, dict)
            said = str(reply.document.get("error")) if refused else ""
            if refused and (not words or any(word in said for word in words)):
                reply.document["error"] = text(call, said)

        hooks.documents.append(edit)

    return install


def on_failure(change: Callable[[Call, Failed], Failed]) -> Install:
    return lambda hooks: hooks.grpc.failures.append(lambda call, failed, _: change(call, failed))
