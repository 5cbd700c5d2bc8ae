"""What is sent and received on a stream of HTTP/2, and which headers it may have."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from harness.record.exchange import Headers
from harness.record.quoting import clip
from harness.wire.sockets import WireError

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


def decoded(headers: Sequence[tuple[bytes, bytes]] | None) -> list[tuple[str, str]]:
    """Headers as text, one sign of Latin-1 for each byte."""
    return [(bytes(name).decode("latin-1"), bytes(value).decode("latin-1")) for name, value in headers or ()]


def checked(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers, if they are such of HTTP/2 (RFC 9113, section 8.2); spaces around a value are let pass."""
    pseudo = [name for name, _ in headers if name.startswith(":")]
    for name, value in headers:
        if not _NAME.fullmatch(name) or name in OF_HTTP_1 or re.search(r"[\0\r\n]", value):
            raise WireError("protocol", f"not HTTP/2: a header named {clip(name, 80)!r}, or its value, is not allowed")
    if len(pseudo) > 1:
        raise WireError("protocol", f"not HTTP/2: pseudo-headers {', '.join(pseudo[:4])}")
    return headers


def status_code(text: str) -> int:
    """What ``:status`` says.

    Raises:
        WireError: no status of HTTP.
    """
    if len(text) != 3 or not text.isdecimal():
        raise WireError("protocol", f":status is {clip(text, 40)!r}, no HTTP status")
    return int(text)
