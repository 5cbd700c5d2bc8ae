"""One request at a time over an HTTP/2 connection (RFC 9113), under the same absolute deadline as everything else.

The gRPC library of Google is not used for sending: it gives the statuses it makes up itself (no connection, deadline,
message too large) the same form as those that the server sent, and hides trailers, sizes and the HTTP status. What is
a finding about the server and what is not must be told apart for certain. The state machine is that of ``h2``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from harness.record.exchange import Headers
from harness.wire.connection import KEEPALIVE_SECONDS, Route, open_stream
from harness.wire.sockets import Backend, Call, Stream, WireError

READ_BYTES = 1 << 16
FRAME_HEADER = 9
# What a server may send us before we acknowledge: large tensors must not wait for a round trip per 64 KiB.
WINDOW_BYTES = 1 << 20
# Time for what an idle connection still has to say before it is used again (settings, pings, a farewell).
DRAIN_SECONDS = 0.05

RawHeaders = Sequence[tuple[str, str]]


@dataclass(slots=True)
class Answer:
    """What has arrived on a stream so far; it stays if the rest does not come."""

    status: int | None = None
    headers: Headers = ()
    trailers: Headers = ()
    data: bytearray = field(default_factory=bytearray)
    headers_ns: int | None = None
    ended: bool = False


Inspect = Callable[[Answer], None]
"""Looks at an answer after each piece of data; raises WireError to stop reading."""


class Http2Connection:
    """A connection that carries one request after another."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._idle_since = time.monotonic()
        self._going = False
        self._partial = bytearray()
        config = h2.config.H2Configuration(client_side=True, header_encoding=None)
        self._state = h2.connection.H2Connection(config)
        self._state.local_settings = h2.settings.Settings(
            client=True,
            initial_values={
                h2.settings.SettingCodes.ENABLE_PUSH: 0,
                h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: WINDOW_BYTES,
                h2.settings.SettingCodes.MAX_HEADER_LIST_SIZE: 1 << 16,
            },
        )
        self._state.initiate_connection()
        self._state.increment_flow_control_window(WINDOW_BYTES)

    def request(self, headers: RawHeaders, body: bytes, call: Call, answer: Answer, inspect: Inspect) -> None:
        """Send one request and fill ``answer``.

        Raises:
            WireError: the answer is not whole, or ``inspect`` wants no more of it.
        """
        try:
            number = self._state.get_next_available_stream_id()
            encoded = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers]
            self._state.send_headers(number, encoded)
            self._send(number, body, call, answer)
            while not answer.ended:
                self._pump(number, call, answer)
                inspect(answer)
        except (h2.exceptions.ProtocolError, h2.exceptions.NoAvailableStreamIDError) as error:
            raise WireError("protocol", _not_http2(call, error)) from None
        self._idle_since = time.monotonic()

    def _send(self, number: int, body: bytes, call: Call, answer: Answer) -> None:
        """Send the body as the windows of the peer allow; an answer that ends early ends the sending, too."""
        view = memoryview(body)
        while view and not answer.ended:
            room = min(self._state.local_flow_control_window(number), self._state.max_outbound_frame_size)
            if not room:
                self._pump(number, call, answer)
                continue
            self._state.send_data(number, bytes(view[:room]))
            view = view[room:]
        if not answer.ended:
            self._state.end_stream(number)

    def _pump(self, number: int, call: Call, answer: Answer) -> None:
        """Send what is due, read once, and take in what came."""
        self._stream.write(self._state.data_to_send(), timeout=call)
        data = self._stream.read(READ_BYTES, timeout=call)
        if not data:
            where = "before a response" if answer.status is None else "in the middle of the response"
            raise WireError("closed", f"the peer closed the connection {where}")
        for frame in self._frames(data):
            try:
                events = self._state.receive_data(frame)
            except h2.exceptions.ProtocolError:
                if not answer.ended:
                    raise
                # The answer is whole. What is wrong after its end (Triton repeats some answers on the closed stream)
                # spoils the connection, not the answer.
                self._going = True
                return
            for event in events:
                self._take(number, event, call, answer)

    def _frames(self, data: bytes) -> Iterator[bytes]:
        """Whole frames (RFC 9113, section 4.1): given several at once, ``h2`` loses those before a bad one."""
        self._partial += data
        while len(self._partial) >= FRAME_HEADER:
            size = FRAME_HEADER + int.from_bytes(self._partial[:3])
            if len(self._partial) < size <= FRAME_HEADER + self._state.max_inbound_frame_size:
                return
            yield bytes(self._partial[:size])
            del self._partial[:size]

    def _take(self, number: int, event: h2.events.Event, call: Call, answer: Answer) -> None:
        match event:
            case h2.events.ResponseReceived(stream_id=own) if own == number:
                received = _decoded(event.headers)
                answer.headers_ns, call.in_headers = time.monotonic_ns(), False
                answer.status = int(dict(received).get(":status", "0"))
                answer.headers = tuple(header for header in received if not header[0].startswith(":"))
            case h2.events.DataReceived(stream_id=own) if own == number:
                answer.data += event.data or b""
                self._state.acknowledge_received_data(event.flow_controlled_length or 0, number)
            case h2.events.TrailersReceived(stream_id=own) if own == number:
                answer.trailers = tuple(_decoded(event.headers))
            case h2.events.StreamEnded(stream_id=own) if own == number:
                answer.ended = True
            case h2.events.StreamReset(stream_id=own) if own == number:
                # RFC 9113, section 8.1: a whole answer may be followed by a reset that says "send no more".
                if not answer.ended:
                    raise WireError("reset", f"the peer reset the stream ({_error_name(event.error_code)})")
            case h2.events.ConnectionTerminated():
                self._going = True
                if (event.last_stream_id or 0) < number or event.error_code:
                    code = _error_name(event.error_code)
                    raise WireError("closed", f"the peer ended the connection ({code})")

    def usable(self) -> bool:
        """Whether another request may be sent; takes in what the server said meanwhile."""
        if self._going or time.monotonic() - self._idle_since > KEEPALIVE_SECONDS:
            return False
        try:
            while self._stream.get_extra_info("is_readable"):
                call = Call(DRAIN_SECONDS)
                call.in_headers = call.counts = False
                data = self._stream.read(READ_BYTES, timeout=call)
                if not data:
                    return False
                for frame in self._frames(data):
                    events = self._state.receive_data(frame)
                    if any(isinstance(event, h2.events.ConnectionTerminated) for event in events):
                        return False
        except (WireError, h2.exceptions.ProtocolError):
            return False
        return True

    def close(self) -> None:
        """Close the connection, whatever it is doing."""
        self._stream.close()


class Http2Pool:
    """Connections to one address; one request at a time on each. Safe to use from several threads."""

    def __init__(self, host: str, port: int, route: Route) -> None:
        self._host, self._port, self._route = host, port, route
        self._backend = Backend()
        self._idle: list[Http2Connection] = []
        self._lock = threading.Lock()

    def send(
        self, headers: RawHeaders, body: bytes, call: Call, answer: Answer, inspect: Inspect, *, fresh: bool = False
    ) -> None:
        """Send one request on an idle connection, or on a new one (``fresh``: closed afterwards).

        Raises:
            WireError: see :meth:`Http2Connection.request`, and what connecting can raise.
        """
        connection = None if fresh else self._take_idle()
        if connection is None:
            connection = Http2Connection(
                open_stream(self._host, self._port, self._route, self._backend, call, tunnel=True)
            )
        try:
            connection.request(headers, body, call, answer, inspect)
        except BaseException:
            connection.close()
            raise
        if fresh:
            connection.close()
            return
        with self._lock:
            self._idle.append(connection)

    def _take_idle(self) -> Http2Connection | None:
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None or connection.usable():
                return connection
            connection.close()

    def close(self) -> None:
        """Close all idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()


def _decoded(headers: Sequence[tuple[bytes, bytes]] | None) -> list[tuple[str, str]]:
    return [(bytes(name).decode("latin-1"), bytes(value).decode("latin-1")) for name, value in headers or ()]


def _error_name(code: object) -> str:
    return code.name if isinstance(code, h2.errors.ErrorCodes) else f"error code {code}"


def _not_http2(call: Call, error: Exception) -> str:
    shown = call.first[:24].decode("latin-1").encode("unicode_escape").decode()
    return f"not HTTP/2: {str(error)[:200] or type(error).__name__}; the connection began with {shown}"
