"""Sending and reading on one connection at the same time.

A client that sends everything before it reads, or stops sending once there is something to read, waits for answers to
what it never sent. So bytes go out whenever the peer takes them, for as long as answers are waited for.
"""

from __future__ import annotations

import contextlib
import itertools
import select
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass

from harness.record.disk import of_this_machine
from harness.wire.sockets import Call, Stream, broken

PAUSE_LIMIT = 5.0
# At most this much at once, so that what the server has to say is noticed in between.
SLICE = 1 << 14
# A peer that has answered all it was sent, and takes nothing more for so long, will not take the rest.
STALL_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes to send, and seconds to wait after them."""

    data: bytes
    pause: float = 0.0


class Stalled(Exception):
    """The peer takes no more bytes, and has answered every piece that it took whole."""


class Duplex:
    """Pieces to send and the connection for them; reading from it sends what has still to go out.

    Attributes:
        answered: how many pieces were answered so far, where an answer is due to each; None where that is not so.
    """

    def __init__(self, stream: Stream, pieces: Sequence[Piece], call: Call, *, half_close: bool = False) -> None:
        self.answered: int | None = None
        self._stream, self._call, self._half_close = stream, call, half_close
        self._socket: socket.socket = stream.get_extra_info("socket")
        self._left = list(pieces)
        self._ends = list(itertools.accumulate(len(piece.data) for piece in pieces))
        self._before = call.sent
        self._rest, self._pause = memoryview(b""), 0.0
        self._due = self._taken = time.monotonic()

    @property
    def whole(self) -> int:
        """How many pieces have gone out whole."""
        gone = self._call.sent - self._before
        return sum(end <= gone for end in self._ends)

    @property
    def done(self) -> bool:
        """Whether everything has gone out."""
        return not self._rest and not self._left

    @property
    def settled(self) -> bool:
        """Whether each piece that has gone out whole was answered, one at least, and others have still to go out."""
        return bool(self.answered) and not self.done and (self.answered or 0) >= self.whole

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there, and send while nothing is; as :meth:`Stream.read`.

        Raises:
            WireError: the deadline passed, or the connection broke.
            Stalled: see there.
        """
        del timeout  # the call's
        self.send()
        return self._stream.read(max_bytes, timeout=self._call)

    def send(self) -> None:
        """Send until everything has gone out, or there is something to read.

        Raises:
            WireError: the deadline passed.
            Stalled: see there.
        """
        self._stream.push(b"", self._call)
        while not self._stream.get_extra_info("is_readable"):
            if self._rest:
                self._push()
            elif (left := self._due - time.monotonic()) > 0:
                self._wait(select.POLLIN, left)
            elif self._left:
                self._begin_next()
            else:
                self._end()
                return

    def _begin_next(self) -> None:
        """The next piece, in one go with those that follow it without a pause."""
        data, self._pause = b"", 0.0
        while self._left and not self._pause:
            piece = self._left.pop(0)
            data, self._pause = data + piece.data, min(piece.pause, PAUSE_LIMIT)
        self._rest = memoryview(data)
        self._taken = time.monotonic()
        self._due = self._taken + self._pause

    def _push(self) -> None:
        try:
            self._socket.settimeout(0)
            sent = self._socket.send(self._rest[:SLICE])
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            self._wait_to_send()
        except OSError as error:
            if of_this_machine(error):
                raise broken(error) from None
            # A server may refuse before it has read it all, and close; the read that follows says what became of it.
            self._rest, self._left, self._half_close = memoryview(b""), [], False
            self._due = time.monotonic()
        else:
            self._call.sent += sent
            self._rest = self._rest[sent:]
            self._taken = time.monotonic()
            self._due = self._taken + self._pause

    def _wait_to_send(self) -> None:
        patience = self._call.remaining()
        if self.settled:
            patience = min(patience, self._taken + STALL_SECONDS - time.monotonic())
            if patience <= 0:
                raise Stalled
        self._wait(select.POLLIN | select.POLLOUT, patience)

    def _wait(self, events: int, seconds: float) -> None:
        poll = select.poll()
        poll.register(self._socket.fileno(), events)
        poll.poll(min(seconds, self._call.remaining()) * 1000 + 1)

    def _end(self) -> None:
        if self._half_close and not isinstance(self._socket, ssl.SSLSocket):
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)
        self._half_close = False
