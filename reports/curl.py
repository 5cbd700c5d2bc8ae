"""The command line that sends a recorded request again, run from inside the bundle.

The body is a file of the bundle, never quoted text: a body may hold anything, a shell line may not.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.bundle.places import BODY, place

if TYPE_CHECKING:
    from reports.excerpt import Body, ExchangeRecord

# curl makes these itself, or they belong to the recorded connection only.
_LEFT_OUT = {"content-length", "connection", "user-agent", "transfer-encoding", "te", "trailer"}
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#%&'*+.^_|~-]+")
_SHELL_SAFE_NAME = re.compile(r"[A-Za-z0-9-]+")
_HOST_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?")
# How a record says that no HTTP client made the request: its body is every byte that was sent.
RAW = "raw"


def command(record: ExchangeRecord) -> str | None:
    """A ``curl`` command; None where curl cannot say the same (another scheme, a header that is no HTTP token,
    a body that is kept in part).

    Redacted headers become environment variables: ``ART15_TOKEN`` for bearer tokens, ``ART15_<NAME>`` for others.
    A gRPC call needs a curl with HTTP/2 (7.88 or later); its command prints headers and trailers, and with them
    ``grpc-status`` and ``grpc-message``.
    """
    try:
        scheme = urlsplit(record.url).scheme
    except ValueError:
        return None
    headers = _headers(record)
    if record.request.body is not None and record.request.body.clipped is not None:
        return None  # the bundle holds a part of it only
    if record.http_version == RAW:
        return _raw(record)
    if scheme not in ("http", "https") or headers is None:
        return None
    return _grpc(record, scheme, headers) if record.is_grpc else _http(record, headers)


def _raw(record: ExchangeRecord) -> str | None:
    """Bytes as they are, over a connection of their own; None over TLS, or where a secret was taken out of them.

    Pauses between the bytes are lost, and curl doubles bytes of value 255, as telnet wants it.
    """
    parts, path = urlsplit(record.url), _path(record.request.body)
    redacted = any(str(each.get("where", "")) == "request.body" for each in record.redactions)
    if parts.scheme != "http" or path is None or redacted or not _HOST_PORT.fullmatch(parts.netloc):
        return None
    authority = parts.netloc if parts.port is not None else f"{parts.netloc}:80"
    return f"curl -sS --max-time 10 {shlex.quote(f'telnet://{authority}')} < {path}"


def _http(record: ExchangeRecord, headers: list[str]) -> str:
    parts = ["curl", "-sS", "--path-as-is", *_method(record.method), *_globbing(record.url)]
    for header in headers:
        parts += ["-H", header]
    path = _path(record.request.body)
    if path is not None:
        parts += ["--data-binary", f"@{path}"]
    parts.append(shlex.quote(record.url))
    return " ".join(parts)


def _grpc(record: ExchangeRecord, scheme: str, headers: list[str]) -> str | None:
    """The message goes into curl behind the frame that gRPC puts before it on the wire.

    Source: PROTOCOL-HTTP2.md of gRPC, Length-Prefixed-Message: a flag (0: not compressed), then four bytes of length,
    most significant first.
    """
    body = record.request.body
    size, path = body.bytes if body else 0, _path(body)
    if size >= 1 << 32 or (size and path is None):
        return None
    frame = "".join(f"\\{byte:03o}" for byte in (0, *size.to_bytes(4, "big")))
    parts = [f"printf '{frame}' |", *([f"cat - {path} |"] if path else [])]
    # Over TLS the two sides agree on HTTP/2 in the handshake; without TLS curl has to be told.
    parts += ["curl", "-sS", "--http2" if scheme == "https" else "--http2-prior-knowledge", *_globbing(record.url)]
    for header in headers:
        parts += ["-H", header]
    # curl gives trailers to -D as it does headers.
    parts += ["--data-binary", "@-", "-o", "/dev/null", "-D", "-", shlex.quote(record.url)]
    return " ".join(parts)


def _path(body: Body | None) -> str | None:
    if body is None or not body.bytes:
        return None
    try:
        return place(body.sha256, BODY)
    except ValueError:
        return None


def _globbing(url: str) -> list[str]:
    """Without it, curl would read brackets as a pattern for many URLs."""
    return ["--globoff"] if re.search(r"[\[\]{}]", url) else []


def _method(method: str) -> list[str]:
    if method == "GET":
        return []
    if method == "HEAD":
        return ["--head"]  # with -X HEAD curl would wait for a body
    return ["-X", shlex.quote(method)]


def _headers(record: ExchangeRecord) -> list[str] | None:
    redacted = {str(each.get("where", "")).lower() for each in record.redactions}
    quoted = []
    for name, value in _sendable(record):
        if not _HEADER_NAME.fullmatch(name) or "\n" in value or "\r" in value or "\0" in value:
            return None
        lowered = name.lower()
        if f"request.header.{lowered}" in redacted:
            quoted.append(_secret(name))
        elif (record.is_grpc and lowered == "te") or not _implied(lowered, value, record.url):
            quoted.append(shlex.quote(f"{name}: {value}" if value else f"{name};"))
    has_type = any(name.lower() == "content-type" for name, _ in record.request.headers)
    has_body = record.request.body is not None and record.request.body.bytes
    if (has_body or record.is_grpc) and not has_type:
        quoted.append("'Content-Type:'")  # or curl would add one of its own
    return quoted


def _sendable(record: ExchangeRecord) -> list[tuple[str, str]]:
    """The headers, with the authority of HTTP/2 under the name that curl makes it from."""
    if not record.is_grpc:
        return record.request.headers
    named = [("host" if name == ":authority" else name, value) for name, value in record.request.headers]
    return [(name, value) for name, value in named if not name.startswith(":")]


def _implied(name: str, value: str, url: str) -> bool:
    if name == "host":
        return value == urlsplit(url).netloc
    if name in _LEFT_OUT:
        return True
    return (name, value) in {("accept", "*/*"), ("accept-encoding", "identity")}


def _secret(name: str) -> str:
    if name.lower() == "authorization":
        return '"Authorization: Bearer $ART15_TOKEN"'
    if not _SHELL_SAFE_NAME.fullmatch(name):
        return shlex.quote(f"{name}: (redacted)")
    return f'"{name}: $ART15_{name.upper().replace("-", "_")}"'
