"""Hostile requests as data: the bytes, why they are hostile, and what may honestly be answered to them.

Only how the bytes are framed as HTTP/1.1 is hostile here; the bodies are those of a valid inference, or parts of one.
Sources: RFC 9112 (message syntax), RFC 9110 (semantics).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.wire.duplex import Piece

Header = tuple[str, str]
Head = Callable[[str, str, Sequence[Header]], bytes]
"""Method, path and headers -> a request head with Host and credentials, as `harness.wire.rawhttp.head` makes it."""

End = Literal["wait", "half-close", "hang-up"]
JSON: Header = ("Content-Type", "application/json")
# Time for a server to notice what it was sent before the next piece comes.
SHORT = 0.05


@dataclass(frozen=True, slots=True)
class Valid:
    """A valid inference to make hostile requests of: how its head is written, its path and its body."""

    head: Head
    path: str
    body: bytes

    def request(self, *headers: Header, method: str = "POST", path: str | None = None) -> bytes:
        """A head with these headers and no others but Host and credentials."""
        return self.head(method, path or self.path, headers)

    def whole(self) -> bytes:
        """The valid request."""
        return self.request(JSON, length(self.body)) + self.body

    def second(self) -> bytes:
        """A request that must not be answered where it stands inside of another one."""
        return self.head("GET", "/v2/health/live", ())


@dataclass(frozen=True, slots=True)
class Hostile:
    """One hostile request.

    Attributes:
        name: identity, kebab-case.
        why: what is hostile about it, for people.
        pieces: what to send, with pauses.
        end: what the client does after the last piece.
        complete: whether it is a whole request, which must be answered or cut off; for others a server may wait.
        no_outputs: an answer with outputs cannot be honest: the bytes that they stand for never came.
        method: of the request, where the answer depends on it.
    """

    name: str
    why: str
    pieces: tuple[Piece, ...]
    end: End = "wait"
    complete: bool = True
    no_outputs: bool = False
    method: str = "POST"


def length(body: bytes) -> Header:
    """Content-Length of a body."""
    return ("Content-Length", str(len(body)))


def one(data: bytes) -> tuple[Piece, ...]:
    """Everything at once."""
    return (Piece(data),)


def chunked(body: bytes, size: int, *, extension: bytes = b"", upper: bool = False, trailer: bytes = b"") -> bytes:
    """A body in chunks of ``size`` bytes, with the last chunk."""
    made = b""
    for start in range(0, len(body), size):
        part = body[start : start + size]
        digits = f"{len(part):X}" if upper else f"{len(part):x}"
        made += digits.encode() + extension + b"\r\n" + part + b"\r\n"
    return made + b"0\r\n" + trailer + b"\r\n"


def incomplete(valid: Valid) -> Iterator[Hostile]:
    """Requests that end too early: the client has gone, or says that nothing more will come."""
    body, half = valid.body, valid.body[: len(valid.body) // 2]
    full = valid.request(JSON, length(body))
    chunks = valid.request(JSON, ("Transfer-Encoding", "chunked"))
    declared = f"{len(body):x}".encode()
    cuts: tuple[tuple[str, str, bytes], ...] = (
        ("head", "the head stops in the middle", full[: len(full) // 2]),
        ("no-body", "the body that was announced never comes", full),
        ("body", "half of the body that was announced", full + half),
        ("last-byte", "all of the body but its last byte", full + body[:-1]),
        ("chunk", "a chunk stops in the middle", chunks + declared + b"\r\n" + half),
        ("chunks", "the body is half there, and the last chunk never comes", chunks + chunked(half, 16)[:-5]),
        ("chunk-size", "a chunk is larger than anything that could come", chunks + b"ffffffffffffffff\r\n" + body),
        ("chunk-size-overflow", "a chunk size of more than 64 bits", chunks + b"1" + b"0" * 17 + b"\r\n" + half),
    )
    ends: tuple[tuple[End, str], ...] = (("half-close", "no more comes"), ("hang-up", "the client is gone"))
    for name, why, data in cuts:
        for end, words in ends:
            fabricated = name not in ("last-byte", "chunk-size")  # in these the values did come
            yield Hostile(f"cut-{name}-{end}", f"{why}, and {words}", one(data), end, False, fabricated)
    why = "the client is gone before the answer to a whole request"
    yield Hostile("answer-not-awaited", why, one(valid.whole()), "hang-up", complete=False)


def conflicts(valid: Valid) -> Iterator[Hostile]:
    """Requests whose length is said in two ways, with a second request inside: by RFC 9112, sections 6.1 and 6.3, the
    connection must be closed after at most one answer."""
    body, second = valid.body, valid.second()
    short, long = length(body), length(body + second)
    both = body + second
    yield Hostile("lengths-short-first", "two lengths, the shorter first", one(valid.request(JSON, short, long) + both))
    yield Hostile("lengths-long-first", "two lengths, the longer first", one(valid.request(JSON, long, short) + both))
    listed = ("Content-Length", f"{short[1]}, {long[1]}")
    yield Hostile("lengths-in-a-list", "two lengths in one header", one(valid.request(JSON, listed) + both))
    for name, why, header in (
        ("space-before-colon", "one with a space before its colon", ("Content-Length ", long[1])),
        ("behind-line-feed", "one behind a bare line feed", ("X-Art15", f"a\nContent-Length: {long[1]}")),
    ):
        yield Hostile(f"lengths-{name}", f"two lengths, {why}", one(valid.request(JSON, header, short) + both))
        data = valid.request(JSON, (header[0], header[1].replace(long[1], short[1])), long) + both
        yield Hostile(f"lengths-{name}-shorter", f"two lengths, {why} and shorter", one(data))
    spaced = valid.request(JSON, ("Content-Length ", short[1])) + both
    yield Hostile("length-with-space-before-colon", "the only length has a space before its colon", one(spaced))
    parts = chunked(body, len(body))
    codings: tuple[tuple[str, str, Header], ...] = (
        ("length-and-chunked", "a length and chunked", ("Transfer-Encoding", "chunked")),
        ("length-and-unknown-coding", "a length and an unknown coding", ("Transfer-Encoding", "xchunked")),
        ("length-and-chunked-not-last", "chunked is not the last coding", ("Transfer-Encoding", "chunked, identity")),
        ("length-and-space-before-colon", "a space before the colon", ("Transfer-Encoding ", "chunked")),
    )
    for name, why, coding in codings:
        data = valid.request(JSON, length(parts), coding) + parts + second
        yield Hostile(f"{name}-outside", f"{why}; the second request follows both", one(data))
        inner = b"0\r\n\r\n" + second
        data = valid.request(JSON, length(inner), coding) + inner
        yield Hostile(f"{name}-inside", f"{why}; the second request is inside by length", one(data))


def hidden_lengths(valid: Valid) -> Iterator[Hostile]:
    """A body whose length is said by no header: by RFC 9112, section 6.3, there is none, and what comes is no body."""
    body, size = valid.body, len(valid.body)
    for name, why, header in (
        ("behind-carriage-return", "behind a bare carriage return", ("X-Art15", f"a\rContent-Length: {size}")),
        ("behind-nul", "behind a null character", ("X-Art15", f"a\0Content-Length: {size}")),
        ("behind-vertical-tab", "behind a vertical tab", ("X-Art15", f"a\vContent-Length: {size}")),
        ("behind-form-feed", "behind a form feed", ("X-Art15", f"a\fContent-Length: {size}")),
        ("behind-next-line", "behind the byte 0x85", ("X-Art15", f"a\x85Content-Length: {size}")),
        ("in-a-folded-line", "in the second line of another header", ("X-Art15", f"a\r\n Content-Length: {size}")),
        ("with-underscore", "in a header with an underscore", ("Content_Length", str(size))),
    ):
        data = valid.request(JSON, header) + body
        yield Hostile(f"length-{name}", f"the only length stands {why}", one(data), complete=False, no_outputs=True)


def inner_requests(valid: Valid) -> Iterator[Hostile]:
    """Whole requests whose body is itself a request, and a last one behind: two answers, or fewer and the end of the
    connection (RFC 9112, section 9.3)."""
    inner = valid.second()
    last = valid.request(("Connection", "close"), method="GET", path="/v2/health/live")
    unknown = valid.path.replace("/models/", "/models/no-such-model-", 1)
    for name, method, path in (
        ("get", "GET", "/v2/health/ready"),
        ("infer", "POST", valid.path),
        ("unknown-model", "POST", unknown),
        ("unknown-path", "POST", "/art15/no-such-path"),
        ("wrong-verb", "PUT", valid.path),
    ):
        why = f"a request as the body of {method} to {name.replace('-', ' ')}"
        data = valid.request(JSON, length(inner), method=method, path=path) + inner + last
        yield Hostile(f"body-of-{name}", why, one(data), method=method)
        packed = valid.request(("Content-Encoding", "tea"), length(inner), method=method, path=path) + inner + last
        yield Hostile(f"coded-body-of-{name}", f"{why}, in an unknown coding", one(packed), method=method)


PLAIN_CHUNKS = ("chunked-one-chunk", "chunked-several", "chunked-upper-case", "chunked-in-pieces")
"""Cases of :func:`chunkings` with nothing that a careful server might refuse, unless it takes no chunks."""


_FIRST_VALUE = re.compile(rb'"data"\s*:[\[\s]*"?-?(?=\w)')


def chunkings(valid: Valid) -> Iterator[Hostile]:
    """The valid request in chunks as RFC 9112, section 7.1, permits them."""
    body = valid.body
    head = valid.request(JSON, ("Transfer-Encoding", "chunked"))
    forms: tuple[tuple[str, str, bytes], ...] = (
        ("one-chunk", "one chunk", chunked(body, len(body))),
        ("several", "chunks of 16 bytes", chunked(body, 16)),
        ("bytewise", "chunks of one byte", chunked(body, 1)),
        ("upper-case", "chunk sizes in capital letters", chunked(body, 13, upper=True)),
        ("extensions", "chunk extensions", chunked(body, 16, extension=b';name="a;b"')),
        ("leading-zeros", "chunk sizes with leading zeros", b"000" + chunked(body, len(body))),
        ("trailer", "a trailer", chunked(body, 32, trailer=b"X-Art15-Trailer: 1\r\n")),
    )  # fmt: skip
    for name, why, data in forms:
        yield Hostile(f"chunked-{name}", why, one(head + data))
    value = _FIRST_VALUE.search(body)
    if value is not None:
        # Read as data, the extension would make another value of it, and leave the JSON whole.
        start, rest = body[: value.end()], body[value.end() :]
        data = chunked(start, len(start))[:-5] + chunked(rest, len(rest), extension=b";1")
        yield Hostile("chunked-extension-in-value", "a chunk extension in the middle of a value", one(head + data))
    capital = valid.request(JSON, ("Transfer-Encoding", "Chunked"))
    yield Hostile("chunked-coding-in-capitals", "the coding in capital letters", one(capital + chunked(body, 64)))
    middle = len(head) + len(body) // 2
    whole = head + chunked(body, 7)
    split = (Piece(whole[: len(head) + 2], SHORT), Piece(whole[len(head) + 2 : middle], SHORT), Piece(whole[middle:]))
    yield Hostile("chunked-in-pieces", "packets end inside of chunk sizes", split)
