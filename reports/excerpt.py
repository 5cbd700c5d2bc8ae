"""Exchange records from ``exchanges/`` and how the page shows them: capped, and as text only where they are text."""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from reports.curl import command
from reports.evidence import MessageView

EXCERPT = 4096
HEX_EXCERPT = 1024
MAX_HEADERS = 40
MAX_HEADER_VALUE = 400
MAX_LINE = 500

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """A stored body: digest and size; its path follows from the digest, never from the record."""

    sha256: str
    bytes: int


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The request side of a record."""

    headers: list[tuple[str, str]]
    body: Body | None = None


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """The response side of a record."""

    status: int
    reason: str = ""
    http_version: str = "HTTP/1.1"
    headers: list[tuple[str, str]]
    body: Body | None = None
    truncated: bool = False


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no whole response."""

    kind: str
    message: str


class ExchangeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange as it was recorded; members that the page does not need are passed over."""

    method: str
    url: str
    http_version: str = "HTTP/1.1"
    request: Request
    response: Response | None = None
    error: Failure | None = None
    redactions: list[dict[str, Any]] = []


@dataclass(frozen=True, slots=True)
class Shown:
    """An exchange ready for the page."""

    request: MessageView
    response: MessageView | None
    curl: str | None


def stored_path(sha256: str, suffix: str) -> str:
    """Where a record (``json``) or a body (``body``) lies, relative to the bundle.

    Raises:
        ValueError: not a lower-case hex SHA-256, so nothing that may become part of a path.
    """
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"{sha256!r} is not a SHA-256")
    return f"exchanges/{sha256[:2]}/{sha256}.{suffix}"


@dataclass(slots=True)
class ExchangeReader:
    """Reads records of one bundle; what is missing or altered is listed in ``trouble``, once each."""

    folder: Path
    trouble: dict[str, str] = field(default_factory=dict)

    def show(self, sha256: str | None, limit: int = EXCERPT) -> Shown | None:
        """The exchange with body excerpts of at most ``limit`` bytes; None if there is no usable record."""
        if sha256 is None:
            return None
        data = self._stored(sha256, "json")
        if data is None:
            return None
        try:
            record = msgspec.json.decode(data, type=ExchangeRecord)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self.trouble[sha256] = f"the record cannot be read: {error}"
            return None
        return Shown(self._request(record, limit), self._response(record, limit), command(record))

    def _request(self, record: ExchangeRecord, limit: int) -> MessageView:
        line = f"{record.method} {record.url} {record.http_version}"
        return self._view(line, record.request.headers, record.request.body, limit)

    def _response(self, record: ExchangeRecord, limit: int) -> MessageView | None:
        seen = record.response
        if seen is None:
            if record.error is None:
                return None
            return self._view(f"no response: {record.error.kind}: {record.error.message}", [], None, limit)
        line = f"{seen.http_version} {seen.status} {seen.reason}".rstrip()
        if record.error is not None:
            line += f" (then {record.error.kind}: {record.error.message})"
        return self._view(line, seen.headers, seen.body, limit, cut=seen.truncated)

    def _view(
        self, line: str, headers: list[tuple[str, str]], body: Body | None, limit: int, *, cut: bool = False
    ) -> MessageView:
        data = self._stored(body.sha256, "body") if body is not None and body.bytes else b""
        text, shown_as, whole = excerpt(data or b"", limit)
        return MessageView(
            line=clip(line, MAX_LINE),
            headers=_headers(headers),
            body=text,
            body_bytes=body.bytes if body else 0,
            body_sha256=body.sha256 if body else None,
            shown_as=shown_as,
            truncated=cut or not whole or data is None,
        )

    def _stored(self, sha256: str, suffix: str) -> bytes | None:
        try:
            data = (self.folder / stored_path(sha256, suffix)).read_bytes()
        except (OSError, ValueError) as error:
            self.trouble[sha256] = f"the {suffix} file is missing: {getattr(error, 'strerror', None) or error}"
            return None
        if hashlib.sha256(data).hexdigest() != sha256:
            self.trouble[sha256] = f"the {suffix} file does not have the content that its name promises"
            return None
        return data


def excerpt(data: bytes, limit: int) -> tuple[str, Any, bool]:
    """The beginning of a body as ``(text, "text" | "hex" | "empty", whole)``.

    Text means UTF-8 without control characters other than tab, line feed and carriage return; all else is shown as
    hexadecimal, 32 bytes a line, at most 1,024 bytes.
    """
    if not data:
        return "", "empty", True
    head = data[:limit]
    try:
        # A multi-byte character cut by the limit is no decoding error; one cut by the end of the body is.
        text = codecs.getincrementaldecoder("utf-8")().decode(head, final=len(data) <= limit)
    except UnicodeDecodeError:
        text = "\x00"
    if not _CONTROL.search(text):
        return text, "text", len(data) <= limit
    head = data[: min(limit, HEX_EXCERPT)]
    lines = [head[start : start + 32].hex(" ") for start in range(0, len(head), 32)]
    return "\n".join(lines), "hex", len(data) <= len(head)


def clip(text: str, limit: int) -> str:
    """The text, cut to ``limit`` characters with a note of its whole length."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters in all)"


def _headers(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    shown = [(clip(name, 100), clip(value, MAX_HEADER_VALUE)) for name, value in headers[:MAX_HEADERS]]
    if len(headers) > MAX_HEADERS:
        shown.append(("…", f"{len(headers) - MAX_HEADERS} more headers"))
    return shown
