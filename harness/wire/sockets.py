"""Sockets under one absolute deadline, with a count of what passed over them.

A timeout per read lets a server that sends a byte a second hold a client for ever. Here every wait of an exchange,
from the look-up of the name to the last byte, ends at the same moment.
"""

from __future__ import annotations

import itertools
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore

from harness.record.disk import of_this_machine
from harness.record.exchange import ConnectionFacts, Failure, FailureKind, TlsFacts

# All bytes before the end of the headers, 1xx responses included. One header block is held to 100 KiB by httpcore.
MAX_HEADER_BYTES = 256 * 1024
FIRST_BYTES = 64
MAX_PENDING = 64 * 1024


class WireError(httpcore.NetworkError):
    """The exchange failed; ``failure`` is what the record says of it."""

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.failure = Failure(kind, message)


class Call(float):
    """The clock and the counters of one exchange.

    It is a float, the time limit in seconds, because httpcore hands the timeout of a request to each call on its
    stream untouched: so it reaches the stream without a hidden channel.
    """

    def __init__(self, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds
        self.facts: ConnectionFacts | None = None
        self.sent = 0
        self.received = 0
        self.first = b""
        self.in_headers = True
        self.ended = False
        # Reading what an idle connection has to say is no request.
        self.counts = True

    def remaining(self) -> float:
        """Seconds left, never quite zero, since a socket timeout of zero means not to wait at all.

        Raises:
            WireError: none are left.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise self.expired()
        return left

    def expired(self) -> WireError:
        """The failure of an exchange that ran out of time."""
        return WireError("timeout", f"no complete response within {float(self):g} s")

    def note_received(self, data: bytes) -> None:
        """Count what was read; an empty read is the end of the stream.

        Raises:
            WireError: the headers have no end.
        """
        if not data:
            self.ended = True
        if len(self.first) < FIRST_BYTES:
            self.first += data[: FIRST_BYTES - len(self.first)]
        self.received += len(data)
        if self.in_headers and self.received > MAX_HEADER_BYTES:
            raise WireError("protocol", f"no end of the response headers within {self.received} bytes")


def as_call(timeout: float | None) -> Call:
    """The call that travels as a timeout; a plain timeout becomes a call of its own."""
    return timeout if isinstance(timeout, Call) else Call(60.0 if timeout is None else timeout)


class Stream(httpcore.NetworkStream):
    """A connected socket; one exchange uses it at a time."""

    def __init__(self, connected: socket.socket, number: int) -> None:
        self._socket = connected
        self._number = number
        self._requests = 0
        self._call: Call | None = None
        self._pending = b""

    def _enter(self, timeout: float | None) -> Call:
        call = as_call(timeout)
        if call is not self._call:
            self._call = call
            self._requests += call.counts
            call.facts = self._facts()
        return call

    def _facts(self) -> ConnectionFacts:
        tls = None
        if isinstance(self._socket, ssl.SSLSocket):
            cipher = self._socket.cipher()
            tls = TlsFacts(self._socket.version() or "unknown", cipher[0] if cipher else "unknown")
        local, peer = _address(self._socket.getsockname), _address(self._socket.getpeername)
        return ConnectionFacts(self._number, self._requests, local, peer, tls)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there, at most ``max_bytes``; empty at the end of the stream.

        Raises:
            WireError: the deadline passed, or the connection broke.
        """
        call = self._enter(timeout)
        self._flush(call)
        self._socket.settimeout(call.remaining())
        try:
            data = self._socket.recv(max_bytes)
        except TimeoutError:
            raise call.expired() from None
        except OSError as error:
            raise broken(error) from None
        call.note_received(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Take bytes to send; they go out together with what follows, at the latest before the next read.

        So a request with a body of common size is one packet, not two.

        Raises:
            WireError: the deadline passed.
        """
        call = self._enter(timeout)
        self._pending += buffer
        if len(self._pending) > MAX_PENDING:
            self._flush(call)

    def push(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes now.

        Raises:
            WireError: the deadline passed.
        """
        call = self._enter(timeout)
        self._pending += buffer
        self._flush(call)

    def _flush(self, call: Call) -> None:
        view, self._pending = memoryview(self._pending), b""
        try:
            while view:
                self._socket.settimeout(call.remaining())
                written = self._socket.send(view)
                call.sent += written
                view = view[written:]
        except TimeoutError:
            raise call.expired() from None
        except OSError as error:
            if of_this_machine(error):
                raise broken(error) from None
            # A server may refuse a request before it has read it all, and close: its answer can still be read. If
            # there is none, the read that follows says what became of the connection.
            return

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Stream:
        """The same connection, encrypted.

        Raises:
            WireError: the handshake failed or was not done by the deadline.
        """
        call = as_call(timeout)
        try:
            self._socket.settimeout(call.remaining())
            # The handshake takes the socket's timeout as a deadline for all its reads together.
            encrypted = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except TimeoutError:
            self.close()
            raise WireError("tls", f"no TLS handshake within {float(call):g} s") from None
        except (OSError, ValueError) as error:
            self.close()
            if of_this_machine(error):
                raise WireError("tester", f"no TLS handshake; {of_this_machine(error)}") from None
            raise WireError("tls", _tls_message(error)) from None
        return Stream(encrypted, self._number)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 -- the interface is httpcore's
        """``is_readable`` tells httpcore that an idle connection was closed, or sent something nobody asked for."""
        if info == "is_readable":
            return _is_readable(self._socket)
        return self._socket if info == "socket" else None


class Backend(httpcore.NetworkBackend):
    """Connects over TCP, numbering the connections from 1."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Stream:
        """Try every address of the host, each with its share of the time left.

        Raises:
            WireError: kind ``connect``, or ``tester``.
        """
        del local_address, socket_options  # never given by our own pool
        call = as_call(timeout)
        addresses = _resolve(host, port, call)
        problem = own = theirs = ""
        for position, (family, kind, protocol, _, address) in enumerate(addresses):
            try:
                attempt = socket.socket(family, kind, protocol)
            except OSError as error:
                if own := of_this_machine(error):
                    raise WireError("tester", f"no connection could be made; {own}") from None
                problem = _connect_message(error, call)
                continue
            try:
                attempt.settimeout(call.remaining() / (len(addresses) - position))
                attempt.connect(address)
                attempt.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except (OSError, WireError) as error:
                attempt.close()
                own, problem = of_this_machine(error), _connect_message(error, call)
                theirs = theirs or ("" if own else problem)
                continue
            return Stream(attempt, next(self._numbers))
        # Of several addresses one may be of a kind that this machine has none of: what the others said counts.
        if own and not theirs:
            raise WireError("tester", f"no connection could be made; {own}")
        raise WireError("connect", f"{host} port {port}: {theirs or problem}")


def _resolve(host: str, port: int, call: Call) -> Sequence[Any]:
    """Addresses of a host. The look-up cannot be given a time limit, so it runs beside us and is left behind."""
    found: list[Any] = []
    problems: list[Exception] = []

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            problems.append(error)

    if host.replace(".", "").isdigit() or ":" in host:
        look_up()  # a literal address needs no name server
    else:
        thread = threading.Thread(target=look_up, daemon=True, name="art15-resolve")
        try:
            thread.start()
        except RuntimeError as error:
            raise WireError("tester", f"a name could not be looked up; this machine: {error}") from None
        thread.join(call.remaining())
    if not found:
        if problems and (own := of_this_machine(problems[0])):
            raise WireError("tester", own)
        reason = _words(problems[0]) if problems else f"no answer within {float(call):g} s"
        raise WireError("connect", f"{host} cannot be resolved: {reason}")
    return list(found)


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def broken(error: OSError) -> WireError:
    """What a failed read or write says of the connection."""
    if own := of_this_machine(error):
        return WireError("tester", f"the connection could not be used; {own}")
    if isinstance(error, ConnectionResetError | BrokenPipeError | ConnectionAbortedError):
        return WireError("reset", "the connection was reset by the peer")
    if isinstance(error, ssl.SSLError):
        return WireError("tls", _tls_message(error))
    return WireError("reset", f"the connection failed: {error.strerror or error}")


def _tls_message(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}"
    return f"TLS failed: {error}"


def _connect_message(error: Exception, call: Call) -> str:
    if isinstance(error, TimeoutError | WireError):
        return f"no connection within {float(call):g} s"
    return _words(error)


def _address(get: Any) -> str:  # noqa: ANN401 -- socket addresses have no type of their own
    try:
        address = get()
    except OSError:
        return "unknown"
    host, port = address[0], address[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_readable(connected: socket.socket) -> bool:
    """Whether a read would return at once: data, the end, or an error."""
    descriptor = connected.fileno()
    if descriptor < 0 or (isinstance(connected, ssl.SSLSocket) and connected.pending()):
        return True
    if not hasattr(select, "poll"):
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()  # unlike select, it takes descriptors above 1,023
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
