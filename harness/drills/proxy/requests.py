"""Where requests of HTTP/1.1 begin and end in what a client sends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MOST_HEAD = 65_536
_END = b"\r\n\r\n"
_LINE = b"\r\n"


@dataclass(frozen=True, slots=True)
class RequestPiece:
    """Bytes of one request, or of what is none; ``begins`` and ``ends``: the request does with them."""

    data: bytes
    begins: bool = False
    ends: bool = False


class Requests:
    """Follows the requests of one connection; of what is no HTTP/1.1, nothing begins or ends.

    A head is held back until it is whole, and no more than :data:`MOST_HEAD` bytes of it.
    """

    def __init__(self) -> None:
        self._held = b""
        self._left = 0
        self._chunked = False
        self._inside = False
        self._foreign = False

    def feed(self, data: bytes) -> Iterator[RequestPiece]:
        """The pieces of some more bytes."""
        self._held += data
        while self._held and not self._foreign:
            piece = self._next()
            if piece is None:
                break
            yield piece
        if self._foreign and self._held:
            rest, self._held = self._held, b""
            yield RequestPiece(rest)

    def _next(self) -> RequestPiece | None:
        if not self._inside:
            return self._head()
        if self._left:
            data = self._take(min(self._left, len(self._held)))
            self._left -= len(data)
            return self._piece(data, ends=not self._left and not self._chunked)
        return self._chunk()

    def _head(self) -> RequestPiece | None:
        end = self._held.find(_END)
        if end < 0:
            # The preface of HTTP/2 ends like a head; whatever else has no head is passed on as it is.
            self._foreign = len(self._held) > MOST_HEAD
            return None
        head = self._take(end + len(_END))
        lines = head.lower().split(_LINE)
        if not lines[0].endswith((b" http/1.1", b" http/1.0")):
            self._foreign = True
            return RequestPiece(head)
        fields = dict(line.partition(b":")[::2] for line in lines[1:])
        self._chunked = b"chunked" in fields.get(b"transfer-encoding", b"")
        length = fields.get(b"content-length", b"0").strip()
        self._left = int(length) if length.isdigit() and not self._chunked else 0
        self._inside = True
        return self._piece(head, begins=True, ends=not self._left and not self._chunked)

    def _chunk(self) -> RequestPiece | None:
        """The line before a chunk, or one of the trailer."""
        end = self._held.find(_LINE)
        if end < 0:
            self._foreign = len(self._held) > MOST_HEAD
            return None
        line = self._take(end + len(_LINE))
        size = line.partition(b";")[0].strip()
        try:
            number = int(size, 16)
        except ValueError:
            # A line of the trailer; an empty one ends it.
            return self._piece(line, ends=line == _LINE)
        self._left = number + len(_LINE) if number else 0
        return self._piece(line)

    def _piece(self, data: bytes, *, begins: bool = False, ends: bool = False) -> RequestPiece:
        self._inside = not ends
        return RequestPiece(data, begins, ends)

    def _take(self, count: int) -> bytes:
        data, self._held = self._held[:count], self._held[count:]
        return data
