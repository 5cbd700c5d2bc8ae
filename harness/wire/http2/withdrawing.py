"""Requests that a client gives up: begun side by side on one connection, and ended before they are answered."""

from __future__ import annotations

import select
import time

import h2.errors
import h2.events
import h2.exceptions

from harness.wire.http2.connection import READ_BYTES, Http2Connection
from harness.wire.http2.frames import is_farewell, not_http2
from harness.wire.http2.messages import RawHeaders, Withdrawal
from harness.wire.sockets import Call, WireError


class Withdrawing:
    """Gives requests up on a connection, which goes on unless it was closed for that."""

    def __init__(self, connection: Http2Connection) -> None:
        self._connection, self._state, self._stream = connection, connection.state, connection.stream

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
            raise WireError("protocol", not_http2(call, error)) from None
        self._connection.going |= how.closes
        self._connection.idle_since = time.monotonic()

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
        for frame in self._connection.frames(data):
            if is_farewell(frame):
                raise WireError("closed", "the peer ended the connection on which requests were given up")
            for event in self._connection.receive(frame):
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
