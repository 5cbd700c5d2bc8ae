"""The record of one exchange, as it is written and as it is read; it names bodies by their digest."""

from __future__ import annotations

import re
from typing import Any

import msgspec

SCHEMA = "art15-exchange/2"
# How a record says that no HTTP client made the request: its body is every byte that was sent.
RAW = "raw"
# The rule of a redaction that left nothing of a body.
SENSITIVE = "sensitive samples"
# What stands in the place of a text.
NOT_KEPT = f"not kept: {SENSITIVE}"
# Where a redaction stands that took headers of an answer, or its reason phrase, and nothing of its content.
IN_HEAD = "response.headers"

_GRPC = re.compile(r"application/grpc([+;].*)?", re.IGNORECASE | re.DOTALL)
_ENCODER = msgspec.json.Encoder(order="sorted")

Pairs = list[tuple[str, str]]


class Clipped(msgspec.Struct, frozen=True, kw_only=True):
    """What a body was of which only the first ``head`` and the last ``tail`` bytes are stored, one after the other."""

    sha256: str
    bytes: int
    head: int
    tail: int


class Body(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stored body: digest and size; where it lies follows from the digest, never from the record."""

    sha256: str
    bytes: int
    clipped: Clipped | None = None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The request side of a record; ``text`` is the readable form of a binary message (gRPC)."""

    headers: Pairs
    body: Body | None = None
    text: str | None = None


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """The response side of a record; over gRPC the status is not here but in ``ExchangeRecord.rpc``."""

    status: int | None = None
    reason: str = ""
    http_version: str | None = "HTTP/1.1"
    headers: Pairs
    trailers: Pairs = []
    body: Body | None = None
    text: str | None = None
    truncated: bool = False


class FailureRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no whole response; the kinds are those of :class:`harness.record.exchange.Failure`."""

    kind: str
    message: str


class RpcRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How a gRPC call ended, as the server says."""

    code: int
    name: str
    details: str = ""


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """When: ``started`` in UTC, ISO 8601; the others in nanoseconds of the monotonic clock."""

    started: str
    start_ns: int
    headers_ns: int | None
    end_ns: int


class TlsRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What was negotiated."""

    version: str
    cipher: str


class ConnectionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The connection that carried an exchange; ``request_index`` counts its requests from 1."""

    id: int
    request_index: int
    local: str
    peer: str
    tls: TlsRecord | None = None


class ExchangeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange without secrets, and what was taken out; records of earlier schemas read as well."""

    schema: str = SCHEMA
    n: int = 0
    method: str
    url: str
    http_version: str = "HTTP/1.1"
    request: Request
    response: Response | None = None
    rpc: RpcRecord | None = None
    error: FailureRecord | None = None
    timing: Timing | None = None
    connection: ConnectionRecord | None = None
    redactions: list[dict[str, Any]] = []

    @property
    def is_grpc(self) -> bool:
        """A gRPC call. Its bodies are messages without the five bytes that frame them on the wire."""
        return self.rpc is not None or any(_GRPC.fullmatch(value) for value in media_types(self.request.headers))

    @property
    def withheld(self) -> bool:
        """Whether nothing of its content was kept, as it may hold a sensitive sample, or an answer to one."""
        return any(each.get("rule") == SENSITIVE and each.get("where") != IN_HEAD for each in self.redactions)

    def is_message(self, side: Request | Response) -> bool:
        """Whether a body is a gRPC message; a proxy may answer a call with a page of its own."""
        types = [] if isinstance(side, Request) else media_types(side.headers)
        return self.is_grpc and (not types or any(_GRPC.fullmatch(value) for value in types))


def media_types(headers: Pairs) -> list[str]:
    """Every Content-Type of a message."""
    return [value.strip() for name, value in headers if name.lower() == "content-type"]


def encode(record: ExchangeRecord) -> bytes:
    """The one byte form of a record: JSON in UTF-8, members in order, a line feed at the end."""
    return _ENCODER.encode(record) + b"\n"


def decode(data: bytes) -> ExchangeRecord:
    """A record of a bundle.

    Raises:
        ValueError: it is none; the message says why.
    """
    try:
        return msgspec.json.decode(data, type=ExchangeRecord)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error
