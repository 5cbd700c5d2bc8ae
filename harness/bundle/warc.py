"""How an exchange is spelt in WARC 1.1 (ISO 28500): a request, a response, and a metadata record with all the rest.

The metadata record is the exchange, and its SHA-256 the name under which the journal knows it. Request and response
are made from it and from the bodies, for tools that read archives of HTTP, in one byte form, so that whoever verifies
makes them again and compares. What HTTP/1.1 cannot say is spelt near to it:

- a body that was stored before is a ``revisit`` with the digest of the payload;
- a gRPC message lies without the five bytes of its frame, its pseudo-headers and trailers in the metadata only;
- what was sent byte by byte, and may be no HTTP at all, is a request of type ``application/octet-stream``;
- a body has no chunks any more, so its Transfer-Encoding stands under another name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote, urlsplit

from harness.bundle.exchange import RAW, Body, ExchangeRecord, Pairs, Request, Response

END = b"\r\n\r\n"
IDENTICAL = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"

_NO_DATE = "1970-01-01T00:00:00.000000Z"
_PLAIN_URI = re.compile(r"[!-;=?-~]+")
_BREAKS = str.maketrans({"\r": " ", "\n": " ", "\0": " "})
# Names that HTTP/1.1 does not have, and one that would say what is not so.
_MOVED = {":authority": "Host", "transfer-encoding": "X-Archive-Orig-Transfer-Encoding"}


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before a body: the lines of WARC, ended by an empty one, and the head of the message of HTTP."""

    warc: bytes
    http: bytes


class Spelling(Protocol):
    """How one side of an exchange is spelt: :func:`request` or :func:`response`."""

    def __call__(self, record: ExchangeRecord, digest: str, *, again: bool) -> Head: ...


def info(software: str, date: str) -> bytes:
    """The first record of a pack."""
    block = (
        f"software: {software}\r\nformat: WARC File Format 1.1\r\n"
        "conformsTo: http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\n"
        "description: exchanges of one run; docs/evidence.md tells how to read them\r\n"
    ).encode()
    lines = f"WARC/1.1\r\nWARC-Type: warcinfo\r\nWARC-Record-ID: <urn:art15:pack>\r\nWARC-Date: {date}\r\n"
    return f"{lines}Content-Type: application/warc-fields\r\nContent-Length: {len(block)}".encode() + END + block + END


def request(record: ExchangeRecord, digest: str, *, again: bool) -> Head:
    """Before the body of a request; ``again`` if the body was stored before, and does not follow."""
    raw = record.http_version == RAW
    http = b"" if raw else _message(_request_line(record), record.request.headers)
    return _head(record, digest, "request", record.request, http, again=again, raw=raw)


def response(record: ExchangeRecord, digest: str, *, again: bool) -> Head:
    """Before the body of the response, which the record must have."""
    seen = record.response
    assert seen is not None
    status = seen.status if seen.status is not None else 200
    version = seen.http_version or "HTTP/1.1"
    http = _message(f"{version} {status} {seen.reason}", seen.headers)
    return _head(record, digest, "response", seen, http, again=again, raw=False)


def metadata(record: ExchangeRecord, digest: str, size: int) -> bytes:
    """Before the record itself."""
    return (
        f"WARC/1.1\r\nWARC-Type: metadata\r\nWARC-Record-ID: <urn:art15:exchange:{digest}>\r\n{_common(record)}"
        f"WARC-Concurrent-To: <urn:art15:exchange:{digest}:request>\r\n"
        f"Content-Type: application/json\r\nContent-Length: {size}"
    ).encode() + END


def _head(
    record: ExchangeRecord, digest: str, side: str, content: Request | Response, http: bytes, *, again: bool, raw: bool
) -> Head:
    body = content.body if content.body is not None and content.body.bytes else None
    kind = "revisit" if again else side
    size = len(http) + (0 if body is None or again else body.bytes)
    media = "application/octet-stream" if raw else f"application/http;msgtype={side}"
    lines = (
        f"WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:art15:exchange:{digest}:{side}>\r\n{_common(record)}"
        f"WARC-Concurrent-To: <urn:art15:exchange:{digest}>\r\n{_about(body, again=again)}"
        f"Content-Type: {media}\r\nContent-Length: {size}"
    )
    return Head(lines.encode() + END, http)


def _common(record: ExchangeRecord) -> str:
    date = record.timing.started if record.timing is not None else _NO_DATE
    return f"WARC-Date: {date.translate(_BREAKS)}\r\nWARC-Target-URI: {_uri(record.url)}\r\n"


def _about(body: Body | None, *, again: bool) -> str:
    if body is None:
        return ""
    lines = f"WARC-Payload-Digest: sha256:{body.sha256.translate(_BREAKS)}\r\n"
    if again:
        lines += f"WARC-Profile: {IDENTICAL}\r\n"
    return lines + ("WARC-Truncated: length\r\n" if body.clipped is not None else "")


def _uri(url: str) -> str:
    return url if _PLAIN_URI.fullmatch(url) else quote(url, safe="!#$%&'()*+,/:;=?@[]~", errors="replace")


def _request_line(record: ExchangeRecord) -> str:
    try:
        parts = urlsplit(record.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
    except ValueError:
        target = record.url
    return f"{record.method} {target or '/'} {record.http_version}"


def _message(first: str, headers: Pairs) -> bytes:
    lines = [first]
    for name, value in headers:
        spelt = _MOVED.get(name.lower(), name)
        if spelt[:1] != ":":
            lines.append(f"{spelt}: {value}")
    text = "\r\n".join(lines)
    breaks = len(lines) - 1
    # One look at all of it instead of one at each: of a hundred thousand exchanges, seconds.
    if text.count("\r") != breaks or text.count("\n") != breaks or "\0" in text:
        text = "\r\n".join(line.translate(_BREAKS) for line in lines)
    return text.encode("latin-1", "replace") + END
