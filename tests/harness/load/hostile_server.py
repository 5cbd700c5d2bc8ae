"""Servers that misbehave on purpose, over loopback, in threads of the test's process, without a library between."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator

Talk = Callable[[socket.socket, bytes, int], bool]
"""Answers one request (its body and its number on the connection); False closes the connection."""

ID = re.compile(rb'"id":"([0-9a-f]{16})"')


def body_of(request: bytes, *, extra: bytes = b"") -> bytes:
    """A plain answer with the request's id."""
    found = ID.search(request)
    return b'{"model_name":"m","id":"%b","outputs":[]%b}' % (found.group(1) if found else b"", extra)


def answer(body: bytes, *, head: bytes = b"HTTP/1.1 200 OK", more: bytes = b"") -> bytes:
    """A whole answer with Content-Length."""
    return b"%b\r\nContent-Type: application/json\r\n%bContent-Length: %d\r\n\r\n%b" % (head, more, len(body), body)


def reset(connection: socket.socket) -> None:
    """Close with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@contextlib.contextmanager
def serving(
    serve: Callable[[socket.socket], None], context: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[int]:
    """A server whose every connection is handled by ``serve`` in a thread of its own; gives its port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, 0), family=family, backlog=512)
    open_ones: list[socket.socket] = []
    over = threading.Event()

    def one(connection: socket.socket) -> None:
        made = connection
        with contextlib.suppress(OSError, ssl.SSLError):
            connection.settimeout(20)
            if context:
                made = context.wrap_socket(connection, server_side=True)
                open_ones.append(made)
            serve(made)
        made.close()
        connection.close()

    def accept() -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            open_ones.append(connection)
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join(5)
        for each in open_ones:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def http(talk: Talk) -> Callable[[socket.socket], None]:
    """Reads requests one after the other and lets ``talk`` answer them."""

    def serve(connection: socket.socket) -> None:
        data, number = b"", 0
        while True:
            while b"\r\n\r\n" not in data:
                more = connection.recv(65536)
                if not more:
                    return
                data += more
            head, _, rest = data.partition(b"\r\n\r\n")
            found = re.search(rb"content-length: (\d+)", head.lower())
            size = int(found.group(1)) if found else 0
            while len(rest) < size:
                more = connection.recv(65536)
                if not more:
                    return
                rest += more
            data = rest[size:]
            if not talk(connection, rest[:size], number):
                return
            number += 1

    return serve


def hang(connection: socket.socket, *_: object) -> bool:
    """Say nothing until the other side goes."""
    with contextlib.suppress(OSError):
        while connection.recv(65536):
            pass
    time.sleep(0)
    return False
