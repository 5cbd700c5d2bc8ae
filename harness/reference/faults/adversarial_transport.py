"""Requests whose framing, coding, size or path is hostile, and the harm that they do."""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harness.reference.faults.adversarial import HOLD_SECONDS, OUT_OF_MEMORY, end, holds, is_rest, kills, stalls
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply

CHANGE, CRASH, HANG, LEAK = "policy:no-silent-change", "policy:no-crash", "policy:no-hang", "policy:no-leak"
_ODD_CHARSET = re.compile(r"charset=(?!\"?utf-?8)", re.IGNORECASE)
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


fault("gzip-bomb-hangs", HANG, "TDATA-17", text="compressed bodies are unpacked, however large they become")(
    _gzip(lambda: time.sleep(HOLD_SECONDS))
)
fault("gzip-bomb-ends-process", CRASH, "TDATA-17", text="a compressed body that becomes 16 MiB ends the process")(
    _gzip(lambda: end(OUT_OF_MEMORY))
)
fault("header-flood-ends-process", CRASH, text="more than 90 headers end the process")(
    kills(lambda call: is_rest(call) and len(call.headers) > 90)
)
fault("long-header-hangs", HANG, text="a header above 8000 bytes holds the server up")(
    stalls(lambda call: is_rest(call) and max(map(len, call.headers.values()), default=0) > 8000)
)
fault("odd-method-ends-process", CRASH, text="a method that nobody knows ends the process")(
    kills(lambda call: is_rest(call) and call.method not in KNOWN_VERBS)
)
fault("expect-continue-hangs", HANG, text="a request that expects 100-continue is never answered")(
    holds(lambda call: "expect" in call.headers)
)
fault("long-path-ends-process", CRASH, text="a path above 2000 bytes ends the process")(
    kills(lambda call: len(call.path) > 2000)
)
fault("odd-charset-ends-process", CRASH, "REST-HTTP-10", text="a label with an unknown charset ends the process")(
    kills(
        lambda call: (
            re.search(r"charset=(?!\"?utf-?8)", call.headers.get("content-type", ""), re.IGNORECASE) is not None
        )
    )
)
fault("oversize-hangs", HANG, "TDATA-17", text="a body above 2 MiB is never answered")(
    holds(lambda call: len(call.body) > 2 * 2**20)
)


@fault("connection-dead-after-three-refusals", HANG, "REST-ERR-06",
       text="a connection on which three requests were refused answers no inference any more")  # fmt: skip
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


@fault("slow-sender-blocks-everybody", HANG, text="while one request is still on its way, no other is read")
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


@fault("disconnects-use-up-workers", HANG, text="each client that leaves mid-body costs one of eight workers")
def disconnects_use_up_workers(hooks: Hooks) -> None:
    lost: list[bool] = []
    _gone(hooks, lambda: lost.append(True))
    holds(lambda call: call.op == "infer" and len(lost) >= WORKERS)(hooks)


@fault("disconnect-ends-process", CRASH, text="a client that leaves mid-body takes the process along")
def disconnect_ends_process(hooks: Hooks) -> None:
    _gone(hooks, end)


@fault("disconnect-poisons-next", "policy:same-answer", "REST-INFER-12",
       text="after a client left mid-body, the next inference is a 500")  # fmt: skip
def disconnect_poisons_next(hooks: Hooks) -> None:
    left: list[bool] = []
    _gone(hooks, lambda: left.append(True))

    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and reply.status == 200 and left:
            left.pop()
            reply.status, reply.document, reply.carried = 500, {"error": "broken pipe"}, {}

    hooks.documents.append(edit)


def _as_path(change: Callable[[str], str]) -> Install:
    """Route requests by another path than theirs."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                raw = change(scope["raw_path"].decode("latin-1")).encode("latin-1", "replace")
                scope = {**scope, "raw_path": raw}
            await app(scope, receive, send)

        return wrapped

    return lambda hooks: hooks.asgi.append(wrap)


def _without_dots(path: str) -> str:
    """Dot segments resolved after decoding, as a careless proxy does it."""
    kept: list[str] = []
    for segment in unquote(path).split("/"):
        if segment == "..":
            kept = kept[:-1] or [""]
        elif segment != ".":
            kept.append(segment)
    return "/".join(kept) if ".." in unquote(path) else path


fault("dot-segments-resolved", CHANGE, "REST-MMETA-11", text="encoded dots in a model name lead up and out of models")(
    _as_path(_without_dots)
)
fault("encoded-slash-splits-name", CHANGE, "REST-MMETA-11", text="an encoded slash in a model name is one of the path")(
    _as_path(lambda path: re.sub("%2f", "/", path, flags=re.IGNORECASE))
)
fault("nul-ends-model-name", CHANGE, "REST-MMETA-11", text="a model name ends at an encoded NUL")(
    _as_path(lambda path: re.sub("%00[^/]*", "", path))
)
fault("model-name-stripped", CHANGE, "REST-MMETA-11", text="white space at the ends of a model name is ignored")(
    _as_path(lambda path: re.sub("(%20|%09)+(?=/|$)", "", path))
)


@fault("model-names-case-folded", CHANGE, "REST-HTTP-09", text="model names in capitals are found, and echoed so")
def model_names_case_folded(hooks: Hooks) -> None:
    def gate(call: Call) -> None:
        call.model = call.model.lower()

    hooks.gates.append(gate)


@fault("traversal-reads-file", LEAK, "REST-MMETA-11", text="dots in a model name read a file beside the models")
def traversal_reads_file(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        if is_rest(call) and call.op == "model-metadata" and ".." in call.model:
            return Reply(200, body=_file_beside(call.model), media_type="application/octet-stream")
        return None

    hooks.gates.append(gate)


def _file_beside(name: str) -> bytes:
    """What lies at ``name`` in a folder made for the purpose; whatever is asked for, it is this file."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "settings.ini").write_text("[store]\npassword = hunter2-seeded\n")
        wanted = root / Path(name).name
        return (wanted if wanted.is_file() else root / "settings.ini").read_bytes()
