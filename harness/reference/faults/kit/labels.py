"""A helper for faults of the content type."""

from __future__ import annotations

from collections.abc import Callable

from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply


def label(value: str, *ops: str, status: int = 200) -> Callable[[Hooks], None]:
    def install(hooks: Hooks) -> None:
        def edit(call: Call, reply: Reply) -> None:
            if call.op in ops and (reply.status == 200) == (status == 200) and reply.media_type:
                reply.media_type = value

        hooks.bodies.append(edit)

    return install
