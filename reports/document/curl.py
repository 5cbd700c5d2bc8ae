"""The command line that sends a recorded request again, run from inside the bundle.

A short body stands in it: printable text as it is, and other bytes by their octal numbers, since a body may hold
anything and a shell line may not. A longer one is taken out of the bundle by ``art15 show``.
"""

from __future__ import annotations

import re
import shlex
from urllib.parse import urlsplit

from harness.bundle.exchange import RAW, Body, ExchangeRecord
from harness.bundle.places import is_sha256

# curl makes these itself, or they belong to the recorded connection only.
_LEFT_OUT = {"content-length", "connection", "user-agent", "transfer-encoding", "te", "trailer"}
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#%&'*+.^_|~-]+")
_SHELL_SAFE_NAME = re.compile(r"[A-Za-z0-9-]+")
_HOST_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?")
# Bytes of a body that stand in the line itself; of other bytes than printable ones fewer, as each takes four signs.
INLINE, INLINE_OTHER = 2048, 512
_PRINTABLE = re.compile(rb"[ -~]*")
_AS_IT_IS = frozenset(range(0x20, 0x7F)) - frozenset(b"%'\\")


def command(record: ExchangeRecord, sent: bytes | None = None) -> str | None:
    """A ``curl`` command; None where curl cannot say the same (another scheme, a header that is no HTTP token,
    a body that is kept in part).

    Redacted headers become environment variables: ``ART15_TOKEN`` for bearer tokens, ``ART15_<NAME>`` for others.
    A gRPC call needs a curl with HTTP/2 (7.88 or later); its command prints headers and trailers, and with them
    ``grpc-status`` and ``grpc-message``.

    Args:
        record: the exchange.
        sent: the body of its request, where that is short and at hand.
    """
    try:
        scheme = urlsplit(record.url).scheme
    except ValueError:
        return None
    body = record.request.body if record.request.body is not None and record.request.body.bytes else None
    if body is not None and (body.clipped is not None or not is_sha256(body.sha256)):
        return None  # the bundle holds a part of it only, or nothing under that name
    content = sent if body is not None and sent is not None and len(sent) == body.bytes else None
    if record.http_version == RAW:
        return _raw(record, body, content)
    headers = _headers(record)
    if scheme not in ("http", "https") or headers is None or record.withheld:
        return None
    if record.is_grpc:
        return _grpc(record, scheme, headers, body, content)
    return _http(record, headers, body, content)


def _raw(record: ExchangeRecord, body: Body | None, content: bytes | None) -> str | None:
    """Bytes as they are, over a connection of their own; None over TLS, or where a secret was taken out of them.

    Pauses between the bytes are lost, and curl doubles bytes of value 255, as telnet wants it.
    """
    parts = urlsplit(record.url)
    redacted = any(str(each.get("where", "")) == "request.body" for each in record.redactions)
    if parts.scheme != "http" or body is None or redacted or not _HOST_PORT.fullmatch(parts.netloc):
        return None
    authority = parts.netloc if parts.port is not None else f"{parts.netloc}:80"
    return f"{_given(body, content)} | curl -sS --max-time 10 {shlex.quote(f'telnet://{authority}')}"


def _http(record: ExchangeRecord, headers: list[str], body: Body | None, content: bytes | None) -> str:
    parts = ["curl", "-sS", "--path-as-is", *_method(record.method), *_globbing(record.url)]
    for header in headers:
        parts += ["-H", header]
    if body is not None:
        if content is not None and _PRINTABLE.fullmatch(content):
            parts += ["--data-raw", shlex.quote(content.decode("ascii"))]
        else:
            parts = [_given(body, content), "|", *parts, "--data-binary", "@-"]
    parts.append(shlex.quote(record.url))
    return " ".join(parts)


def _grpc(
    record: ExchangeRecord, scheme: str, headers: list[str], body: Body | None, content: bytes | None
) -> str | None:
    """The message goes into curl behind the frame that gRPC puts before it on the wire.

    Source: PROTOCOL-HTTP2.md of gRPC, Length-Prefixed-Message: a flag (0: not compressed), then four bytes of length,
    most significant first.
    """
    size = body.bytes if body is not None else 0
    if size >= 1 << 32:
        return None
    frame = bytes((0, *size.to_bytes(4, "big")))
    if body is None or (content is not None and len(content) <= INLINE_OTHER):
        parts = [f"{_printf(frame + (content or b''))} |"]
    else:
        parts = [f"{{ {_printf(frame)}; {_given(body, None)}; }} |"]
    # Over TLS the two sides agree on HTTP/2 in the handshake; without TLS curl has to be told.
    parts += ["curl", "-sS", "--http2" if scheme == "https" else "--http2-prior-knowledge", *_globbing(record.url)]
    for header in headers:
        parts += ["-H", header]
    # curl gives trailers to -D as it does headers.
    parts += ["--data-binary", "@-", "-o", "/dev/null", "-D", "-", shlex.quote(record.url)]
    return " ".join(parts)


def _given(body: Body, content: bytes | None) -> str:
    """A command that writes a body."""
    if content is not None and len(content) <= INLINE_OTHER:
        return _printf(content)
    return f"art15 show {body.sha256}"


def _printf(data: bytes) -> str:
    """``printf`` with every byte that the shell or it could read otherwise as an octal number."""
    safe = b"".join(
        b"%c" % byte if byte in _AS_IT_IS else b"\\%03o" % byte  # \ooo, of three digits always
        for byte in data
    )
    return f"printf '{safe.decode('ascii')}'"


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
            quoted.append(secret(name))
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


def secret(name: str) -> str:
    """A redacted header as a word of the shell: its value is that of an environment variable."""
    if name.lower() == "authorization":
        return '"Authorization: Bearer $ART15_TOKEN"'
    if not _SHELL_SAFE_NAME.fullmatch(name):
        return shlex.quote(f"{name}: (redacted)")
    return f'"{name}: $ART15_{name.upper().replace("-", "_")}"'
