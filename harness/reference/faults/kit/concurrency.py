"""A helper for faults that show only while several requests are being worked on."""

from __future__ import annotations

import asyncio
from typing import Any

from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply

ALONE_SECONDS = 0.003
TOGETHER_SECONDS = 0.08


class Flight:
    """Inferences over either transport that are being worked on at the same time."""

    def __init__(self, hooks: Hooks) -> None:
        self.calls: list[Call] = []
        hooks.before.append(self._enter)
        # What comes over REST leaves with the last edit of its document (see leave).
        hooks.grpc.replies.append(lambda call, _: self.leave(call, None))
        hooks.grpc.failures.append(self._failed)

    def _failed(self, call: Call, failed: Any, _: Any) -> Any:
        self.leave(call, None)
        return failed

    async def _enter(self, call: Call) -> None:
        if call.op == "infer":
            self.calls.append(call)
            await asyncio.sleep(ALONE_SECONDS)
            if len(self.calls) > 1:
                await asyncio.sleep(TOGETHER_SECONDS)

    def others(self, call: Call) -> list[Call]:
        """Who else is here with the same model, in order of arrival.

        Which model a call over gRPC is for is only known once its message is read.
        """
        return [each for each in self.calls if each is not call and each.model in ("", call.model)]

    def leave(self, call: Call, _: Reply | None) -> None:
        """To be registered after every other edit of documents: whatever the answer, the call is over."""
        self.calls = [each for each in self.calls if each is not call]
