"""A gRPC server that does everything wrong, on loopback, frame by frame: one behaviour per instance.

    with HostileGrpc("ping-flood") as url:
        ...

Frames are made by hand, so that those which no library would send can be sent, too.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.budget import Budget, Limits
from harness.record.redact import Redactor
from harness.record.store import Recorder
from harness.wire.access import Access
from harness.wire.rpc import GrpcClient
from tests.harness.wire.clients import store_at

from .clients import Events
from .grpc_peer import (
    BEGIN,
    CONTINUATION,
    DATA,
    DONE,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    LARGE,
    PADDED,
    PING,
    PRIORITY,
    PUSH,
    RST,
    SETTINGS,
    WINDOW,
    GrpcPeer,
    block,
    data,
    frame,
    head,
    reply,
)
from .hostile import HostileServer

Behaviour = Callable[[GrpcPeer], None]


def _says(make: Callable[[int], bytes], *, held: bool = True) -> Behaviour:
    """Reads a request, says something, and keeps the connection open (or closes it)."""

    def behaviour(peer: GrpcPeer) -> None:
        peer.send(make(peer.opened()))
        if held:
            peer.hold()
        else:
            _leaves(peer)

    return behaviour


def _leaves(peer: GrpcPeer) -> None:
    """Says no more, and reads until the client has left: a socket closed before that resets what was just said."""
    with contextlib.suppress(OSError):
        peer.connection.shutdown(socket.SHUT_WR)
        while peer.connection.recv(65536):
            pass


def _raw(text: bytes, *, held: bool = False) -> Behaviour:
    def behaviour(peer: GrpcPeer) -> None:
        peer.connection.recv(65536)
        peer.send(text)
        if held:
            peer.hold()
        else:
            _leaves(peer)

    return behaviour


def _floods(make: Callable[[int], bytes], piece: Callable[[int], bytes]) -> Behaviour:
    """Reads a request, says something, and then the same for ever; reads along, so as never to block the client."""

    def behaviour(peer: GrpcPeer) -> None:
        stream = peer.opened()
        reader = threading.Thread(target=_quietly, args=(peer.swallow,), daemon=True, name="hostile")
        reader.start()
        peer.send(make(stream))
        with contextlib.suppress(OSError):
            peer.flood(piece(stream))
        reader.join()

    return behaviour


def _drips(make: Callable[[int], bytes], piece: Callable[[int], bytes]) -> Behaviour:
    def behaviour(peer: GrpcPeer) -> None:
        stream = peer.opened()
        peer.send(make(stream))
        peer.drip(piece(stream))

    return behaviour


def _quietly(work: Callable[[], None]) -> None:
    with contextlib.suppress(OSError):
        work()


def _trailers(*pairs: tuple[str | bytes, str | bytes]) -> Behaviour:
    return _says(lambda n: head(n) + data(n) + head(n, pairs, end=True))


def _only(*pairs: tuple[str | bytes, str | bytes], body: bytes = b"") -> Behaviour:
    """One block of headers, and a body that ends the stream."""
    return _says(lambda n: head(n, pairs, end=not body) + (frame(DATA, END_STREAM, n, body) if body else b""))


def _page(status: str, *more: tuple[str, str]) -> Behaviour:
    return _only((":status", status), ("content-type", "text/html"), *more, body=b"<html><body>hello</body></html>")


def _zero_window(peer: GrpcPeer) -> None:
    peer.grants = False
    peer.settings(window=0)
    peer.swallow()


def _early(held: bool) -> Behaviour:
    """Answers when the headers have come, and reads no more."""

    def behaviour(peer: GrpcPeer) -> None:
        peer.settings()
        kind = stream = 0
        while kind != HEADERS:
            kind, _, stream, _ = peer.next_frame()
        peer.send(head(stream, [*BEGIN, ("grpc-status", "8"), ("grpc-message", "too large")], end=True))
        if held:
            peer.send(frame(RST, 0, stream, struct.pack(">I", 0)))
            peer.hold()

    return behaviour


def _shrinking_window(peer: GrpcPeer) -> None:
    """Takes back window that was granted: the client's window is negative until more is granted."""
    peer.settings(window=65535)
    peer.grants = False
    kind, stream = -1, 0
    while kind != DATA:
        kind, _, stream, _ = peer.next_frame()
    peer.send(frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 10)))
    peer.stopping.wait(0.1)
    peer.send(
        frame(WINDOW, 0, 0, struct.pack(">I", LARGE * 2)) + frame(WINDOW, 0, stream, struct.pack(">I", LARGE * 2))
    )
    peer.call()
    peer.send(reply(stream))
    peer.hold()


def _settings_then_silence(peer: GrpcPeer) -> None:
    peer.settings()
    peer.hold()


def _resets(peer: GrpcPeer) -> None:
    peer.opened()
    peer.reset()


def _closes_after_request(peer: GrpcPeer) -> None:
    peer.opened()


def _goaway_at_once(peer: GrpcPeer) -> None:
    peer.settings()
    peer.send(_goaway(0, 0))
    peer.hold()


def _goaway(last: int, code: int) -> bytes:
    return frame(GOAWAY, 0, 0, struct.pack(">II", last, code) + b"some words")


def _rst(code: int) -> Behaviour:
    return _says(lambda n: frame(RST, 0, n, struct.pack(">I", code)))


def _none(_: int) -> bytes:
    return b""


_PIECE = b"a" * 16384
_INDEXED = block([("x-many", "a" * 60)])
# With the dynamic table: one entry of it, 100,000 times.
_PLAIN = b"\x88\x0f\x10\x10application/grpc"
_BOMB = b"\x40\x06x-many\x3c" + b"a" * 60 + b"\xbe" * 100_000

_BEHAVIOURS: dict[str, Behaviour] = {
    "never-answers": lambda peer: peer.swallow(),
    "never-reads": lambda peer: peer.hold(),
    "closes-at-once": lambda _: None,
    "closes-after-request": _closes_after_request,
    "resets": _resets,
    "http-1": _raw(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", held=True),
    "ssh": _raw(b"SSH-2.0-OpenSSH_9.6\r\n", held=True),
    "garbage": _raw(bytes(range(256)) * 40),
    "garbage-short-held": _raw(b"hello", held=True),
    "zeros": _raw(b"\0" * 4096, held=True),
    "settings-then-silence": _settings_then_silence,
    "settings-broken": _raw(frame(SETTINGS, 0, 0, b"12345"), held=True),
    "settings-impossible": _raw(frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 2**32 - 1)), held=True),
    "headers-drip": _drips(lambda n: frame(HEADERS, 0, n, size=16000), lambda _: b"a"),
    "continuation-flood": _floods(
        lambda n: frame(HEADERS, 0, n, block(BEGIN)), lambda n: frame(CONTINUATION, 0, n, _INDEXED)
    ),
    "continuation-empty-flood": _floods(
        lambda n: frame(HEADERS, 0, n, block(BEGIN)), lambda n: frame(CONTINUATION, 0, n) * 100
    ),
    "continuation-drip": _drips(
        lambda n: frame(HEADERS, 0, n, block(BEGIN)), lambda n: frame(CONTINUATION, 0, n, b"\x40\x01a\x01b")
    ),
    "interim-flood": _floods(_none, lambda n: head(n, [(":status", "103"), ("x-long", "a" * 5000)])),
    "interim-drip": _drips(_none, lambda n: head(n, [(":status", "103")])),
    "endless-message": _floods(lambda n: head(n) + data(n, size=1 << 20), lambda n: frame(DATA, 0, n, _PIECE)),
    "endless-small-messages": _floods(head, lambda n: data(n) * 100),
    "endless-empty-data": _floods(head, lambda n: frame(DATA, 0, n) * 100),
    "endless-padding": _floods(head, lambda n: frame(DATA, PADDED, n, b"\xff" + b"\0" * 255)),
    "endless-page": _floods(
        lambda n: head(n, [(":status", "500"), ("content-type", "text/html")]), lambda n: frame(DATA, 0, n, _PIECE)
    ),
    "drip-message": _drips(lambda n: head(n) + data(n, size=1000), lambda n: frame(DATA, 0, n, b"a")),
    "announced-2-gb": _drips(lambda n: head(n) + data(n, size=2**31), lambda n: frame(DATA, 0, n, b"a")),
    "announced-4-gb-then-done": _says(lambda n: head(n) + data(n, size=2**32 - 1) + head(n, DONE, end=True)),
    "ping-flood": _floods(_none, lambda _: frame(PING, 0, 0, b"12345678") * 100),
    "settings-flood": _floods(_none, lambda _: frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 70000)) * 100),
    "window-flood": _floods(_none, lambda _: frame(WINDOW, 0, 0, struct.pack(">I", 2**31 - 1)) * 100),
    "window-zero": _says(lambda n: frame(WINDOW, 0, n, struct.pack(">I", 0))),
    "priority-flood": _floods(_none, lambda n: frame(PRIORITY, 0, n, struct.pack(">IB", 0, 16)) * 100),
    "unknown-frame-flood": _floods(_none, lambda n: frame(0xFA, 0, n, b"12345678") * 100),
    "rst-flood": _floods(_none, lambda n: frame(RST, 0, n, struct.pack(">I", 8)) * 100),
    "goaway-flood": _floods(_none, lambda _: _goaway(2**31 - 1, 0) * 100),
    **{f"rst-{code}": _rst(code) for code in (*range(14), 999, 2**32 - 1)},
    "goaway-at-once": _goaway_at_once,
    "goaway-refused": _says(lambda _: _goaway(0, 11)),
    "goaway-error-in-the-middle": _says(lambda n: head(n) + _goaway(n, 2)),
    "goaway-unknown-code": _says(lambda n: _goaway(n, 4711)),
    "goaway-short": _says(lambda _: frame(GOAWAY, 0, 0, b"1234")),
    "goaway-graceful": _says(
        lambda n: _goaway(2**31 - 1, 0) + head(n) + _goaway(n, 0) + data(n) + head(n, DONE, end=True), held=False
    ),
    "goaway-graceful-then-silence": _says(lambda n: _goaway(2**31 - 1, 0)),
    "data-before-headers": _says(data),
    "data-after-trailers": _says(lambda n: reply(n) + data(n)),
    "answer-twice": _says(lambda n: reply(n) + reply(n)),
    "two-messages": _says(lambda n: head(n) + data(n) + data(n) + head(n, DONE, end=True)),
    "two-messages-in-pieces": _says(
        lambda n: head(n) + b"".join(frame(DATA, 0, n, bytes([b])) for b in b"\0\0\0\0\2\x08\1\0\0\0\0\0")
    ),
    "compressed": _says(lambda n: head(n) + data(n, flag=1) + head(n, DONE, end=True)),
    "flag-255": _says(lambda n: head(n) + data(n, flag=255) + head(n, DONE, end=True)),
    "message-cut": _says(lambda n: head(n) + data(n, size=100) + head(n, DONE, end=True)),
    "message-missing": _says(lambda n: head(n) + head(n, DONE, end=True)),
    "message-cut-with-error": _says(lambda n: head(n) + data(n, size=100) + head(n, [("grpc-status", "13")], end=True)),
    "no-trailers": _says(lambda n: head(n) + data(n, end=True)),
    "trailers-empty": _says(lambda n: head(n) + data(n) + frame(HEADERS, END_STREAM | END_HEADERS, n)),
    "trailers-without-end": _says(lambda n: head(n) + data(n) + head(n, DONE)),
    "trailers-before-data": _says(lambda n: head(n) + head(n, DONE) + data(n, end=True)),
    "headers-twice": _says(lambda n: head(n) + reply(n)),
    "status-missing": _trailers(("x-other", "1")),
    "status-empty": _trailers(("grpc-status", "")),
    "status-not-a-number": _trailers(("grpc-status", "OK")),
    "status-negative": _trailers(("grpc-status", "-1")),
    "status-superscript": _trailers(("grpc-status", b"\xb2")),
    "status-999": _trailers(("grpc-status", "999")),
    "status-endless": _trailers(("grpc-status", "9" * 5000)),
    "message-not-utf-8": _trailers(("grpc-status", "3"), ("grpc-message", b"\xff%ff%zz%")),
    "header-not-ascii": _says(lambda n: head(n, [*BEGIN, ("x-name", b"\xe9\xff")]) + reply(n)[len(head(n)) :]),
    "header-null": _says(lambda n: head(n, [*BEGIN, ("x-name", "a\0b")])),
    "header-upper-case": _says(lambda n: head(n, [*BEGIN, ("X-Name", "a")])),
    "header-connection": _says(lambda n: head(n, [*BEGIN, ("connection", "close")])),
    "pseudo-status-missing": _only(("content-type", "application/grpc"), ("grpc-status", "0")),
    "pseudo-status-text": _only((":status", "abc"), ("content-type", "application/grpc"), ("grpc-status", "0")),
    "pseudo-status-long": _only((":status", "20000"), ("content-type", "application/grpc"), ("grpc-status", "0")),
    "pseudo-status-superscript": _only((":status", b"20\xb2"), ("grpc-status", "0")),
    "pseudo-status-twice": _only((":status", "200"), (":status", "404"), ("grpc-status", "0")),
    "trailers-many": _says(lambda n: frame(HEADERS, END_HEADERS, n, _PLAIN) + data(n) + _cut(n, _BOMB)),
    "headers-many": _says(lambda n: _cut(n, _PLAIN + _BOMB)),
    "headers-not-hpack": _says(lambda n: frame(HEADERS, END_HEADERS, n, b"\xff" * 40)),
    "headers-integer": _says(lambda n: frame(HEADERS, END_HEADERS, n, b"\x7f" + b"\xff" * 4000)),
    "http-503": _page("503"),
    "http-404": _page("404"),
    "http-302": _page("302", ("location", "http://127.0.0.1:1/")),
    "http-204": _only((":status", "204")),
    "http-401-page": _page("401"),
    "page-200": _page("200"),
    "page-200-status-ok": _page("200", ("grpc-status", "0")),
    "page-200-status-5": _page("200", ("grpc-status", "5")),
    "no-content-type": _only((":status", "200"), ("grpc-status", "0"), body=b"\0\0\0\0\0"),
    "zero-window": _zero_window,
    "shrinking-window": _shrinking_window,
    "answer-before-the-request-is-whole": _early(True),
    "answer-before-the-request-is-whole-and-close": _early(False),
    "frame-too-large": _says(lambda n: head(n) + frame(DATA, 0, n, b"a" * 20000)),
    "frame-too-large-held": _says(lambda n: head(n) + frame(DATA, 0, n, b"", size=2**24 - 1)),
    "padding-impossible": _says(lambda n: head(n) + frame(DATA, PADDED, n, b"\xff1234")),
    "push-promise": _says(lambda n: frame(PUSH, END_HEADERS, n, struct.pack(">I", 2) + block([(":method", "GET")]))),
    "other-stream": _says(lambda n: reply(n + 2)),
    "even-stream": _says(lambda n: reply(n + 1)),
    "content-length-wrong": _says(lambda n: head(n, [*BEGIN, ("content-length", "3")]) + data(n)),
    "good": _says(reply),
}

BEHAVIOURS = tuple(_BEHAVIOURS)


def _cut(stream: int, fragment: bytes) -> bytes:
    """A header block in frames of the size that every peer takes."""
    pieces = [fragment[at : at + 16384] for at in range(0, len(fragment), 16384)]
    kinds = [HEADERS, *[CONTINUATION] * (len(pieces) - 1)]
    flags = [END_STREAM, *[0] * (len(pieces) - 1)]
    flags[-1] |= END_HEADERS
    return b"".join(frame(kind, flag, stream, piece) for kind, flag, piece in zip(kinds, flags, pieces, strict=True))


class HostileGrpc(HostileServer):
    """Serves one of `BEHAVIOURS`, or a behaviour of a test's own, and gives the base URL."""

    def __init__(self, behaviour: str | Behaviour) -> None:
        super().__init__("never-answers")
        chosen = _BEHAVIOURS[behaviour] if isinstance(behaviour, str) else behaviour
        self._behaviour = lambda peer: chosen(GrpcPeer(peer.connection, peer.stopping))


@contextmanager
def grpc_client(
    access: Access | str, root: Path, *, limits: Limits | None = None, secrets: Sequence[str] = ()
) -> Iterator[tuple[GrpcClient, Events]]:
    """A client that records below ``root``, and the journal events it makes."""
    events: Events = []
    recorder = Recorder(store_at(root), Redactor(secrets), events.append)
    given = Access(access) if isinstance(access, str) else access
    with GrpcClient(given, recorder, Budget(limits or Limits(request_seconds=10.0))) as client:
        yield client, events
