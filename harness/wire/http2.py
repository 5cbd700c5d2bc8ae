"""One request at a time over an HTTP/2 connection (RFC 9113), under the same absolute deadline as everything else.

The gRPC library of Google is not used for sending: it gives the statuses it makes up itself (no connection, deadline,
message too large) the same form as those that the server sent, and hides trailers, sizes and the HTTP status. What is
a finding about the server and what is not must be told apart for certain. The state machine is that of ``h2``.
"""

from __future__ import annotations

import re
import select
import ssl
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
from harness.record.quoting import clip
from harness.wire.connection import KEEPALIVE_SECONDS, ConnectionSettings, open_stream
from harness.wire.sockets import Backend, Call, Stream, WireError

READ_BYTES = 1 << 16
FRAME_HEADER = 9
GOAWAY = 7
# What a server may send us before we acknowledge: large tensors must not wait for a round trip per 64 KiB.
WINDOW_BYTES = 1 << 20
# Time for what an idle connection still has to say before it is used again (settings, pings, a farewell).
DRAIN_SECONDS = 0.05

_NAME = re.compile(r":?[a-z0-9!#$%&'*+.^_`|~-]+")
# What a connection of HTTP/1.1 is told; in HTTP/2 such headers make a message malformed (RFC 9113, section 8.2.2).
OF_HTTP_1 = frozenset({"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"})

RawHeaders = Sequence[tuple[str, str]]


@dataclass(slots=True)
class Answer:
    """What has arrived on a stream so far; it stays if the rest does not come.

    Attributes:
        touched: the server has begun to answer this very request; window for its body and a refusal do not count.
    """

    status: int | None = None
    headers: Headers = ()
    trailers: Headers = ()
    data: bytearray = field(default_factory=bytearray)
    headers_ns: int | None = None
    ended: bool = False
    touched: bool = False


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """How a client gives up requests that it has begun side by side on one connection.

    Attributes:
        waits: for each request, the seconds after which it is given up; 0: before anything is waited for.
        part: of the body, how much is sent; the stream is ended with the whole of it only.
        ends: whether it is ended at all; one that is not may send more until it is given up.
        answered: whether a request is given up as soon as its answer begins.
        lingers: seconds that it is left alone even then.
        closes: the connection is closed, in place of a reset for each stream (RFC 9113, section 8.1: CANCEL).
    """

    waits: tuple[float, ...]
    part: float = 1.0
    ends: bool = True
    answered: bool = False
    lingers: float = 0.0
    closes: bool = False


Inspect = Callable[[Answer], None]
"""Looks at an answer after each piece of data; raises WireError to stop reading."""


class Http2Connection:
    """A connection that carries one request after another."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._idle_since = time.monotonic()
        self.going = False  # it takes no further request
        self._partial = bytearray()
        # Servers send status messages with a space at the end, which HTTP/2 forbids and every gRPC client takes: what a
        # header says is read in `rpc.py`, and must not spoil the whole answer here.
        config = h2.config.H2Configuration(client_side=True, header_encoding=None, validate_inbound_headers=False)
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
            ValueError: these headers cannot be sent over HTTP/2; nothing was sent.
        """
        number = self._state.get_next_available_stream_id()
        encoded = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers]
        try:
            self._state.send_headers(number, encoded, end_stream=not body)
        except h2.exceptions.ProtocolError as error:
            raise ValueError(f"not an HTTP/2 request: {error}") from None
        try:
            self._send(number, body, call, answer, inspect)
            while not answer.ended:
                self._pump(number, call, answer)
                inspect(answer)
        except h2.exceptions.ProtocolError as error:
            raise WireError("protocol", _not_http2(call, error)) from None
        self._idle_since = time.monotonic()

    def withdraw(self, headers: RawHeaders, body: bytes, how: Withdrawal, call: Call) -> None:
        """Begin a request for each wait of ``how``, and give it up; what is answered before is let be.

        A body that the windows of the peer do not take at once is given up within.

        Raises:
            WireError: the peer closed the connection, or speaks another protocol.
        """
        encoded = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers]
        due: dict[int, float] = {}
        try:
            for wait in how.waits:
                number = self._state.get_next_available_stream_id()
                self._state.send_headers(number, encoded)
                self._begin(number, body[: int(how.part * len(body))], ends=how.ends and how.part >= 1.0)
                due[number] = wait
            begun = time.monotonic()
            while due:
                for number in [each for each, wait in due.items() if wait <= time.monotonic() - begun]:
                    del due[number]
                    self._give_up(number, how)
                self._stream.push(self._state.data_to_send(), timeout=call)
                if due:
                    self._listen(due, how, begun, call)
        except h2.exceptions.ProtocolError as error:
            raise WireError("protocol", _not_http2(call, error)) from None
        self.going |= how.closes
        self._idle_since = time.monotonic()

    def _begin(self, number: int, body: bytes, *, ends: bool) -> None:
        """Queue what the windows take of a body now."""
        view = memoryview(body)
        while view:
            room = min(self._state.local_flow_control_window(number), self._state.max_outbound_frame_size)
            if room <= 0:
                return
            self._state.send_data(number, bytes(view[:room]), end_stream=ends and room >= len(view))
            view = view[room:]

    def _give_up(self, number: int, how: Withdrawal) -> None:
        if not how.closes:
            self._state.reset_stream(number, h2.errors.ErrorCodes.CANCEL)

    def _listen(self, due: dict[int, float], how: Withdrawal, begun: float, call: Call) -> None:
        """Take in what comes until the next one is due."""
        seconds = begun + min(due.values()) - time.monotonic()
        if not self._stream.get_extra_info("is_readable"):
            poll = select.poll()
            poll.register(self._stream.get_extra_info("socket").fileno(), select.POLLIN)
            if not poll.poll(max(0.0, seconds) * 1000 + 1):
                return
        data = self._stream.read(READ_BYTES, timeout=call)
        if not data:
            raise WireError("closed", "the peer closed the connection on which requests were given up")
        for frame in self._frames(data):
            if _is_farewell(frame):
                raise WireError("closed", "the peer ended the connection on which requests were given up")
            for event in self._receive(frame):
                self._hear(event, due, how, time.monotonic() - begun)

    def _hear(self, event: h2.events.Event, due: dict[int, float], how: Withdrawal, seconds: float) -> None:
        """Whose answer has ended need not be given up any more; whose answer has begun may be due."""
        number = getattr(event, "stream_id", None)
        if number not in due:
            return
        if isinstance(event, h2.events.StreamEnded | h2.events.StreamReset):
            del due[number]
        elif how.answered and isinstance(event, h2.events.ResponseReceived | h2.events.DataReceived):
            due[number] = min(due[number], seconds + how.lingers)
        elif isinstance(event, h2.events.DataReceived):
            self._state.acknowledge_received_data(event.flow_controlled_length or 0, number)

    def _send(self, number: int, body: bytes, call: Call, answer: Answer, inspect: Inspect) -> None:
        """Send the body as the windows of the peer allow; an answer that ends early ends the sending, too."""
        view = memoryview(body)
        while view and not answer.ended:
            # A change of settings can make a window negative (RFC 9113, section 6.9.2).
            room = min(self._state.local_flow_control_window(number), self._state.max_outbound_frame_size)
            if room > 0:
                self._state.send_data(number, bytes(view[:room]), end_stream=room >= len(view))
                view = view[room:]
                self._stream.write(self._state.data_to_send(), timeout=call)
            if view and (room <= 0 or self._has_news()):
                self._pump(number, call, answer)
                inspect(answer)
        if view:
            self.going = True  # the request was never ended: this stream stays half open

    def _has_news(self) -> bool:
        """Whether a read would give something at once; over TLS it might wait, for what came need not be data."""
        encrypted = isinstance(self._stream.get_extra_info("socket"), ssl.SSLSocket)
        return not encrypted and bool(self._stream.get_extra_info("is_readable"))

    def _pump(self, number: int, call: Call, answer: Answer) -> None:
        """Send what is due, read once, and take in what came."""
        self._stream.write(self._state.data_to_send(), timeout=call)
        data = self._stream.read(READ_BYTES, timeout=call)
        if not data:
            where = "before a response" if answer.status is None else "in the middle of the response"
            raise WireError("closed", f"the peer closed the connection {where}")
        for frame in self._frames(data):
            if _is_farewell(frame):
                self._farewell(number, frame, answer)
                continue
            try:
                events = self._receive(frame)
            except h2.exceptions.ProtocolError:
                if answer.ended:
                    # The answer is whole. What is wrong after its end (Triton repeats some answers on the closed
                    # stream) spoils the connection, not the answer.
                    self.going = True
                    return
                if 0 < _stream_of(frame) < number:
                    raise WireError("closed", "what came late for an earlier call broke the connection") from None
                raise
            for event in events:
                self._take(number, event, call, answer)

    def _receive(self, frame: bytes) -> list[h2.events.Event]:
        # By itself ``h2`` would wait for all of an overlong frame, such as the text of another protocol.
        if int.from_bytes(frame[:3]) > self._state.max_inbound_frame_size:
            raise h2.exceptions.FrameTooLargeError("a frame is longer than was allowed")
        stream = _stream_of(frame)
        if stream % 2 == 0 < stream:
            raise h2.exceptions.ProtocolError(f"a frame for stream {stream}, which only the server could have opened")
        return self._state.receive_data(frame)

    def _farewell(self, number: int, frame: bytes, answer: Answer) -> None:
        """GOAWAY is not for ``h2``, which takes nothing more after it: a call under way is still to be answered."""
        self.going = True
        last = int.from_bytes(frame[FRAME_HEADER : FRAME_HEADER + 4]) & 0x7FFFFFFF
        code = int.from_bytes(frame[FRAME_HEADER + 4 : FRAME_HEADER + 8])
        if not answer.ended and (last < number or code):
            answer.touched |= last >= number
            raise WireError("closed", f"the peer ended the connection ({_error_name(code)})")

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
        refused = isinstance(event, h2.events.StreamReset) and event.error_code == h2.errors.ErrorCodes.REFUSED_STREAM
        said = not refused and not isinstance(event, h2.events.WindowUpdated)
        answer.touched |= said and getattr(event, "stream_id", None) == number
        match event:
            case h2.events.ResponseReceived(stream_id=own) if own == number:
                received = _checked(_decoded(event.headers))
                answer.headers_ns, call.in_headers = time.monotonic_ns(), False
                answer.status = _status_code(dict(received).get(":status", ""))
                answer.headers = tuple(header for header in received if not header[0].startswith(":"))
            case h2.events.DataReceived(stream_id=own) if own == number:
                answer.data += event.data or b""
                self._state.acknowledge_received_data(event.flow_controlled_length or 0, number)
            case h2.events.TrailersReceived(stream_id=own) if own == number:
                answer.trailers = tuple(_checked(_decoded(event.headers)))
            case h2.events.StreamEnded(stream_id=own) if own == number:
                answer.ended = True
            case h2.events.StreamReset(stream_id=own) if own == number:
                # RFC 9113, section 8.1: a whole answer may be followed by a reset that says "send no more".
                if not answer.ended:
                    raise WireError("reset", f"the peer reset the stream ({_error_name(event.error_code or 0)})")

    def usable(self) -> bool:
        """Whether another request may be sent; takes in what the server said meanwhile."""
        if self.going or time.monotonic() - self._idle_since > KEEPALIVE_SECONDS:
            return False
        call = Call(DRAIN_SECONDS)  # one deadline for all reads: a flood of pings ends here, too
        call.in_headers = call.counts = False
        try:
            while self._stream.get_extra_info("is_readable"):
                data = self._stream.read(READ_BYTES, timeout=call)
                if not data:
                    return False
                for frame in self._frames(data):
                    if _is_farewell(frame):
                        return False
                    self._receive(frame)
        except (WireError, h2.exceptions.ProtocolError):
            return False
        return not self._partial and self._state.remote_settings.max_concurrent_streams > 0

    def close(self) -> None:
        """Close the connection, whatever it is doing."""
        self._stream.close()


class Http2Pool:
    """Connections to one address; one request at a time on each. Safe to use from several threads."""

    def __init__(self, host: str, port: int, settings: ConnectionSettings) -> None:
        self._host, self._port, self._settings = host, port, settings
        self._backend = Backend()
        self._idle: list[Http2Connection] = []
        self._lock = threading.Lock()

    def send(
        self, headers: RawHeaders, body: bytes, call: Call, answer: Answer, inspect: Inspect, *, fresh: bool = False
    ) -> None:
        """Send one request on an idle connection, or on a new one (``fresh``: closed afterwards).

        Raises:
            WireError, ValueError: see :meth:`Http2Connection.request`, and what connecting can raise.
        """
        connection = (None if fresh else self._take_idle()) or self._connected(call)
        try:
            connection.request(headers, body, call, answer, inspect)
        except BaseException:
            connection.close()
            raise
        self._put_back(connection, fresh=fresh)

    def withdraw(self, headers: RawHeaders, body: bytes, how: Withdrawal, call: Call) -> None:
        """Begin requests on an idle connection, or a new one, and give them up; the next request goes over it.

        Raises:
            WireError: see :meth:`Http2Connection.withdraw`, and what connecting can raise.
        """
        connection = self._take_idle() or self._connected(call)
        try:
            connection.withdraw(headers, body, how, call)
        except BaseException:
            connection.close()
            raise
        self._put_back(connection)

    def _put_back(self, connection: Http2Connection, *, fresh: bool = False) -> None:
        if fresh or connection.going:
            connection.close()
            return
        with self._lock:
            self._idle.append(connection)

    def _connected(self, call: Call) -> Http2Connection:
        return Http2Connection(open_stream(self._host, self._port, self._settings, self._backend, call, tunnel=True))

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


def _checked(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers, if they are such of HTTP/2 (RFC 9113, section 8.2); spaces around a value are let pass."""
    pseudo = [name for name, _ in headers if name.startswith(":")]
    for name, value in headers:
        if not _NAME.fullmatch(name) or name in OF_HTTP_1 or re.search(r"[\0\r\n]", value):
            raise WireError("protocol", f"not HTTP/2: a header named {clip(name, 80)!r}, or its value, is not allowed")
    if len(pseudo) > 1:
        raise WireError("protocol", f"not HTTP/2: pseudo-headers {', '.join(pseudo[:4])}")
    return headers


def _is_farewell(frame: bytes) -> bool:
    return frame[3] == GOAWAY and FRAME_HEADER + 8 <= len(frame) == FRAME_HEADER + int.from_bytes(frame[:3])


def _stream_of(frame: bytes) -> int:
    return int.from_bytes(frame[5:FRAME_HEADER]) & 0x7FFFFFFF


def _status_code(text: str) -> int:
    if len(text) != 3 or not text.isdecimal():
        raise WireError("protocol", f":status is {clip(text, 40)!r}, no HTTP status")
    return int(text)


def _error_name(code: int) -> str:
    try:
        return h2.errors.ErrorCodes(code).name
    except ValueError:
        return f"error code {code}"


def _not_http2(call: Call, error: Exception) -> str:
    shown = clip(call.first.decode("latin-1"), 24).encode("unicode_escape").decode()
    return f"not HTTP/2: {clip(str(error), 200) or type(error).__name__}; the connection began with {shown}"
