"""gRPC in the loop: HTTP/2 frames by hand, many requests on a connection.

Header blocks of requests are encoded once, without the dynamic table; only the stream's number changes. Blocks of
answers repeat byte for byte while the decoder's dynamic table is empty (we announce size 0), so each is decoded once.
A connection takes requests when the endpoint's SETTINGS have come: its limits bind the first request too. Nothing is
sent twice but what an orderly GOAWAY says was not taken up: that goes to another connection, once.
Source: RFC 9113, RFC 7541, the gRPC protocol over HTTP/2.
"""

from __future__ import annotations

import struct

from hpack import HPACKError

from harness.load.engine.http2_frames import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PREFACE,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW,
    WINDOW_UPDATE,
    frame,
    prepare,
    without_padding,
)
from harness.load.engine.http2_streams import Http2Sender, Http2Violation, RequestStream
from harness.load.records.rows import ABSENT, Flag, Status

__all__ = ["Http2", "prepare"]

_LAST_STREAM = (1 << 31) - 1
_OWN_FRAME = 1 << 14
_NUMBER = struct.Struct(">I").pack
_TWO = struct.Struct(">II")
_LEAST_CODE, _OK = 100, 200


class Http2(Http2Sender):
    """A connection; its streams are the requests under way."""

    __slots__ = ()

    def opened(self, now: int) -> None:
        """Say hello; requests wait for the other side's SETTINGS."""
        if self._tls is not None and self.protocol != "h2":
            self.engine.tester_errors.note("TLS: the endpoint did not choose h2")
            self.end(Status.PROTOCOL, now)
            return
        self.send(PREFACE)

    def received(self, data: bytes, now: int) -> None:
        """Take frames apart. Frames of one read have one time."""
        buffer = self._buffer + data if self._buffer else data
        place, end = 0, len(buffer)
        try:
            while end - place >= 9 and self.alive:
                length = (buffer[place] << 16) | (buffer[place + 1] << 8) | buffer[place + 2]
                after = place + 9 + length
                if after > end:
                    self._expected(length)
                    break
                kind, flags = buffer[place + 3], buffer[place + 4]
                number = int.from_bytes(buffer[place + 5 : place + 9], "big") & _LAST_STREAM
                if self._partial is not None:
                    self._uninterrupted(kind, number)
                self._frame(kind, flags, number, buffer[place + 9 : after], now)
                place = after
        except (Http2Violation, HPACKError, struct.error, IndexError) as error:
            self.engine.tester_errors.note(f"HTTP/2: {type(error).__name__}: {error}")
            self.end(Status.PROTOCOL, now)
            return
        self._buffer = buffer[place:] if place < end else b""
        if not self.alive:
            return
        if self._unread > WINDOW // 2:
            self._say(frame(WINDOW_UPDATE, 0, 0, _NUMBER(self._unread)))
            self._unread = 0
        self.flush()
        if self._going and not self._streams:
            self.close()
            self.engine.pool.pump()
        elif self.room() and not self.listed:
            self.engine.pool.freed(self)
            self.flush()

    def over(self, status: Status, now: int) -> None:
        """The connection ended, and all streams with it."""
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            index, intended, taken, case, flags = waiting
            times = (index, intended, taken, ABSENT, ABSENT, now)
            self.engine.completion.failed(times, 0, self.number, 0, case, status, flags)
        for number in list(self._streams):
            begun = self._streams[number].first != ABSENT
            self._lose(number, Status.TRUNCATED if begun and status is Status.CLOSED else status, now)

    @staticmethod
    def _expected(length: int) -> None:
        if length > _OWN_FRAME:
            raise Http2Violation("a frame above the announced size, or no HTTP/2")

    def _uninterrupted(self, kind: int, number: int) -> None:
        if self._partial is not None and (kind != CONTINUATION or number != self._partial[0]):
            raise Http2Violation("a header block was interrupted")

    def _frame(self, kind: int, flags: int, number: int, payload: bytes, now: int) -> None:
        if kind == DATA:
            self._data(flags, number, payload, now)
        elif kind == HEADERS:
            self._headers(flags, number, payload, now)
        elif kind == WINDOW_UPDATE:
            self._update(number, payload)
        else:
            self._seldom(kind, flags, number, payload, now)

    def _seldom(self, kind: int, flags: int, number: int, payload: bytes, now: int) -> None:
        """Frames of a kind that is not defined are passed over."""
        if kind == CONTINUATION:
            self._continued(flags, payload, now)
        elif kind == SETTINGS:
            self._settings(flags, payload, now)
        elif kind == PING and not flags & ACK:
            self._say(frame(PING, ACK, 0, payload))
        elif kind == RST_STREAM and number in self._streams:
            self._lose(number, Status.RESET, now)
            self._ended_early()
        elif kind == GOAWAY:
            self._goaway(payload, now)
        elif kind == PUSH_PROMISE:
            raise Http2Violation("a push, which was forbidden")

    def _data(self, flags: int, number: int, payload: bytes, now: int) -> None:
        self._unread += len(payload)
        stream = self._streams.get(number)
        if stream is None:
            self._known(number)
            return
        stream.unread += len(payload)
        if flags & PADDED:
            payload = without_padding(payload)
        if payload:
            stream.parts.append(payload)
            stream.size += len(payload)
        if stream.first == ABSENT:
            stream.first = now
        if stream.size > self.engine.plan.body_bytes:
            raise Http2Violation("endless message")
        if flags & END_STREAM:
            # gRPC ends with trailers; without grpc-status nobody knows how it went.
            self._lose(number, Status.PROTOCOL, now)
            self._ended_early()
        elif stream.unread > WINDOW // 2:
            self._say(frame(WINDOW_UPDATE, 0, number, _NUMBER(stream.unread)))
            stream.unread = 0

    def _headers(self, flags: int, number: int, payload: bytes, now: int) -> None:
        if flags & PADDED:
            payload = without_padding(payload)
        if flags & PRIORITY:
            payload = payload[5:]
        if not flags & END_HEADERS:
            self._partial = (number, flags, payload)
            return
        self._block(number, flags, payload, now)

    def _continued(self, flags: int, payload: bytes, now: int) -> None:
        if self._partial is None:
            raise Http2Violation("a continuation of nothing")
        number, first, block = self._partial
        block += payload
        if len(block) > _OWN_FRAME * 4:
            raise Http2Violation("endless header block")
        self._partial = (number, first, block)
        if flags & END_HEADERS:
            self._partial = None
            self._block(number, first, block, now)

    def _block(self, number: int, flags: int, block: bytes, now: int) -> None:
        """Headers or trailers. Also those of a stream given up must be decoded: they move the decoder's state."""
        code, status, more = self._blocks.read(block)
        stream = self._streams.get(number)
        if stream is None:
            self._known(number)
            return
        stream.flags |= more
        if stream.first == ABSENT:
            stream.first = now
        if code >= 0:
            if stream.code:
                raise Http2Violation("headers after headers")
            if code < _LEAST_CODE:
                raise Http2Violation("a status that is none")
            if code < _OK:  # interim; END_STREAM is not allowed on it
                return
            stream.code = code
        elif not stream.code or not flags & END_STREAM:
            raise Http2Violation("trailers out of place")
        if flags & END_STREAM:
            self._finish(number, stream, status, now)

    def _finish(self, number: int, stream: RequestStream, status: int, now: int) -> None:
        """The stream is complete."""
        del self._streams[number]
        unfinished = stream.rest is not None
        if unfinished:
            self._say(frame(RST_STREAM, 0, number, _NUMBER(0)))
        engine = self.engine
        body = stream.parts[0] if len(stream.parts) == 1 else b"".join(stream.parts)
        if stream.code != _OK:
            self._fail(stream, stream.code, Status.HTTP_ERROR, now)
        elif status > 0:
            self._fail(stream, status, Status.GRPC_ERROR, now)
        elif status < 0 or len(body) < 5 or body[0] or int.from_bytes(body[1:5], "big") < len(body) - 5:
            self._fail(stream, 0, Status.PROTOCOL, now)
        elif int.from_bytes(body[1:5], "big") > len(body) - 5:
            self._fail(stream, 0, Status.TRUNCATED, now)
        else:
            engine.completion.replied(
                stream.index, stream.intended, stream.taken, stream.sent, stream.first, now,
                body[5:], self.number, stream.case, stream.flags, stream.mark,
            )  # fmt: skip
        self._ended_early()

    def _goaway(self, payload: bytes, now: int) -> None:
        """No new streams here; those it has not taken up are over, or go elsewhere, and the others go on."""
        last, code = _TWO.unpack_from(payload)
        last &= _LAST_STREAM
        self._going = True
        pool = self.engine.pool
        pool.leave(self)
        if code:
            self.engine.tester_errors.note(f"HTTP/2: GOAWAY with error {code}")
        for number in [each for each in self._streams if each > last]:
            stream = self._streams[number]
            if code or stream.flags & Flag.MOVED:
                stream.flags |= Flag.CLOSES
                self._lose(number, Status.CLOSED, now)
            else:
                del self._streams[number]
                pool.wait((stream.index, stream.intended, stream.taken, stream.case, stream.flags | Flag.MOVED))
        pool.pump()
