"""Helpers for faults of how a body is received, and of clients that leave."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harness.reference.faults.registry import Install
from harness.reference.hooks import Hooks


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
