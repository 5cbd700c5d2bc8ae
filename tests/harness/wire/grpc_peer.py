"""Frames of HTTP/2 made by hand (RFC 9113, section 4.1), and the server's end of a connection that speaks in them."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Sequence

from hpack import Decoder, Encoder

from .hostile import Peer

DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED = 0x1, 0x1, 0x4, 0x8
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
LIVE = b"\x08\x01"
BEGIN = [(":status", "200"), ("content-type", "application/grpc")]
DONE = [("grpc-status", "0")]
LARGE = 1 << 18

Pairs = Sequence[tuple[str | bytes, str | bytes]]


def frame(kind: int, flags: int, stream: int, payload: bytes = b"", size: int | None = None) -> bytes:
    """One frame; ``size`` says another length than it has."""
    length = len(payload) if size is None else size
    return length.to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def block(pairs: Pairs) -> bytes:
    """A header block without use of the dynamic table: it can be sent at any time."""
    encoder = Encoder()
    encoder.header_table_size = 0
    return bytes(encoder.encode(list(pairs), huffman=False))


def head(stream: int, pairs: Pairs = BEGIN, *, end: bool = False) -> bytes:
    """Headers, or trailers."""
    return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, block(pairs))


def data(stream: int, message: bytes = LIVE, *, end: bool = False, flag: int = 0, size: int | None = None) -> bytes:
    """One message of gRPC in one frame; ``size`` announces another length than it has."""
    framed = struct.pack(">BI", flag, len(message) if size is None else size) + message
    return frame(DATA, END_STREAM if end else 0, stream, framed)


def reply(stream: int, message: bytes = LIVE, done: Pairs = DONE) -> bytes:
    """A whole, right answer."""
    return head(stream) + data(stream, message) + head(stream, done, end=True)


class GrpcPeer(Peer):
    """A connection as a behaviour sees it; it reads frames, and grants window for what it reads."""

    def __init__(self, connection: socket.socket, stopping: threading.Event) -> None:
        super().__init__(connection, stopping)
        self.buffer = b""
        self.decoder = Decoder()
        self.headers: list[tuple[str, str]] = []
        self.grants = True

    def _take(self, size: int) -> bytes:
        while len(self.buffer) < size:
            more = self.connection.recv(65536)
            if not more:
                raise ConnectionError
            self.buffer += more
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def settings(self, **values: int) -> None:
        """Read the preface, and say our settings: ``window``, ``streams``."""
        if self._take(len(PREFACE)) != PREFACE:
            raise ConnectionError
        numbers = {"window": 4, "streams": 3}
        payload = b"".join(struct.pack(">HI", numbers[name], value) for name, value in values.items())
        self.send(frame(SETTINGS, 0, 0, payload))

    def next_frame(self) -> tuple[int, int, int, bytes]:
        """Kind, flags, stream and payload of the next frame of the client."""
        top = self._take(9)
        kind, flags, stream = top[3], top[4], int.from_bytes(top[5:], "big")
        return kind, flags, stream, self._take(int.from_bytes(top[:3], "big"))

    def call(self) -> tuple[int, bytes]:
        """Read one whole request: number of the stream and its data."""
        body = b""
        while True:
            kind, flags, stream, payload = self.next_frame()
            if kind == HEADERS:
                self.headers = [(str(name), str(value)) for name, value in self.decoder.decode(payload)]
            if kind == DATA:
                body += payload
                if payload and self.grants:
                    grant = struct.pack(">I", len(payload))
                    self.send(frame(WINDOW, 0, 0, grant) + frame(WINDOW, 0, stream, grant))
            if kind in (HEADERS, DATA) and flags & END_STREAM:
                return stream, body

    def opened(self) -> int:
        """Settings, and read one request: the number of its stream."""
        self.settings()
        return self.call()[0]

    def hold(self) -> None:
        """Keep the connection open without a word."""
        self.stopping.wait()

    def swallow(self) -> None:
        """Read for ever."""
        while not self.stopping.is_set():
            if not self.connection.recv(65536):
                return
