"""Exchange records of a bundle and how the page shows them: capped, and as text only where they are text."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field, replace
from typing import Any

from harness.bundle.exchange import Body, ExchangeRecord, Request, Response, decode
from harness.bundle.folder import Altered
from harness.bundle.places import BODY, RECORD, Suffix
from harness.bundle.store import Store
from reports.document.curl import INLINE, command
from reports.document.grpcurl import grpcurl
from reports.evidence import MessageView

# How the lines of a gRPC call are told from those of HTTP, where they are made and where they are shown.
RPC_CALL = " (gRPC)"
RPC_STATUS = "gRPC status"
NO_RPC_STATUS = "no gRPC status"
EXCERPT = 4096
HEX_EXCERPT = 1024
MAX_HEADERS = 40
MAX_HEADER_VALUE = 400
MAX_LINE = 500

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Shown:
    """An exchange ready for the page."""

    request: MessageView
    response: MessageView | None
    curl: str | None
    grpcurl: str | None = None


@dataclass(frozen=True, slots=True)
class _Content:
    """A body as it is shown."""

    body: Body | None = None
    text: str = ""
    shown_as: Any = "empty"
    whole: bool = True


@dataclass(slots=True)
class ExchangeReader:
    """Reads records of one bundle; what is missing or altered is listed in ``trouble``, once each."""

    store: Store
    trouble: dict[str, str] = field(default_factory=dict)

    def show(self, sha256: str | None, limit: int = EXCERPT) -> Shown | None:
        """The exchange with body excerpts of at most ``limit`` bytes; None if there is no usable record."""
        if sha256 is None:
            return None
        data = self._stored(sha256, RECORD)
        if data is None:
            return None
        try:
            record = decode(data)
        except ValueError as error:
            self.trouble[sha256] = f"the record cannot be read: {error}"
            return None
        sent = record.request.body
        content = self._stored(sent.sha256, BODY) if sent is not None and sent.bytes <= INLINE else None
        return Shown(
            self._request(record, limit), self._response(record, limit), command(record, content), grpcurl(record)
        )

    def _request(self, record: ExchangeRecord, limit: int) -> MessageView:
        line = f"{record.method} {record.url} {record.http_version}"
        if record.is_grpc:
            line += RPC_CALL
        return self._view(line, _headers(record.request.headers), self._content(record, record.request, limit))

    def _response(self, record: ExchangeRecord, limit: int) -> MessageView | None:
        seen = record.response
        if seen is None and record.rpc is None:
            if record.error is None:
                return None
            return self._view(f"no response: {record.error.kind}: {record.error.message}", [], _Content())
        line = _status_line(record, seen)
        if record.error is not None:
            line += f" (then {record.error.kind}: {record.error.message})"
        if seen is None:
            return self._view(line, [], _Content())
        headers = _headers(seen.headers) + _headers([(f"trailer {name}", value) for name, value in seen.trailers])
        return self._view(line, headers, self._content(record, seen, limit), cut=seen.truncated)

    def _content(self, record: ExchangeRecord, side: Request | Response, limit: int) -> _Content:
        """What is shown of a body; size and digest are always those of the bytes."""
        body = side.body
        data = self._stored(body.sha256, BODY) if body is not None and body.bytes else b""
        if body is not None and body.clipped is not None:
            was = body.clipped
            content = self._shown(
                record, side, Body(sha256=was.sha256, bytes=was.bytes), (data or b"")[: was.head], limit
            )
            return replace(content, whole=False)
        return self._shown(record, side, body, data, limit)

    @staticmethod
    def _shown(
        record: ExchangeRecord, side: Request | Response, body: Body | None, data: bytes | None, limit: int
    ) -> _Content:
        if not record.is_message(side):
            shown = excerpt(data or b"", limit)
        else:
            readable = excerpt((side.text or "").encode(), limit)
            if readable[1] == "text":
                return _Content(body, *readable)
            shown = _binary(data or b"", limit)
        text, shown_as, whole = shown
        return _Content(body, text, shown_as, whole and data is not None)

    def _view(self, line: str, headers: list[tuple[str, str]], content: _Content, *, cut: bool = False) -> MessageView:
        return MessageView(
            line=clip(line.replace("\r", "‹U+000D›").replace("\n", "‹U+000A›"), MAX_LINE),
            headers=headers,
            body=content.text,
            body_bytes=content.body.bytes if content.body else 0,
            body_sha256=content.body.sha256 if content.body else None,
            shown_as=content.shown_as,
            truncated=cut or not content.whole,
        )

    def _stored(self, sha256: str, suffix: Suffix) -> bytes | None:
        try:
            return self.store.get(sha256, suffix)
        except Altered:
            self.trouble[sha256] = f"the {suffix} does not have the content that its digest promises"
        except (OSError, ValueError) as error:
            self.trouble[sha256] = f"the {suffix} is missing: {getattr(error, 'strerror', None) or error}"
        return None


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
    return _binary(data, limit)


def _binary(data: bytes, limit: int) -> tuple[str, Any, bool]:
    """The beginning of a body that is no text, even where its bytes happen to be some."""
    if not data:
        return "", "empty", True
    head = data[: min(limit, HEX_EXCERPT)]
    lines = [head[start : start + 32].hex(" ") for start in range(0, len(head), 32)]
    return "\n".join(lines), "hex", len(data) <= len(head)


def _status_line(record: ExchangeRecord, seen: Response | None) -> str:
    rpc = record.rpc
    if rpc is not None:
        return f"{RPC_STATUS} {rpc.code} {rpc.name}" + (f": {rpc.details}" if rpc.details else "")
    status = seen.status if seen is not None else None
    if record.is_grpc or seen is None:
        return NO_RPC_STATUS + ("" if status is None else f", HTTP status {status}")
    return f"{seen.http_version} {seen.status} {seen.reason}".rstrip()


def clip(text: str, limit: int) -> str:
    """The text, cut to ``limit`` characters with a note of its whole length."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters in all)"


def _headers(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    shown = [(clip(name, 100), clip(value, MAX_HEADER_VALUE)) for name, value in headers[:MAX_HEADERS]]
    if len(headers) > MAX_HEADERS:
        shown.append(("…", f"{len(headers) - MAX_HEADERS} more headers"))
    return shown
