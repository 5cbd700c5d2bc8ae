"""One request and whatever came of it, as values; nothing here reads a socket or a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FailureKind = Literal[
    "connect", "tls", "timeout", "reset", "protocol", "body-too-large", "encoding", "closed", "tester"
]
Transport = Literal["rest", "grpc"]
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no whole response.

    Kinds: ``connect`` no connection was made; ``tls`` the handshake or a TLS record failed; ``timeout`` connected, but
    not done within the time limit; ``reset`` the peer reset the connection, or the stream of a gRPC call; ``closed`` it
    closed the connection before the response was whole; ``protocol`` what came is not HTTP, or no gRPC;
    ``body-too-large`` the body was cut at the limit; ``encoding`` the body cannot be decoded as its Content-Encoding
    says, or a gRPC message is compressed; ``tester`` this machine lacks something, which is no word about the peer.
    """

    kind: FailureKind
    message: str


@dataclass(frozen=True, slots=True)
class RpcStatus:
    """The status that the server ended a gRPC call with, such as 5, NOT_FOUND and its details."""

    code: int
    name: str
    details: str


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """What was negotiated."""

    version: str
    cipher: str


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """The connection that carried an exchange; ``request_index`` counts its requests from 1."""

    id: int
    request_index: int
    local: str
    peer: str
    tls: TlsFacts | None = None


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Exchange:
    """A request that was sent, or tried, and the response so far as there was one.

    Attributes:
        n: number within the run, from 1, in the order of sending.
        url: as sent, percent-encoding untouched.
        request_headers: in the order sent; text is Latin-1.
        status: None if no status line arrived.
        response_headers: as received: repeated names and their case kept; text is Latin-1.
        response_body: as on the wire, without chunk framing and still content-encoded; cut at the budget's limit.
        truncated: the body is not whole (cut at the limit, or the connection failed in the middle).
        error: why there is no whole response. A cut body has a status and an error.
        started: UTC, ISO 8601 with microseconds and ``Z``.
        start_ns, headers_ns, end_ns: monotonic clock, in nanoseconds; ``headers_ns`` is when the headers were whole.
        ref: SHA-256 of the stored record; empty until recorded.
        sent, received: bytes on the connection, above TLS.
        rpc: of a gRPC call, the status from the server (or what the HTTP status stands for, if there is no other);
            bodies of whole gRPC messages are kept without the frame of five bytes.
        response_trailers: of a gRPC call, the trailers as received.
        request_text, response_text: readable renderings of binary messages; empty if there are none.
    """

    n: int
    method: str
    url: str
    http_version: str
    request_headers: Headers
    request_body: bytes
    status: int | None
    reason: str
    response_http_version: str | None
    response_headers: Headers
    response_body: bytes
    truncated: bool
    error: Failure | None
    started: str
    start_ns: int
    headers_ns: int | None
    end_ns: int
    connection: ConnectionFacts | None
    ref: str = ""
    sent: int = 0
    received: int = 0
    rpc: RpcStatus | None = None
    response_trailers: Headers = ()
    request_text: str = ""
    response_text: str = ""

    def header(self, name: str) -> str | None:
        """The first response header of that name, in any case; None if there is none."""
        found = self.headers_all(name)
        return found[0] if found else None

    def headers_all(self, name: str) -> tuple[str, ...]:
        """Every response header of that name, in order."""
        wanted = name.lower()
        return tuple(value for key, value in self.response_headers if key.lower() == wanted)

    @property
    def transport(self) -> Transport:
        """Over which transport it went: each has an address of its own."""
        return "grpc" if self.http_version == "HTTP/2" else "rest"

    @property
    def media_type(self) -> str | None:
        """Content-Type of the response in lower case and without parameters; None without one."""
        value = self.header("content-type")
        return (value.partition(";")[0].strip().lower() or None) if value is not None else None

    @property
    def elapsed_s(self) -> float:
        """Seconds from before connecting to the last byte, or to the failure."""
        return (self.end_ns - self.start_ns) / 1e9

    @property
    def answered(self) -> bool:
        """A status line, or the status of a gRPC call, arrived, whatever became of the rest."""
        return self.status is not None or self.rpc is not None

    @property
    def timed_out(self) -> bool:
        """Connected, but no whole response within the time limit."""
        return self.error is not None and self.error.kind == "timeout"

    @property
    def cut(self) -> bool:
        """The body was longer than the tester reads."""
        return self.error is not None and self.error.kind == "body-too-large"

    @property
    def ok(self) -> bool:
        """Status 200 (of a gRPC call, OK) and a whole response."""
        good = self.status == 200 if self.rpc is None else self.rpc.code == 0
        return good and self.error is None
