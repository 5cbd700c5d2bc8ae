"""Responses read from a connection on which anything may have been sent."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import h11

from harness.record.exchange import Headers
from harness.record.quoting import clip
from harness.wire.duplex import Duplex
from harness.wire.sockets import MAX_HEADER_BYTES, Call, Stream, WireError

READ_BYTES = 1 << 16


@dataclass(slots=True)
class RawResponse:
    """What has come of a response; ``whole`` says that this is all."""

    status: int
    reason: str
    headers: Headers
    body: bytearray
    whole: bool = False


class ResponseReader:
    """Reads one response after another from a connection."""

    def __init__(self, call: Call, limit: int, method: str) -> None:
        self._call, self._limit, self._method = call, limit, method
        self._left = b""
        self.partial: RawResponse | None = None

    def response(self, stream: Stream | Duplex) -> RawResponse:
        """The next response.

        Raises:
            WireError: it did not come, or not whole.
        """
        state = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEADER_BYTES)
        # h11 reads an answer only to a request; what was really sent is no business of it.
        state.send(h11.Request(method=self._method, target="/", headers=[("Host", "x")]))
        state.send(h11.EndOfMessage())
        self.partial = None
        data = self._left
        while True:
            if data:
                state.receive_data(data)
            done = self._events(state)
            if done is not None:
                self._left = state.trailing_data[0]
                self.partial = None
                return done
            data = stream.read(READ_BYTES, timeout=self._call)
            if not data:
                return self._end(state)

    def _events(self, state: h11.Connection) -> RawResponse | None:
        try:
            while True:
                event = state.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    return None
                if isinstance(event, h11.Response):
                    headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in event.headers.raw_items())
                    self.partial = RawResponse(event.status_code, event.reason.decode("latin-1"), headers, bytearray())
                    self._call.in_headers = False
                elif isinstance(event, h11.Data) and self.partial is not None:
                    self.partial.body += event.data
                    if len(self.partial.body) > self._limit:
                        raise WireError("body-too-large", f"more than {self._limit} bytes of body")
                elif isinstance(event, h11.EndOfMessage) and self.partial is not None:
                    self.partial.whole = True
                    return self.partial
        except h11.RemoteProtocolError as error:
            raise WireError("protocol", f"not HTTP/1.1: {clip(str(error), 200)}") from None

    def _end(self, state: h11.Connection) -> RawResponse:
        """The peer closed: that ends a response without a length, and breaks off every other."""
        with contextlib.suppress(h11.RemoteProtocolError):
            state.receive_data(b"")
        where = "before a response" if self.partial is None else "in the middle of the body"
        with contextlib.suppress(WireError):
            done = self._events(state)
            if done is not None:
                self.partial = None
                return done
        raise WireError("closed", f"the peer closed the connection {where}")
