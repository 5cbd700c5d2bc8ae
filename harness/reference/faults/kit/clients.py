"""Helpers for faults of how a body is received, and of clients that leave."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harness.reference.faults.kit.common import HOLD_SECONDS, is_rest
from harness.reference.faults.registry import Install
from harness.reference.hooks import Hooks
from harness.reference.messages import Call

# Long enough for a client to give up meanwhile.
COMPUTED_SECONDS = 0.01
LOOK_SECONDS = 0.001


def watching(watch: Callable[[Receive], Receive]) -> Install:
    """Put ``watch`` around what each HTTP request receives."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            await app(scope, watch(receive) if scope["type"] == "http" else receive, send)

        return wrapped

    return lambda hooks: hooks.asgi.append(wrap)


def until_received(watch: Callable[[Receive], Receive]) -> Callable[[Receive], Receive]:
    """Watch only until the request is there or gone; what is received later belongs to the answer."""

    def guarded(receive: Receive) -> Receive:
        watched, over = watch(receive), False

        async def received() -> Message:
            nonlocal over
            if over:
                return await receive()
            message = await watched()
            over = message["type"] != "http.request" or not message.get("more_body", False)
            return message

        return received

    return guarded


def when_client_leaves(hooks: Hooks, then: Callable[[], object]) -> None:
    """Do something whenever a client goes away in the middle of its request."""

    def watch(receive: Receive) -> Receive:
        async def received() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect":
                then()
            return message

        return received

    watching(until_received(watch))(hooks)


async def _has_left(receive: Receive) -> bool:
    try:
        message = await asyncio.wait_for(receive(), LOOK_SECONDS)
    except TimeoutError:
        return False
    return str(message["type"]) == "http.disconnect"


def when_left_before_answer(hooks: Hooks, then: Callable[[], object], leaf: str = "infer") -> None:
    """Do something whenever the client of a whole POST is gone by the time that a piece of its answer is to go out."""

    async def wait(call: Call) -> None:
        if call.op == "infer" and is_rest(call):
            await asyncio.sleep(COMPUTED_SECONDS)

    def wrap(app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            told = scope["type"] != "http" or not scope["path"].endswith(f"/{leaf}")

            async def sent(message: Message) -> None:
                nonlocal told
                if not told and await _has_left(receive):
                    told = True
                    then()
                await send(message)

            await app(scope, receive, sent)

        return wrapped

    hooks.before.append(wait)
    hooks.asgi.append(wrap)


def when_cancelled(hooks: Hooks, then: Callable[[Call], object]) -> None:
    """Do something whenever an inference over gRPC is given up while it is computed, by its client or its deadline."""

    async def wait(call: Call) -> None:
        if call.op == "infer":
            try:
                await asyncio.sleep(COMPUTED_SECONDS)
            except asyncio.CancelledError:
                then(call)
                raise

    hooks.grpc.before.append(wait)


def workers(count: int, lost: list[bool]) -> Callable[[Call], Awaitable[None]]:
    """Inferences go to so many workers in turn; of each that is lost, those that come to it wait in vain."""
    turns = itertools.count()

    async def wait(call: Call) -> None:
        if call.op == "infer" and next(turns) % count < len(lost):
            await asyncio.sleep(HOLD_SECONDS)

    return wait
