"""The sending half of a gRPC connection: streams, windows, and what waits for them. Source: RFC 9113, section 5.2."""

from __future__ import annotations

import struct
from collections import deque
from typing import TYPE_CHECKING

from harness.load.engine.connection import LoadConnection, clock
from harness.load.engine.http2_frames import (
    ACK,
    DATA,
    END_STREAM,
    RST_STREAM,
    SETTINGS,
    Blocks,
    frame,
    read_settings,
)
from harness.load.records.rows import ABSENT, Status

if TYPE_CHECKING:
    from harness.load.engine.contracts import EngineContext

_MOST_WINDOW = (1 << 31) - 1
_CANCEL = 8
_LEAST = 4096
_NUMBER = struct.Struct(">I").pack


class Http2Violation(Exception):
    """The endpoint broke HTTP/2; the connection is done for."""


class RequestStream:
    """A request under way."""

    __slots__ = (
        "case",
        "code",
        "first",
        "flags",
        "index",
        "intended",
        "mark",
        "parts",
        "rest",
        "sent",
        "size",
        "taken",
        "unread",
        "window",
    )

    def __init__(self, index: int, intended: int, taken: int, case: int, flags: int, mark: bytes) -> None:
        self.index, self.intended, self.taken, self.case, self.flags, self.mark = (
            index, intended, taken, case, flags, mark,
        )  # fmt: skip
        self.sent = self.first = ABSENT
        self.code = self.size = self.unread = self.window = 0
        self.parts: list[bytes] = []
        self.rest: memoryview | None = None


class Http2Sender(LoadConnection):
    """Streams are the requests under way; reading frames is the subclass's."""

    __slots__ = (
        "_blocked",
        "_blocks",
        "_buffer",
        "_frame_size",
        "_fresh",
        "_going",
        "_initial",
        "_limit",
        "_next",
        "_partial",
        "_queue",
        "_streams",
        "_unread",
        "_waiting",
        "_window",
    )

    def __init__(self, engine: EngineContext, number: int) -> None:
        self._streams: dict[int, RequestStream] = {}
        self._blocks = Blocks()
        self._blocked: deque[int] = deque()
        self._buffer = b""
        self._fresh: list[RequestStream] = []
        self._queue: list[bytes] = []
        self._partial: tuple[int, int, bytes] | None = None
        self._waiting: tuple[int, int, int, int, int] | None = None
        self._next, self._unread, self._going = 1, 0, False
        self._window = self._initial = 65535
        self._frame_size = 1 << 14
        self._limit = 1 if engine.new_each else engine.plan.connections.streams
        super().__init__(engine, number)

    def room(self) -> bool:
        """Whether a further stream may be opened."""
        return self.ready and not self._going and len(self._streams) < self._limit

    def hold(self, index: int, intended: int, taken: int, case: int, flags: int) -> None:
        """Keep a request until the endpoint's SETTINGS have come."""
        self._waiting = (index, intended, taken, case, flags)

    def fire(self, index: int, intended: int, taken: int, case: int, flags: int, now: int) -> None:
        """Send a request with what else goes out in this turn."""
        engine = self.engine
        prepared = engine.prepared[case]
        mark = engine.prefix + b"%08x" % index if prepared.has_id else b""
        number, self._next = self._next, self._next + 2
        stream = self._streams[number] = RequestStream(index, intended, taken, case, flags, mark)
        key = _NUMBER(number)
        if not self._queue:
            engine.dirty.append(self)
        size = prepared.size
        if size <= self._frame_size and size <= self._window and size <= self._initial and not self._blocked:
            self._window -= size
            stream.window = self._initial - size
            self._queue.append(b"%b%b%b%b%b%b%b" % (
                prepared.head, key, prepared.block, key, prepared.before, mark, prepared.after,
            ))  # fmt: skip
        else:
            stream.window = self._initial
            stream.rest = memoryview(prepared.message(mark))
            self._queue.append(prepared.head + key + prepared.block[: prepared.headers])
            self._blocked.append(number)
            self._pour()
        self._fresh.append(stream)
        engine.inflight.append((now, self, number))

    def flush(self) -> None:
        """Hand what is queued to the kernel; the streams that begin with it count as sent now."""
        if not self._queue or not self.alive:
            return
        queue, self._queue = self._queue, []
        fresh, self._fresh = self._fresh, []
        now = clock()
        for stream in fresh:
            stream.sent = now
        self.send(queue[0] if len(queue) == 1 else b"".join(queue))

    def expired(self, key: int, now: int) -> None:
        """Give up one request; the others go on."""
        if key in self._streams and self.alive:
            self._lose(key, Status.TIMEOUT, now)
            self._say(frame(RST_STREAM, 0, key, _NUMBER(_CANCEL)))
            self._after_loss()

    def _after_loss(self) -> None:
        if self.engine.new_each or (self._going and not self._streams):
            self.close()
            self.engine.pool.pump()
        elif self.room() and not self.listed:
            self.engine.pool.freed(self)

    def _say(self, data: bytes) -> None:
        if not self._queue:
            self.engine.dirty.append(self)
        self._queue.append(data)

    def _ended_early(self) -> None:
        """After a stream's end: a connection for one request has done its work."""
        if self.engine.new_each:
            self._going = True

    def _fail(self, stream: RequestStream, code: int, status: Status, now: int) -> None:
        times = (stream.index, stream.intended, stream.taken, stream.sent, stream.first, now)
        self.engine.completion.failed(times, stream.size, self.number, code, stream.case, status, stream.flags)

    def _lose(self, number: int, status: Status, now: int) -> None:
        """A stream ended without an answer."""
        stream = self._streams.pop(number)
        stream.rest = None
        self._fail(stream, 0, status, now)

    def _known(self, number: int) -> None:
        """Frames of a stream given up are passed over; those of one never opened break the protocol."""
        if number == 0 or number % 2 == 0 or number >= self._next:
            raise Http2Violation(f"a frame of stream {number}, which was never opened")

    def _update(self, number: int, payload: bytes) -> None:
        amount = int.from_bytes(payload, "big") & _MOST_WINDOW
        if len(payload) != 4 or (not amount and not number):
            raise Http2Violation("a window update of nothing")
        if number == 0:
            self._window += amount
            if self._window > _MOST_WINDOW:
                raise Http2Violation("a window above its bound")
        elif (stream := self._streams.get(number)) is not None:
            stream.window += amount
        else:
            self._known(number)
        if self._blocked:
            self._pour()

    def pour(self) -> None:
        """Send what was held back for want of a window worth sending into."""
        if self.alive:
            self._pour(small=True)
            self.flush()

    def _pour(self, *, small: bool = False) -> None:
        """Send what the windows allow of the messages that wait, first come first served.

        Small rests of windows are left until they grow (RFC 9293, 3.8.6.2.1): a frame for each would be answered with
        an update as small, and soon every frame holds a few bytes. Whatever is held is sent at the next reaping.
        """
        waiting, self._blocked = self._blocked, deque()
        # A stream's whole window may be small; a connection's begins at 65,535.
        least = 1 if small else min(_LEAST, self._initial // 2)
        while waiting:
            number = waiting.popleft()
            stream = self._streams.get(number)
            if stream is None or stream.rest is None:
                continue
            rest = stream.rest
            while rest and (size := min(len(rest), self._frame_size, self._window, stream.window)) > 0:
                if size < min(least, len(rest)):
                    self.engine.holding.add(self)
                    break
                last = END_STREAM if size == len(rest) else 0
                self._say(frame(DATA, last, number, bytes(rest[:size])))
                rest = rest[size:]
                self._window -= size
                stream.window -= size
            if rest:
                stream.rest = rest
                self._blocked.append(number)
            else:
                stream.rest = None

    def _settings(self, flags: int, payload: bytes, now: int) -> None:
        if flags & ACK:
            return
        found = read_settings(payload)
        if found.frame_size and not 1 << 14 <= found.frame_size < 1 << 24:
            raise Http2Violation(f"frames of {found.frame_size} bytes")
        streams = self.engine.plan.connections.streams
        self._limit = 1 if self.engine.new_each else min(streams, found.streams if found.streams >= 0 else streams)
        if found.frame_size:
            self._frame_size = found.frame_size
        if found.window >= 0:
            change, self._initial = found.window - self._initial, found.window
            for stream in self._streams.values():
                stream.window += change
        self._say(frame(SETTINGS, ACK, 0, b""))
        if not self.ready:
            self.ready = True
            if self._waiting is not None and self._limit:
                waiting, self._waiting = self._waiting, None
                self.fire(*waiting, now)
            elif self._waiting is not None:
                raise Http2Violation("no stream is allowed")
        self._pour()
