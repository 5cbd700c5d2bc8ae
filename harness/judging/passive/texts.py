"""The texts of an exchange that are looked at: so much of them and no more, and what the request itself has said."""

from __future__ import annotations

import base64
import re
from urllib.parse import unquote

from harness.oracles.disclosure import words_of
from harness.record.coding import Undecodable, decoded_body
from harness.record.exchange import Exchange, Headers
from harness.wire import strictjson

# Bytes of an answer that are looked at, from its beginning and from its end: stacks stand at either.
HEAD, TAIL = 16 * 1024, 4 * 1024
# Larger requests are not taken apart to see what an answer repeats of them; they are searched as they are.
PARSED = 256 * 1024
# Headers that every answer has, or that hold tokens meant for whom they are sent to.
PASSED_OVER = frozenset(
    {"date", "content-length", "content-type", "connection", "keep-alive", "transfer-encoding", "server", "vary", "via",
     "grpc-status", "grpc-message", "grpc-encoding", "grpc-accept-encoding", "accept-encoding", "set-cookie", "allow",
     "www-authenticate", "proxy-authenticate", "location", "etag", "x-request-id", "x-correlation-id", "traceparent",
     "tracestate", "retry-after"}
)  # fmt: skip
_STATUS_BYTES = "grpc-status-details-bin"
_IDENTIFIER = re.compile(r"[0-9a-fA-F-]*")


def piece(data: bytes) -> bytes:
    """The part of a body that is looked at."""
    return data if len(data) <= HEAD + TAIL else data[:HEAD] + b"\n" + data[-TAIL:]


def body_text(exchange: Exchange) -> str:
    """The words of a JSON body, and the text as it is of anything else."""
    try:
        body = decoded_body(exchange, PARSED)
    except Undecodable:
        body = exchange.response_body
    if len(body) <= HEAD + TAIL:
        try:
            return words_of(strictjson.parse(body).value)
        except (strictjson.NotJson, RecursionError):
            pass
    text = piece(body).decode("utf-8", "replace")
    # JSON that was not parsed has its line breaks and quotation marks escaped.
    return text.replace("\\n", "\n").replace('\\"', '"')


def telling_headers(headers: Headers) -> str:
    """Headers that could tell something, a line each."""
    lines = []
    for name, value in headers:
        lowered = name.lower()
        if lowered in PASSED_OVER or _IDENTIFIER.fullmatch(value):
            continue
        lines.append(f"{name}: {_readable(value) if lowered == _STATUS_BYTES else value[:HEAD]}")
    return "\n".join(lines)[: HEAD + TAIL]


def said(exchange: Exchange) -> str:
    """What the request itself said, in every spelling that an answer may give it back in."""
    url = exchange.url
    body = exchange.request_body
    parts = [url, unquote(url), unquote(unquote(url)), body.decode("utf-8", "replace"), exchange.request_text]
    parts += [f"{name}: {value}" for name, value in exchange.request_headers]
    if len(body) <= PARSED:
        try:
            parts.append(words_of(strictjson.parse(body).value))
        except (strictjson.NotJson, RecursionError):
            parts.append(parts[3].replace("\\n", "\n").replace('\\"', '"').replace("\\/", "/"))
    return "\n".join(parts)


def _readable(value: str) -> str:
    try:
        data = base64.b64decode(value + "=" * (-len(value) % 4))
    except ValueError:
        return value
    return re.sub(r"[^\x20-\x7e\n]+", "\n", data[:HEAD].decode("latin-1"))
