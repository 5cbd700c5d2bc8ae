"""Content codings: decodes a stored body with a bound, so that a small body cannot fill the memory."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence

from harness.record.exchange import Exchange, Failure, Headers

# As much as is let in without a coding; whatever is made of the bytes afterwards is bounded by them.
DECODED_LIMIT = 1 << 24
MAX_LAYERS = 4
# Members of gzip on end; each costs a decoder of its own.
MAX_MEMBERS = 1000
PIECE = 1 << 16

_GZIP = ("gzip", "x-gzip")


class Undecodable(Exception):
    """The body is not what its Content-Encoding says, or too large once decoded; see ``failure``."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def decoded_body(exchange: Exchange, limit: int = DECODED_LIMIT) -> bytes:
    """The response body without its gzip and deflate codings.

    Raises:
        Undecodable: kind ``encoding`` (another coding, or broken data) or ``body-too-large`` (above ``limit`` bytes).
    """
    return decode(exchange.response_body, codings(exchange.response_headers), limit)


def codings(headers: Headers) -> tuple[str, ...]:
    """The content codings in the order in which they were applied, in lower case, without identity."""
    values = (value for name, value in headers if name.lower() == "content-encoding")
    names = (part.strip().lower() for value in values for part in value.split(","))
    return tuple(name for name in names if name not in ("", "identity"))


def decode(body: bytes, names: Sequence[str], limit: int = DECODED_LIMIT, *, partial: bool = False) -> bytes:
    """Take the codings off, the last applied first; ``partial`` gives what comes before a fault or the limit.

    Raises:
        Undecodable: see :func:`decoded_body`; partial, only for another coding.
    """
    if not body:
        return body
    if len(names) > MAX_LAYERS:
        raise Undecodable(Failure("encoding", f"{len(names)} content codings on top of each other"))
    for name in reversed(names):
        if name not in (*_GZIP, "deflate"):
            raise Undecodable(Failure("encoding", f"content coding {name[:40]!r}, which was not asked for"))
        body, failure = _inflate(body, name, limit)
        if failure is not None and not partial:
            raise Undecodable(failure)
    return body


def encode(body: bytes, names: Sequence[str]) -> bytes:
    """Apply gzip and deflate codings, deterministically."""
    for name in names:
        body = gzip.compress(body, mtime=0) if name in _GZIP else zlib.compress(body)
    return body


def _inflate(body: bytes, name: str, limit: int) -> tuple[bytes, Failure | None]:
    """What can be decoded within the limit, and what ended it early."""
    # "deflate" means the zlib format; many servers send the bare stream instead.
    is_zlib = len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
    wbits = 31 if name in _GZIP else (15 if is_zlib else -15)
    decoded, position = bytearray(), 0
    for _ in range(MAX_MEMBERS):
        decoder = zlib.decompressobj(wbits)
        # By pieces: what a decoder has no use for it gives back as a copy.
        while position < len(body) and not decoder.eof:
            piece = body[position : position + PIECE]
            position += len(piece)
            try:
                decoded += decoder.decompress(piece, limit + 1 - len(decoded))
            except zlib.error as error:
                return bytes(decoded), Failure("encoding", f"the body is no {name}: {error}")
            if len(decoded) > limit:
                failure = Failure("body-too-large", f"more than {limit} bytes once decoded from {name}")
                return bytes(decoded[:limit]), failure
        if not decoder.eof:
            return bytes(decoded), Failure("encoding", f"the {name} body ends too early")
        position -= len(decoder.unused_data)
        if position >= len(body) or wbits != 31:  # only gzip has several members
            return bytes(decoded), None
    return bytes(decoded), Failure("body-too-large", f"more than {MAX_MEMBERS} members of gzip on end")
