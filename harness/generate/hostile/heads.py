"""Hostile heads as data: what no client says of a request, and floods of it. Sources: RFC 9112, RFC 9110."""

from __future__ import annotations

from collections.abc import Iterator

from harness.budget import MEBIBYTE
from harness.generate.hostile.requests import JSON, SHORT, Hostile, Valid, chunked, length, one
from harness.wire.duplex import Piece


def odd_heads(valid: Valid, authority: str) -> Iterator[Hostile]:
    """Whole requests with a head that no client sends."""
    body = valid.body
    whole, size = valid.whole(), length(body)
    line, rest = whole.split(b"\r\n", 1)
    method, target, _ = line.split(b" ")
    hundred = b"".join(b"X-Art15-%d: a\r\n" % n for n in range(100))
    absolute = b"http://" + authority.encode() + target
    changed: tuple[tuple[str, str, bytes], ...] = (
        ("http-1.0", "HTTP/1.0", line[:-3] + b"1.0\r\n" + rest),
        ("http-9.9", "a version that does not exist", line[:-3] + b"9.9\r\n" + rest),
        ("http-lower-case", "the version in small letters", line[:-8] + b"http/1.1\r\n" + rest),
        ("absolute-target", "the target is a URI", method + b" " + absolute + b" HTTP/1.1\r\n" + rest),
        ("foreign-target", "the target is a URI of another host", method + b" http://other.invalid" + target
         + b" HTTP/1.1\r\n" + rest),
        ("unknown-method", "a method that does not exist", b"BREW" + whole[len(method) :]),
        ("endless-method", "a method of 300 letters", b"B" * 300 + whole[len(method) :]),
        ("no-host", "no Host", b"\r\n".join(each for each in whole.split(b"\r\n") if each[:5] != b"Host:")),
        ("two-hosts", "two hosts", line + b"\r\nHost: other.invalid\r\n" + rest),
        ("empty-lines-first", "empty lines before the request", b"\r\n\r\n" + whole),
        ("header-without-colon", "a header without a colon", line + b"\r\nnocolon\r\n" + rest),
        ("hundred-headers", "a hundred headers", line + b"\r\n" + hundred + rest),
        ("header-long", "a header of 12 000 bytes", line + b"\r\nX-Art15: " + b"a" * 12_000 + b"\r\n" + rest),
        ("header-folded", "a header on two lines", line + b"\r\nX-Art15: a\r\n b\r\n" + rest),
        ("header-with-nul", "a null character in a header", line + b"\r\nX-Art15: a\0b\r\n" + rest),
        ("header-not-ascii", "bytes above 127 in a header", line + b"\r\nX-Art15: \xff\xfe\xc3\x28\r\n" + rest),
        ("header-bare-cr", "a carriage return inside of a header", line + b"\r\nX-Art15: a\rb\r\n" + rest),
        ("length-negative", "a negative length", valid.request(JSON, ("Content-Length", "-1")) + body),
        ("length-signed", "a length with a sign", valid.request(JSON, ("Content-Length", f"+{len(body)}")) + body),
        ("length-word", "a length that is a word", valid.request(JSON, ("Content-Length", "many")) + body),
        ("length-hexadecimal", "a hexadecimal length", valid.request(JSON, ("Content-Length", hex(len(body)))) + body),
        ("coding-unknown", "an unknown transfer coding", valid.request(JSON, ("Transfer-Encoding", "br")) + body),
        ("expect-unknown", "an expectation that does not exist", valid.request(JSON, size, ("Expect", "tea")) + body),
    )  # fmt: skip
    for name, why, data in changed:
        yield Hostile(name, why, one(data), complete=name not in _MAY_WAIT)
    continued = (Piece(valid.request(JSON, size, ("Expect", "100-continue")), SHORT), Piece(body))
    yield Hostile("expect-continue", "the body comes without waiting for 100", continued)
    for name, why, data in (
        ("bare-line-feeds", "lines end in LF alone", whole.replace(b"\r\n", b"\n")),
        ("no-request", "bytes at random", bytes((7 * n * n + 13 * n) % 256 for n in range(512)) + b"\r\n\r\n"),
        ("tls-hello", "the begin of a TLS handshake", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(512)),
        ("http2-preface", "the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)),
    ):
        yield Hostile(name, why, one(data), complete=False)


# Without a length that can be read, a server may take the rest of the connection for the body, or wait for more.
_MAY_WAIT = frozenset(
    {"length-negative", "length-signed", "length-word", "length-hexadecimal", "coding-unknown", "empty-lines-first"}
)


def floods(valid: Valid) -> Iterator[Hostile]:
    """Heads of a size that nobody needs; only where stress is allowed."""
    line, rest = valid.whole().split(b"\r\n", 1)
    chunks = valid.request(JSON, ("Transfer-Encoding", "chunked"))
    many = b"".join(b"X-Art15-%d: a\r\n" % n for n in range(10_000))
    long = b"a" * MEBIBYTE
    query = valid.request(JSON, length(valid.body), path=f"{valid.path}?{'a' * MEBIBYTE}")
    extended = chunked(valid.body, 1, extension=b";" + b"a" * 4096)
    for name, why, data in (
        ("headers", "10 000 headers", line + b"\r\n" + many + rest),
        ("one-header", "a header of 1 MiB", line + b"\r\nX-Art15: " + long + b"\r\n" + rest),
        ("one-name", "a header name of 1 MiB", line + b"\r\n" + long + b": 1\r\n" + rest),
        ("same-header", "5 000 times the same header", line + b"\r\n" + b"X-Art15: a\r\n" * 5_000 + rest),
        ("query", "a query of 1 MiB", query + valid.body),
        ("extensions", "each byte in a chunk with 4 KiB of extension", chunks + extended),
    ):
        yield Hostile(f"flood-of-{name}", why, one(data))
