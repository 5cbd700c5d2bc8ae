"""Seeded faults that the checks of ``suites/adversarial/test_hostile_senders.py`` find."""

from __future__ import annotations

import asyncio

from starlette.types import Message, Receive

from harness.reference.faults.kit.clients import watching, when_client_leaves
from harness.reference.faults.kit.common import HOLD_SECONDS, end, holds
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks

HANG = "policy:no-hang"
# A connection that went away in the middle of a request costs one worker.
WORKERS = 8
CRASH = "policy:no-crash"


@fault(
    "slow-sender-blocks-everybody",
    HANG,
    text="while one request is still on its way, no other is read",
    effect="connection",
)
def slow_sender_blocks(hooks: Hooks) -> None:
    reading = asyncio.Lock()

    async def whole(receive: Receive) -> list[Message]:
        messages = [await receive()]
        while messages[-1].get("more_body", False):
            messages.append(await receive())
        return messages

    def watch(receive: Receive) -> Receive:
        messages: list[Message] | None = None

        async def received() -> Message:
            nonlocal messages
            if messages is None:
                async with reading:
                    try:
                        messages = await asyncio.wait_for(whole(receive), HOLD_SECONDS)
                    except TimeoutError:
                        messages = [{"type": "http.disconnect"}]
            return messages.pop(0) if messages else await receive()

        return received

    watching(watch)(hooks)


@fault(
    "disconnects-use-up-workers",
    HANG,
    text="each client that leaves mid-body costs one of eight workers",
    effect="connection",
)
def disconnects_use_up_workers(hooks: Hooks) -> None:
    lost: list[bool] = []
    when_client_leaves(hooks, lambda: lost.append(True))
    holds(lambda call: call.op == "infer" and len(lost) >= WORKERS)(hooks)


@fault(
    "disconnect-ends-process", CRASH, text="a client that leaves mid-body takes the process along", effect="connection"
)
def disconnect_ends_process(hooks: Hooks) -> None:
    when_client_leaves(hooks, end)
