"""The place to which a service delivers its CloudEvents: an HTTP server for as long as they are waited for.

Senders are not trusted: bodies, time, connections and events are bounded. What is turned away is counted, since it
is not missing by the sender's fault.
"""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from harness.provenance.events import EventLog, NoEvent, events_in

BODY = 16 << 20
CONNECTIONS, EVENTS = 64, 50_000
# Seconds for one delivery, its wait for the next one of the connection included.
SECONDS = 30.0
LINE = 1024


@dataclass(slots=True)
class Sink:
    """What has come so far.

    Attributes:
        address: host and port at which it listens.
        turned_away: why a delivery was refused or cut, and how often.
    """

    address: tuple[str, int]
    log: EventLog = field(default_factory=EventLog)
    turned_away: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def rows(self) -> list[dict[str, str]]:
        """The entries so far."""
        with self.lock:
            return list(self.log.rows())

    def take(self, headers: dict[str, str], body: bytes) -> None:
        """Keep the events of one delivery.

        Raises:
            NoEvent: it is none, or there are too many.
        """
        found = list(events_in(headers, body))
        with self.lock:
            for event in found:
                if self.log.kept >= EVENTS:
                    raise NoEvent(f"there are more than {EVENTS} events")
                self.log.add(event)

    def remarks(self) -> list[str]:
        """What is to be said of the deliveries, whatever is in them."""
        with self.lock:
            log = self.log
            return [f"{log.kept} events were delivered, {log.again} of them again; {log.others} of other types"]

    def lost(self) -> str:
        """What was turned away, in words; empty for nothing."""
        with self.lock:
            return "; ".join(f"{why} ({times})" for why, times in sorted(self.turned_away.items()))

    def refuse(self, why: str) -> None:
        """Count what was turned away."""
        with self.lock:
            self.turned_away[why] += 1


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[Sink]:
    """A sink at an address, until the context ends.

    Raises:
        OSError: it cannot be had.
    """
    server = _Server((host, port), _Handler)
    server.sink = Sink((host, server.server_address[1]))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.sink
    finally:
        server.shutdown()
        server.server_close()
        thread.join(SECONDS)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    sink: Sink

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.places = threading.BoundedSemaphore(CONNECTIONS)
        self.open: set[socket.socket] = set()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 -- as the base has it
        if not self.places.acquire(blocking=False):
            self.sink.refuse("too many connections at once")
            self.shutdown_request(request)
            return
        self.open.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 -- as the base has it
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.open.discard(request)
            self.places.release()

    def server_close(self) -> None:
        super().server_close()
        for each in list(self.open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 -- as the base has it
        """A sender that goes away is no error of ours."""


class _Timed(io.RawIOBase):
    """Bytes of a connection until a deadline, however slowly they come."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.deadline = 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 -- a writable buffer
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.connection.settimeout(left)
        return self.connection.recv_into(buffer)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "art15", ""
    server: _Server
    timed: _Timed
    # The base would add the time, and its own name for logs.
    disable_nagle_algorithm: ClassVar[bool] = True

    def setup(self) -> None:
        super().setup()
        self.timed = _Timed(self.connection)
        self.rfile = io.BufferedReader(self.timed)

    def handle_one_request(self) -> None:
        self.timed.deadline = time.monotonic() + SECONDS
        super().handle_one_request()

    def do_POST(self) -> None:
        """One delivery."""
        length = self.headers.get("Content-Length", "")
        if self.headers.get("Transfer-Encoding", "").strip().lower() == "chunked":
            self._take(self._chunks)
        elif not (length.isascii() and length.isdecimal() and len(length) < 12):
            self._refuse(411, "a delivery says no length")
        elif int(length) > BODY:
            self._refuse(413, f"a delivery is larger than {BODY >> 20} MiB")
        else:
            self._take(lambda: self._exactly(int(length)))

    def _take(self, read: Callable[[], bytes]) -> None:
        try:
            body = read()
        except (OSError, ValueError):
            self._refuse(408, f"a delivery was cut short, or larger than {BODY >> 20} MiB")
            return
        try:
            self.server.sink.take({name.lower(): value for name, value in self.headers.items()}, body)
        except NoEvent as error:
            self._refuse(400, str(error))
        else:
            self._answer(200)

    def _exactly(self, length: int) -> bytes:
        data = self.rfile.read(length)
        if len(data) < length:
            raise ValueError("the body ends before its length")
        return data

    def _chunks(self) -> bytes:
        """A body in chunks (RFC 9112, section 7.1); extensions and trailers are passed over."""
        found = bytearray()
        while size := int(self.rfile.readline(LINE).partition(b";")[0].strip(), 16):
            if not 0 < size <= BODY - len(found):
                raise ValueError("the body is too large")
            found += self._exactly(size)
            self._exactly(2)
        while self.rfile.readline(LINE).strip():
            pass
        return bytes(found)

    def do_OPTIONS(self) -> None:
        """Whether deliveries are welcome (HTTP 1.1 Web Hooks for Event Delivery)."""
        self._answer(200, ("WebHook-Allowed-Origin", "*"), ("WebHook-Allowed-Rate", "*"), ("Allow", "POST, OPTIONS"))

    def _refuse(self, status: int, why: str) -> None:
        self.server.sink.refuse(why)
        self.close_connection = True
        self._answer(status)

    def _answer(self, status: int, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", "0")):
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is written of senders."""
