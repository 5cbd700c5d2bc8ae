"""Seeded faults that the checks of ``suites/adversarial/test_hostile_senders.py`` find."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

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


def _cut(receive: Receive, most: int | None) -> Receive:
    """Give no more than so many bytes of a body, or what its first read gives; nothing after that is waited for."""
    left = most

    async def received() -> Message:
        nonlocal left
        message = await receive()
        body = message.get("body", b"")
        if message["type"] == "http.request" and body:
            left = len(body) if left is None else left
            more = message.get("more_body", False) and len(body) < left
            message = {**message, "body": body[:left], "more_body": more}
            left -= min(left, len(body))
        return message

    return received


@fault(
    "body-is-its-first-piece",
    "policy:same-answer",
    text="a body is what the first read gives",
    effect="connection",
)
def first_piece(hooks: Hooks) -> None:
    watching(lambda receive: _cut(receive, None))(hooks)


@fault(
    "body-is-its-first-64-kib",
    "policy:same-answer",
    text="of a body with a length the first 64 KiB are read",
    effect="connection",
)
def first_64_kib(hooks: Hooks) -> None:
    def wrap(app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            has_length = any(name == b"content-length" for name, _ in scope.get("headers", ()))
            await app(scope, _cut(receive, 64 * 1024) if has_length else receive, send)

        return wrapped

    hooks.asgi.append(wrap)
