"""One request at a time over an HTTP/2 connection (RFC 9113), under the same absolute deadline as everything else.

The gRPC library of Google is not used for sending: it gives the statuses it makes up itself (no connection, deadline,
message too large) the same form as those that the server sent, and hides trailers, sizes and the HTTP status. What is
a finding about the server and what is not must be told apart for certain. The state machine is that of ``h2``.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from harness.wire.connection import KEEPALIVE_SECONDS
from harness.wire.http2.frames import FRAME_HEADER, error_name, is_farewell, not_http2, stream_of
from harness.wire.http2.messages import Answer, Inspect, RawHeaders, checked, decoded, status_code
from harness.wire.sockets import Call, Stream, WireError

READ_BYTES = 1 << 16
# What a server may send us before we acknowledge: large tensors must not wait for a round trip per 64 KiB.
WINDOW_BYTES = 1 << 20
# Time for what an idle connection still has to say before it is used again (settings, pings, a farewell).
DRAIN_SECONDS = 0.05


class Http2Connection:
    """A connection that carries one request after another.

    Attributes:
        stream, state: the bytes, and what ``h2`` knows of them.
        going: it takes no further request.
        idle_since: monotonic time of the end of the last request.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.idle_since = time.monotonic()
        self.going = False
        self._partial = bytearray()
        # Servers send status messages with a space at the end, which HTTP/2 forbids and every gRPC client takes: what a
        # header says is read in `rpc.py`, and must not spoil the whole answer here.
        config = h2.config.H2Configuration(client_side=True, header_encoding=None, validate_inbound_headers=False)
        self.state = h2.connection.H2Connection(config)
        self.state.local_settings = h2.settings.Settings(
            client=True,
            initial_values={
                h2.settings.SettingCodes.ENABLE_PUSH: 0,
                h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: WINDOW_BYTES,
                h2.settings.SettingCodes.MAX_HEADER_LIST_SIZE: 1 << 16,
            },
        )
        self.state.initiate_connection()
        self.state.increment_flow_control_window(WINDOW_BYTES)

    def request(self, headers: RawHeaders, body: bytes, call: Call, answer: Answer, inspect: Inspect) -> None:
        """Send one request and fill ``answer``.

        Raises:
            WireError: the answer is not whole, or ``inspect`` wants no more of it.
            ValueError: these headers cannot be sent over HTTP/2; nothing was sent.
        """
        number = self.state.get_next_available_stream_id()
        encoded = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers]
        try:
            self.state.send_headers(number, encoded, end_stream=not body)
        except h2.exceptions.ProtocolError as error:
            raise ValueError(f"not an HTTP/2 request: {error}") from None
        try:
            self._send(number, body, call, answer, inspect)
            while not answer.ended:
                self._pump(number, call, answer)
                inspect(answer)
        except h2.exceptions.ProtocolError as error:
            raise WireError("protocol", not_http2(call, error)) from None
        self.idle_since = time.monotonic()

    def _send(self, number: int, body: bytes, call: Call, answer: Answer, inspect: Inspect) -> None:
        """Send the body as the windows of the peer allow; an answer that ends early ends the sending, too."""
        view = memoryview(body)
        while view and not answer.ended:
            # A change of settings can make a window negative (RFC 9113, section 6.9.2).
            room = min(self.state.local_flow_control_window(number), self.state.max_outbound_frame_size)
            if room > 0:
                self.state.send_data(number, bytes(view[:room]), end_stream=room >= len(view))
                view = view[room:]
                self.stream.write(self.state.data_to_send(), timeout=call)
            if view and (room <= 0 or self._has_news()):
                self._pump(number, call, answer)
                inspect(answer)
        if view:
            self.going = True  # the request was never ended: this stream stays half open

    def _has_news(self) -> bool:
        """Whether a read would give something at once; over TLS it might wait, for what came need not be data."""
        encrypted = isinstance(self.stream.get_extra_info("socket"), ssl.SSLSocket)
        return not encrypted and bool(self.stream.get_extra_info("is_readable"))

    def _pump(self, number: int, call: Call, answer: Answer) -> None:
        """Send what is due, read once, and take in what came."""
        self.stream.write(self.state.data_to_send(), timeout=call)
        data = self.stream.read(READ_BYTES, timeout=call)
        if not data:
            where = "before a response" if answer.status is None else "in the middle of the response"
            raise WireError("closed", f"the peer closed the connection {where}")
        for frame in self.frames(data):
            if is_farewell(frame):
                self._farewell(number, frame, answer)
                continue
            try:
                events = self.receive(frame)
            except h2.exceptions.ProtocolError:
                if answer.ended:
                    # The answer is whole. What is wrong after its end (Triton repeats some answers on the closed
                    # stream) spoils the connection, not the answer.
                    self.going = True
                    return
                if 0 < stream_of(frame) < number:
                    raise WireError("closed", "what came late for an earlier call broke the connection") from None
                raise
            for event in events:
                self._take(number, event, call, answer)

    def receive(self, frame: bytes) -> list[h2.events.Event]:
        """What a whole frame says.

        Raises:
            h2.exceptions.ProtocolError: it is none that a server may send.
        """
        # By itself ``h2`` would wait for all of an overlong frame, such as the text of another protocol.
        if int.from_bytes(frame[:3]) > self.state.max_inbound_frame_size:
            raise h2.exceptions.FrameTooLargeError("a frame is longer than was allowed")
        stream = stream_of(frame)
        if stream % 2 == 0 < stream:
            raise h2.exceptions.ProtocolError(f"a frame for stream {stream}, which only the server could have opened")
        return self.state.receive_data(frame)

    def _farewell(self, number: int, frame: bytes, answer: Answer) -> None:
        """GOAWAY is not for ``h2``, which takes nothing more after it: a call under way is still to be answered."""
        self.going = True
        last = int.from_bytes(frame[FRAME_HEADER : FRAME_HEADER + 4]) & 0x7FFFFFFF
        code = int.from_bytes(frame[FRAME_HEADER + 4 : FRAME_HEADER + 8])
        if not answer.ended and (last < number or code):
            answer.touched |= last >= number
            raise WireError("closed", f"the peer ended the connection ({error_name(code)})")

    def frames(self, data: bytes) -> Iterator[bytes]:
        """Whole frames (RFC 9113, section 4.1): given several at once, ``h2`` loses those before a bad one."""
        self._partial += data
        while len(self._partial) >= FRAME_HEADER:
            size = FRAME_HEADER + int.from_bytes(self._partial[:3])
            if len(self._partial) < size <= FRAME_HEADER + self.state.max_inbound_frame_size:
                return
            yield bytes(self._partial[:size])
            del self._partial[:size]

    def _take(self, number: int, event: h2.events.Event, call: Call, answer: Answer) -> None:
        refused = isinstance(event, h2.events.StreamReset) and event.error_code == h2.errors.ErrorCodes.REFUSED_STREAM
        said = not refused and not isinstance(event, h2.events.WindowUpdated)
        answer.touched |= said and getattr(event, "stream_id", None) == number
        match event:
            case h2.events.ResponseReceived(stream_id=own) if own == number:
                received = checked(decoded(event.headers))
                answer.headers_ns, call.in_headers = time.monotonic_ns(), False
                answer.status = status_code(dict(received).get(":status", ""))
                answer.headers = tuple(header for header in received if not header[0].startswith(":"))
            case h2.events.DataReceived(stream_id=own) if own == number:
                answer.data += event.data or b""
                self.state.acknowledge_received_data(event.flow_controlled_length or 0, number)
            case h2.events.TrailersReceived(stream_id=own) if own == number:
                answer.trailers = tuple(checked(decoded(event.headers)))
            case h2.events.StreamEnded(stream_id=own) if own == number:
                answer.ended = True
            case h2.events.StreamReset(stream_id=own) if own == number:
                # RFC 9113, section 8.1: a whole answer may be followed by a reset that says "send no more".
                if not answer.ended:
                    raise WireError("reset", f"the peer reset the stream ({error_name(event.error_code or 0)})")

    def usable(self) -> bool:
        """Whether another request may be sent; takes in what the server said meanwhile."""
        if self.going or time.monotonic() - self.idle_since > KEEPALIVE_SECONDS:
            return False
        call = Call(DRAIN_SECONDS)  # one deadline for all reads: a flood of pings ends here, too
        call.in_headers = call.counts = False
        try:
            while self.stream.get_extra_info("is_readable"):
                data = self.stream.read(READ_BYTES, timeout=call)
                if not data:
                    return False
                for frame in self.frames(data):
                    if is_farewell(frame):
                        return False
                    self.receive(frame)
        except (WireError, h2.exceptions.ProtocolError):
            return False
        return not self._partial and self.state.remote_settings.max_concurrent_streams > 0

    def close(self) -> None:
        """Close the connection, whatever it is doing."""
        self.stream.close()
