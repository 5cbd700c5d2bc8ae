"""A server that does everything wrong, on loopback: one behaviour per instance, the same for every path.

    with HostileServer("drip-header") as url:
        ...

It needs nothing but sockets and threads, and leaves neither behind. Clients must bring their own time limit.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import socket
import struct
import threading
from collections.abc import Callable
from types import TracebackType

BODY = b'{"model_name":"m","outputs":[{"name":"y","datatype":"FP32","shape":[1],"data":[1.0]}]}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
GOOD = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
CUTS = (0, 1, 5, 9, 12, 15, 17, 30, 60, len(GOOD) - len(BODY) - 2, len(GOOD) - len(BODY), len(GOOD) - 1)
INTERVAL = 0.02
LINGER_ZERO = struct.pack("ii", 1, 0)

Behaviour = Callable[["Peer"], None]


class Peer:
    """One accepted connection, as a behaviour sees it."""

    def __init__(self, connection: socket.socket, stopping: threading.Event) -> None:
        self.connection = connection
        self.stopping = stopping

    def request(self) -> bytes:
        """Read one request, head and body.

        Raises:
            ConnectionError: the client went away.
        """
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.connection.recv(65536)
            if not more:
                raise ConnectionError
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length:
            more = self.connection.recv(65536)
            if not more:
                raise ConnectionError
            body += more
        return head + b"\r\n\r\n" + body

    def send(self, data: bytes) -> None:
        """Write everything."""
        self.connection.sendall(data)

    def answer(self, data: bytes) -> None:
        """Wait for a request, then write."""
        self.request()
        self.send(data)

    def flood(self, piece: bytes) -> None:
        """Write the same for ever, as fast as it is taken."""
        while not self.stopping.is_set():
            self.send(piece)

    def drip(self, piece: bytes) -> None:
        """Write the same for ever, a little at a time."""
        while not self.stopping.wait(INTERVAL):
            self.send(piece)

    def reset(self) -> None:
        """Close so that the client sees a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
        self.connection.close()


def _answers(data: bytes) -> Behaviour:
    return lambda peer: peer.answer(data)


def _holds(data: bytes) -> Behaviour:
    """Answers and then keeps the connection open, so that only a time limit ends the wait."""

    def behaviour(peer: Peer) -> None:
        peer.answer(data)
        peer.stopping.wait()

    return behaviour


def _drips(head: bytes, piece: bytes) -> Behaviour:
    def behaviour(peer: Peer) -> None:
        peer.answer(head)
        peer.drip(piece)

    return behaviour


def _floods(head: bytes, piece: bytes) -> Behaviour:
    def behaviour(peer: Peer) -> None:
        peer.answer(head)
        peer.flood(piece)

    return behaviour


def _resets(at: int) -> Behaviour:
    def behaviour(peer: Peer) -> None:
        peer.answer(GOOD[:at])
        peer.reset()

    return behaviour


def _never_answers(peer: Peer) -> None:
    while not peer.stopping.is_set():
        peer.request()


def _never_reads(peer: Peer) -> None:
    peer.stopping.wait()


def _closes_at_once(_peer: Peer) -> None:
    """Returning closes the connection."""


def _before_request(peer: Peer) -> None:
    peer.send(GOOD)
    peer.request()


def _bomb(peer: Peer) -> None:
    peer.answer(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(gzip_bomb()) + gzip_bomb())


@functools.cache
def gzip_bomb() -> bytes:
    """One mebibyte or less that decodes to a gibibyte: many members, since one that long takes seconds to make."""
    return gzip.compress(b"\0" * (1 << 24), mtime=0) * 64


_CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
_PIECE = b"a" * 65536
_CHUNK = b"10000\r\n" + _PIECE + b"\r\n"

_BEHAVIOURS: dict[str, Behaviour] = {
    "never-answers": _never_answers,
    "never-reads": _never_reads,
    "closes-at-once": _closes_at_once,
    "drip-header": _drips(HEAD + b"X-Slow: ", b"a"),
    "drip-headers": _drips(HEAD, b"X-Slow: a\r\n"),
    "drip-body": _drips(HEAD + b"Content-Length: 1000000\r\n\r\n", b" "),
    "drip-chunks": _drips(_CHUNKED, b"1\r\n \r\n"),
    "drip-1xx": _drips(b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    "endless-headers": _floods(HEAD, b"X-Many: many\r\n" * 100),
    "endless-header": _floods(HEAD + b"X-Long: ", _PIECE),
    "endless-1xx": _floods(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "endless-chunked": _floods(_CHUNKED, _CHUNK),
    "endless-tiny-chunks": _floods(_CHUNKED, b"1\r\n \r\n" * 1000),
    "endless-chunk-extension": _floods(_CHUNKED + b"1;x=", _PIECE),
    "endless-trailers": _floods(_CHUNKED + b"0\r\n", b"X-Many: many\r\n" * 100),
    "endless-length": _floods(HEAD + b"Content-Length: 1000000000000000\r\n\r\n", _PIECE),
    "endless-until-close": _floods(HEAD + b"Connection: close\r\n\r\n", _PIECE),
    "gzip-bomb": _bomb,
    "gzip-broken": _answers(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 8\r\n\r\nnot gzip"),
    "length-too-long": _answers(HEAD + b"Content-Length: 100000\r\n\r\n" + BODY),
    "length-too-long-held": _holds(HEAD + b"Content-Length: 100000\r\n\r\n" + BODY),
    "length-too-short": _holds(HEAD + b"Content-Length: 10\r\n\r\n" + BODY),
    "length-negative": _answers(HEAD + b"Content-Length: -5\r\n\r\n" + BODY),
    "length-twice": _answers(HEAD + b"Content-Length: 5\r\nContent-Length: 7\r\n\r\n" + BODY),
    "length-and-chunked": _holds(HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
    "chunk-size-invalid": _answers(_CHUNKED + b"xyz\r\n{}\r\n0\r\n\r\n"),
    "chunk-size-negative": _answers(_CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n"),
    "chunk-size-huge": _answers(_CHUNKED + b"FFFFFFFFFFFFFFFF\r\n{}"),
    "chunk-footer-wrong": _answers(_CHUNKED + b"2\r\n{}XX0\r\n\r\n"),
    "garbage": _answers(bytes(range(256)) * 4),
    "garbage-text-held": _holds(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "http-0.9": _answers(b"<html>hello</html>"),
    "http-2": _holds(b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64"),
    "status-not-a-number": _answers(b"HTTP/1.1 OK 200\r\n\r\n"),
    "status-too-long": _answers(b"HTTP/1.1 20000 OK\r\nContent-Length: 0\r\n\r\n"),
    "header-huge": _answers(HEAD + b"X-Huge: " + b"a" * (1 << 20) + b"\r\nContent-Length: 0\r\n\r\n"),
    "header-without-colon": _answers(HEAD + b"what is this\r\nContent-Length: 0\r\n\r\n"),
    "header-null": _answers(HEAD + b"X-Null: a\0b\r\nContent-Length: 0\r\n\r\n"),
    "header-latin-1": _holds(HEAD + b"X-Name: \xe9\xff\r\nContent-Length: 2\r\n\r\n{}"),
    "switching-protocols": _holds(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: what\r\n\r\n"),
    "no-content-with-body": _holds(b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"),
    "response-before-request": _before_request,
    "two-responses": _holds(GOOD + GOOD),
    "body-not-utf-8": _holds(HEAD + b'Content-Length: 8\r\n\r\n{"a\xff":1}'),
    "body-deep": _holds(HEAD + b"Content-Length: 200000\r\n\r\n" + b"[" * 100_000 + b"]" * 100_000),
    "body-long-integer": _holds(HEAD + b"Content-Length: 100000\r\n\r\n" + b"9" * 100_000),
    **{f"reset-at-{at}": _resets(at) for at in CUTS},
    **{f"close-at-{at}": _answers(GOOD[:at]) for at in CUTS},
}

BEHAVIOURS = tuple(_BEHAVIOURS)


class HostileServer:
    """Context manager that serves one of `BEHAVIOURS` and gives the base URL."""

    def __init__(self, behaviour: str) -> None:
        self._behaviour = _BEHAVIOURS[behaviour]
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []
        self._lock = threading.Lock()
        self._listener: socket.socket

    def __enter__(self) -> str:
        self._listener = socket.create_server(("127.0.0.1", 0))
        # Small, so that a client which sends more than a little to a server that does not read must wait.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._spawn(self._accept)
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        with self._lock:
            # shutdown wakes a thread that is waiting in accept, recv or send; close alone would not.
            for each in (self._listener, *self._connections):
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
        for thread in list(self._threads):
            thread.join(5)

    def _spawn(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, daemon=True, name="hostile")
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._stopping.is_set():
                    connection.close()
                    return
                self._connections.append(connection)
            self._spawn(functools.partial(self._serve, connection))

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection:
            self._behaviour(Peer(connection, self._stopping))


class GoodServer(HostileServer):
    """The same machinery for a server that behaves: answers every request on a connection with ``reply``.

    ``requests`` holds every request as it came over the wire.
    """

    def __init__(self, reply: bytes | Callable[[bytes], bytes] = GOOD) -> None:
        super().__init__("never-answers")
        self.requests: list[bytes] = []

        def behave(peer: Peer) -> None:
            while not peer.stopping.is_set():
                request = peer.request()
                self.requests.append(request)
                peer.send(reply(request) if callable(reply) else reply)

        self._behaviour = behave


def ok(body: bytes, *headers: bytes) -> bytes:
    """A whole response with status 200."""
    return b"\r\n".join([b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *headers, b"", body])


__all__ = ["BEHAVIOURS", "BODY", "GOOD", "GoodServer", "HostileServer", "ok"]
