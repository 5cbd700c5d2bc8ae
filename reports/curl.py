"""The command line that sends a recorded request again, run from inside the bundle.

The body is a file of the bundle, never quoted text: a body may hold anything, a shell line may not.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from reports.excerpt import ExchangeRecord

# curl makes these itself, or they belong to the recorded connection only.
_LEFT_OUT = {"content-length", "connection", "user-agent", "transfer-encoding", "te", "trailer"}
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#%&'*+.^_|~-]+")
_SHELL_SAFE_NAME = re.compile(r"[A-Za-z0-9-]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def command(record: ExchangeRecord) -> str | None:
    """A ``curl`` command; None where curl cannot say the same (another scheme, a header that is no HTTP token).

    Redacted headers become environment variables: ``ART15_TOKEN`` for bearer tokens, ``ART15_<NAME>`` for others.
    """
    try:
        if urlsplit(record.url).scheme not in ("http", "https"):
            return None
    except ValueError:
        return None
    headers = _headers(record)
    if headers is None:
        return None
    parts = ["curl", "-sS", "--path-as-is", *_method(record.method)]
    if re.search(r"[\[\]{}]", record.url):
        parts.append("--globoff")  # or curl would read brackets as a pattern for many URLs
    for header in headers:
        parts += ["-H", header]
    body = record.request.body
    if body is not None and body.bytes and _SHA256.fullmatch(body.sha256):
        parts += ["--data-binary", f"@exchanges/{body.sha256[:2]}/{body.sha256}.body"]
    parts.append(shlex.quote(record.url))
    return " ".join(parts)


def _method(method: str) -> list[str]:
    if method == "GET":
        return []
    if method == "HEAD":
        return ["--head"]  # with -X HEAD curl would wait for a body
    return ["-X", shlex.quote(method)]


def _headers(record: ExchangeRecord) -> list[str] | None:
    redacted = {str(each.get("where", "")).lower() for each in record.redactions}
    quoted = []
    for name, value in record.request.headers:
        if not _HEADER_NAME.fullmatch(name) or "\n" in value or "\r" in value or "\0" in value:
            return None
        lowered = name.lower()
        if f"request.header.{lowered}" in redacted:
            quoted.append(_secret(name))
        elif not _implied(lowered, value, record.url):
            quoted.append(shlex.quote(f"{name}: {value}" if value else f"{name};"))
    has_type = any(name.lower() == "content-type" for name, _ in record.request.headers)
    if record.request.body is not None and record.request.body.bytes and not has_type:
        quoted.append("'Content-Type:'")  # or curl would add one of its own
    return quoted


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
