"""What of the head of a message is kept of a run that sends sensitive samples: words of a closed set, and numbers.

A header frames a message, but a server may write into its value, its name and the reason phrase what it likes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPMethod, HTTPStatus
from typing import Any

from harness.bundle.exchange import NOT_KEPT
from harness.record.exchange import Headers

__all__ = ["MEDIA_TYPES", "NOT_KEPT", "answered_with", "asked_with", "media_type", "phrase", "version"]

MEDIA_TYPES = frozenset(
    {
        "application/grpc", "application/grpc+proto", "application/json", "application/octet-stream",
        "application/openmetrics-text", "application/problem+json", "application/x-www-form-urlencoded",
        "application/xml", "text/event-stream", "text/html", "text/plain", "text/xml",
    }
)  # fmt: skip
_SCHEMES = frozenset({"basic", "bearer", "digest", "dpop", "hoba", "mutual", "negotiate", "ntlm"})
_SERVERS = frozenset(
    {"apache", "caddy", "cloudflare", "daphne", "envoy", "granian", "gunicorn", "haproxy", "hypercorn", "istio-envoy",
     "nginx", "tornadoserver", "uvicorn", "werkzeug"}
)  # fmt: skip
_CODINGS = frozenset({"br", "chunked", "compress", "deflate", "gzip", "identity", "zstd"})
_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
    r"\d\d:\d\d:\d\d GMT"
)
_NUMBER = re.compile(r"\d{1,12}")
# What the word that is kept ends at.
_AFTER_PRODUCT, _AFTER_SCHEME = re.compile(r"[/ ]"), re.compile(r"[ ,]")
_KEEP_ALIVE = re.compile(r"(?:(?:timeout|max)=\d{1,6}(?:, ?|$)){1,2}")
_VERSION = re.compile(r"HTTP/\d(?:\.\d)?")
# As later versions of RFC 9110 and of Python say them.
_OTHER_PHRASES = {"content too large", "payload too large", "unprocessable content"}
# What a client says of itself.
_OWN = frozenset({"accept", "accept-encoding", "host", "te", "user-agent", ":authority", "grpc-timeout"})
# Names that say nothing of a value, of headers whose values may.
_NAMES = frozenset(
    {
        "accept-ranges", "access-control-allow-origin", "age", "authorization", "cache-control", "content-disposition",
        "content-language", "content-security-policy", "cookie", "etag", "expires", "forwarded", "grpc-message",
        "grpc-status-details-bin", "last-modified", "link", "location", "permissions-policy", "pragma",
        "proxy-authenticate", "proxy-authorization", "referrer-policy", "server-timing", "set-cookie",
        "strict-transport-security", "traceparent", "tracestate", "trailer", "vary", "via", "x-b3-traceid",
        "x-content-type-options", "x-correlation-id", "x-envoy-upstream-service-time", "x-forwarded-for",
        "x-frame-options", "x-powered-by", "x-process-time", "x-request-id", "x-xss-protection",
    }
)  # fmt: skip


def answered_with(headers: Headers) -> Headers:
    """The headers, or trailers, of an answer as they may be written."""
    return tuple((_name(name), _value(name.lower(), value)) for name, value in headers)


def asked_with(headers: Headers) -> Headers:
    """The headers of a request as they may be written."""
    return tuple(
        (name, value) if name.lower() in _OWN else (_name(name), _value(name.lower(), value)) for name, value in headers
    )


def phrase(status: int | None, reason: str) -> str:
    """The reason phrase, where it is the one of the status."""
    said = reason.lower()
    usual = {each.phrase.lower() for each in HTTPStatus if each == status}
    return reason if not said or said in usual or (status in (413, 422) and said in _OTHER_PHRASES) else NOT_KEPT


def version(said: str | None) -> str | None:
    """The version of HTTP that an answer names."""
    return said if not said or _VERSION.fullmatch(said) else NOT_KEPT


def media_type(value: str) -> str | None:
    """The media type of a Content-Type without its parameters; None where it is none that is well known."""
    kind = value.partition(";")[0].strip()
    return kind if kind.lower() in MEDIA_TYPES else None


def _name(name: str) -> str:
    """A name of a header; one that nobody expects may itself be a value."""
    lowered = name.lower()
    return name if lowered in _VALUES or lowered in _OWN or lowered in _NAMES else NOT_KEPT


def _value(name: str, value: str) -> str:
    told = _VALUES.get(name)
    return NOT_KEPT if told is None else told(value) or (NOT_KEPT if value else "")


def _number(value: str) -> str | None:
    return value if _NUMBER.fullmatch(value) else None


def _matching(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    return lambda value: value if pattern.fullmatch(value) else None


def _first(words: frozenset[str], ends: re.Pattern[str]) -> Callable[[str], str | None]:
    """The first word of a value, up to any of some signs, where it is well known."""

    def kept(value: str) -> str | None:
        word = ends.split(value, maxsplit=1)[0]
        return word if word.lower() in words else None

    return kept


def _list(*words: str) -> Callable[[str], str | None]:
    """A value that is a list of well-known words."""
    known = frozenset(words)
    return lambda value: value if all(each.strip().lower() in known for each in value.split(",")) else None


# Of each header that frames a message, what is kept of its value; None: nothing.
_VALUES: dict[str, Callable[[str], Any]] = {
    "allow": _list(*(each.value.lower() for each in HTTPMethod)),
    "connection": _list("close", "keep-alive", "upgrade", "te"),
    "content-encoding": _list(*_CODINGS),
    "content-length": _number,
    "content-type": media_type,
    "date": _matching(_DATE),
    "grpc-accept-encoding": _list(*_CODINGS),
    "grpc-encoding": _list(*_CODINGS),
    "grpc-status": _number,
    "inference-header-content-length": _number,
    "keep-alive": _matching(_KEEP_ALIVE),
    "retry-after": _number,
    "server": _first(_SERVERS, _AFTER_PRODUCT),
    "transfer-encoding": _list(*_CODINGS),
    "upgrade": _list("h2c", "websocket", "http/2.0"),
    "www-authenticate": _first(_SCHEMES, _AFTER_SCHEME),
}
