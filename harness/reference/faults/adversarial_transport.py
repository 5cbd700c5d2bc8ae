"""Requests whose framing, coding or size is hostile, and the harm that they do."""

from __future__ import annotations

import asyncio
import re
import time
import zlib
from collections import Counter, deque
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harness.reference.faults.adversarial import HOLD_SECONDS, OUT_OF_MEMORY, end, holds, is_rest, kills, stalls
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply

CRASH, HANG = "policy:no-crash", "policy:no-hang"
KNOWN_CODINGS = ("gzip", "deflate", "identity", "x-gzip", "br", "zstd")
KNOWN_VERBS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
# A connection that went away in the middle of a request costs one worker.
WORKERS = 8
# Bytes that a compressed body may become before its fault sets in, and where unpacking stops in any case.
BOMB, MOST = 16 * 2**20, 32 * 2**20


def _gzip(end: Callable[[], object]) -> Install:
    """Compressed requests are unpacked; one that becomes too large comes to ``end``."""

    def gate(call: Call) -> None:
        if not is_rest(call) or call.headers.get("content-encoding") != "gzip":
            return
        try:
            body = zlib.decompressobj(wbits=31).decompress(call.body, MOST)
        except zlib.error:
            return
        if len(body) > BOMB:
            end()
        call.body = body
        del call.headers["content-encoding"]

    return lambda hooks: hooks.gates.append(gate)


fault(
    "gzip-bomb-hangs", HANG, "TDATA-17", text="compressed bodies are unpacked, however large they become", effect="hang"
)(_gzip(lambda: time.sleep(HOLD_SECONDS)))
fault(
    "gzip-bomb-ends-process",
    CRASH,
    "TDATA-17",
    text="a compressed body that becomes 16 MiB ends the process",
    effect="crash",
)(_gzip(lambda: end(OUT_OF_MEMORY)))


def _coding_cut(call: Call) -> bool:
    """Whether a compressed body ends before its data do."""
    unpacking = zlib.decompressobj(wbits=31)
    try:
        unpacking.decompress(call.body, MOST)
    except zlib.error:
        return False
    return bool(call.body) and not unpacking.eof


fault(
    "cut-gzip-hangs",
    HANG,
    "TDATA-17",
    text="of a compressed body that ends in the middle the rest is waited for",
    effect="hang",
)(holds(lambda call: is_rest(call) and call.headers.get("content-encoding") == "gzip" and _coding_cut(call)))
fault("unknown-coding-ends-process", CRASH, text="a content coding that nobody knows ends the process", effect="crash")(
    kills(lambda call: is_rest(call) and call.headers.get("content-encoding", "gzip") not in KNOWN_CODINGS)
)
fault("header-flood-ends-process", CRASH, text="more than 90 headers end the process", effect="crash")(
    kills(lambda call: is_rest(call) and len(call.headers) > 90)
)
fault("long-header-hangs", HANG, text="a header above 8000 bytes holds the server up", effect="hang")(
    stalls(lambda call: is_rest(call) and max(map(len, call.headers.values()), default=0) > 8000)
)
fault("odd-method-ends-process", CRASH, text="a method that nobody knows ends the process", effect="crash")(
    kills(lambda call: is_rest(call) and call.method not in KNOWN_VERBS)
)
fault("expect-continue-hangs", HANG, text="a request that expects 100-continue is never answered", effect="hang")(
    holds(lambda call: "expect" in call.headers)
)
fault(
    "odd-charset-ends-process",
    CRASH,
    "REST-HTTP-10",
    text="a label with an unknown charset ends the process",
    effect="crash",
)(
    kills(
        lambda call: (
            re.search(r"charset=(?!\"?utf-?8)", call.headers.get("content-type", ""), re.IGNORECASE) is not None
        )
    )
)
fault("oversize-hangs", HANG, "TDATA-17", text="a body above 2 MiB is never answered", effect="hang")(
    holds(lambda call: len(call.body) > 2 * 2**20)
)


@fault(
    "connection-dead-after-three-refusals",
    HANG,
    "REST-ERR-06",
    text="a connection on which three requests were refused answers no inference any more",
)
def connection_dead(hooks: Hooks) -> None:
    refused: Counter[object] = Counter()

    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and reply.status >= 400:
            refused[call.connection] += 1

    def dead(call: Call) -> bool:
        if call.number_on_connection == 1:
            refused.pop(call.connection, None)
        return call.op == "infer" and refused[call.connection] >= 3

    hooks.documents.append(edit)
    holds(dead)(hooks)


def _watching(watch: Callable[[Receive], Receive]) -> Install:
    """Put ``watch`` around what each HTTP request receives."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            await app(scope, watch(receive) if scope["type"] == "http" else receive, send)

        return wrapped

    return lambda hooks: hooks.asgi.append(wrap)


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

    _watching(watch)(hooks)


def _once(watch: Callable[[Receive], Receive]) -> Callable[[Receive], Receive]:
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


def _gone(hooks: Hooks, then: Callable[[], object]) -> None:
    """Do something whenever a client goes away in the middle of its request."""

    def watch(receive: Receive) -> Receive:
        async def received() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect":
                then()
            return message

        return received

    _watching(_once(watch))(hooks)


@fault(
    "disconnects-use-up-workers",
    HANG,
    text="each client that leaves mid-body costs one of eight workers",
    effect="connection",
)
def disconnects_use_up_workers(hooks: Hooks) -> None:
    lost: list[bool] = []
    _gone(hooks, lambda: lost.append(True))
    holds(lambda call: call.op == "infer" and len(lost) >= WORKERS)(hooks)


@fault(
    "disconnect-ends-process", CRASH, text="a client that leaves mid-body takes the process along", effect="connection"
)
def disconnect_ends_process(hooks: Hooks) -> None:
    _gone(hooks, end)


@fault(
    "disconnect-poisons-next",
    "policy:same-answer",
    "REST-INFER-12",
    text="after a client left mid-body, the next inference is a 500; so are twelve after many",
    effect="connection",
)
def disconnect_poisons_next(hooks: Hooks) -> None:
    # As many as a pool holds; with no bound, one client's burst would leave nothing to show to others.
    left: deque[bool] = deque(maxlen=12)
    _gone(hooks, lambda: left.append(True))

    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and reply.status == 200 and left:
            left.pop()
            reply.status, reply.document, reply.carried = 500, {"error": "broken pipe"}, {}

    hooks.documents.append(edit)
