"""What an answer owes: whether a clause speaks of it at all, told from the exchange alone.

A page of a proxy, a limit of the HTTP parser and a path that nobody routes are no error objects of the application, and
are held against nobody.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

from harness.judging.passive.odd_requests import MANY, ODD_NAMES
from harness.record.exchange import Exchange
from harness.record.intent import Intent
from harness.wire.rawhttp import RAW

Route = Literal["infer", "generate", "metadata", "health", "other"]

# Statuses that a gate, a proxy or the HTTP parser gives in the application's place, or that routing gives: 404 of an
# unknown model has a check of its own (REST-ERR-04).
NOT_OF_THE_APPLICATION = frozenset(
    {401, 402, 403, 404, 405, 406, 407, 408, 411, 412, 414, 415, 416, 417, 421, 425, 426, 428, 429, 431, 451, 499}
    | {502, 503, 504, 505, 508, 511}
)
# Software that stands in front of services and answers for them; a name of a server's own says nothing here.
FRONTS = ("envoy", "istio", "nginx", "openresty", "haproxy", "awselb", "cloudflare", "traefik", "caddy", "apache",
          "varnish", "squid", "akamai", "kong", "gws", "google", "microsoft-azure", "bigip")  # fmt: skip
# Headers that change what a server reads of a request before the application does.
SPECIAL = frozenset({"transfer-encoding", "content-encoding", "expect", "upgrade", "range", "trailer", "te", "origin"})
PLAIN_HEADERS = LONG_HEADER = 2048
SERVICE = "/inference.GRPCInferenceService/"
READY = frozenset({"ServerLive", "ServerReady", "ModelReady"})
CLIENT_CODES = frozenset({"INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION", "OUT_OF_RANGE"})

# What is odd about requests for what there is not.
UNKNOWN = ("an odd name", "an odd version")

_ROUTES: tuple[tuple[Route, re.Pattern[str]], ...] = (
    ("infer", re.compile(r"/v2/models/[^/?#]+(?:/versions/[^/?#]+)?/infer$")),
    ("generate", re.compile(r"/v2/models/[^/?#]+(?:/versions/[^/?#]+)?/(?:generate|infer|generate_|infer_)\w*")),
    ("health", re.compile(r"/v2/health/|/v2/models/[^?#]{0,300}/ready/?$")),
    ("metadata", re.compile(r"/v2/?$|/v2/models/[^/?#]+(?:/versions/[^/?#]+)?$")),
)
_NAMED = re.compile(r"/v2/models/([^/?#]*)(?:/versions/([^/?#]*))?")
_PLAIN_PATH = re.compile(r"[\w.:/\[\]-]*")


@lru_cache(maxsize=1024)
def route_of(url: str) -> Route:
    """What of the protocol a URL names."""
    return next((route for route, pattern in _ROUTES if pattern.search(url)), "other")


def is_grpc(exchange: Exchange) -> bool:
    """Whether it is a call over gRPC; REST is HTTP/1.1 here."""
    return exchange.http_version == "HTTP/2"


def from_front(exchange: Exchange) -> bool:
    """Whether something in front of the service has answered, as far as its name and its page tell."""
    named = (exchange.header("server") or "").lower()
    return named.startswith(FRONTS) and exchange.media_type != "application/json"


def owes_error_object(exchange: Exchange) -> bool:
    """Whether REST-ERR-02 speaks of this answer: a failed inference that the application itself has refused."""
    status = exchange.status or 0
    if status < 400 or status in NOT_OF_THE_APPLICATION or status > 519 or exchange.error is not None:
        return False
    if exchange.method != "POST" or exchange.http_version != "HTTP/1.1" or route_of(exchange.url) != "infer":
        return False
    path = exchange.url.partition("://")[2]
    return bool(_PLAIN_PATH.fullmatch(path)) and _plain_request(exchange) and not from_front(exchange)


def _plain_request(exchange: Exchange) -> bool:
    """Whether nothing but the body is unusual, so that the HTTP parser has nothing to refuse."""
    size, labels = 0, []
    for name, value in exchange.request_headers:
        lowered = name.lower()
        if lowered in SPECIAL or lowered == "inference-header-content-length" or not value.isascii():
            return False
        size += len(name) + len(value)
        if lowered == "content-type":
            labels.append(value)
    return size <= PLAIN_HEADERS and labels == ["application/json"]


def owes_label(exchange: Exchange) -> bool:
    """Whether REST-HTTP-07 speaks of the label of this answer, if its body is an error object."""
    status = exchange.status or 0
    own = 400 <= status < 520 and status not in {401, 403, 407, 429, 502, 503, 504}
    return own and exchange.error is None and route_of(exchange.url) in ("infer", "metadata")


def broke_down(exchange: Exchange, intent: Intent) -> bool:
    """Status 500: whatever was asked, the server says that it is the one that failed.

    Health and readiness may say no by any status to who asks for what there is or is not, as may answers to what the
    protocol leaves open; other 5xx say something else (not offered, too busy, no version).
    """
    if intent == "open" or exchange.status != 500 or exchange.error is not None:
        return False
    return not may_say_no(exchange) or oddity(exchange) not in ("", *UNKNOWN)


def may_say_no(exchange: Exchange) -> bool:
    """Whether an answer is one about health or readiness, where a 5xx may mean no."""
    # Of a path with a very long name nothing else is read.
    return route_of(exchange.url) == "health" or urlsplit(exchange.url).path.endswith("/ready")


def oddity(exchange: Exchange) -> str:
    """What is odd about a request over REST beside its body, in words that many requests share; empty for nothing."""
    split = urlsplit(exchange.url)
    path, route = split.path, route_of(exchange.url)
    if exchange.http_version == RAW:
        lines = exchange.request_body.partition(b"\r\n\r\n")[0].split(b"\r\n")
        return "a long header" if max(map(len, lines)) > LONG_HEADER else "many headers" if len(lines) > MANY else ""
    if (path.endswith("/") and not path.endswith("/v2/")) or "//" in path:
        return "a slash too many"
    named = _NAMED.search(path)
    if named is not None and ("%" in named[1] or len(named[1]) > 1000):
        return UNKNOWN[0]
    if named is not None and named[2] is not None and not named[2].isdecimal():
        return UNKNOWN[1]
    posted = route in ("infer", "generate") or "/repository/" in path
    if route != "other" and exchange.method != ("POST" if posted else "GET"):
        return "another verb"
    return "a query" if split.query else _oddity_of_head(exchange, posted=posted)


def _oddity_of_head(exchange: Exchange, *, posted: bool) -> str:
    """What is odd about the headers."""
    headers = exchange.request_headers
    if any(len(value) > LONG_HEADER for _, value in headers):
        return "a long header"
    if len(headers) >= MANY:
        return "many headers"
    odd = [name for name, value in headers if name.lower() in ODD_NAMES and value != "*/*"]
    if odd:
        return f"the header {odd[0]}" if len(odd) == 1 else "odd headers"
    media = [value for name, value in headers if name.lower() == "content-type"]
    if posted and any(value not in ("application/json", "application/octet-stream") for value in media):
        return "another media type"
    return "" if posted or not exchange.request_body else "a body"


def grpc_blame(exchange: Exchange, intent: Intent) -> str | None:
    """The root cause of a status that blames the server, or explains nothing; None where it is right or not its own.

    What cannot be read as the message is refused by the library (INTERNAL in all of them), and a status that only
    stands for one of HTTP is none that the server gave.
    """
    rpc, method = exchange.rpc, exchange.url.rpartition("/")[2]
    if rpc is None or exchange.error is not None or method in READY or SERVICE not in exchange.url:
        return None
    if not any(name == "grpc-status" for name, _ in (*exchange.response_trailers, *exchange.response_headers)):
        return None
    if rpc.name in CLIENT_CODES and not rpc.details.strip():
        return "grpc-status-without-details"
    if intent == "open" or rpc.name not in ("UNKNOWN", "INTERNAL") or not _is_message(exchange, method):
        return None
    return f"grpc-{'valid-call' if intent == 'valid' else 'client-mistake'}:{rpc.name}"


def _is_message(exchange: Exchange, method: str) -> bool:
    if exchange.request_text or not exchange.request_body:
        return True
    from google.protobuf.message import DecodeError  # noqa: PLC0415 -- needs the extra grpc

    from harness.wire.protobuf import message  # noqa: PLC0415 -- needs the extra grpc

    try:
        message(method, "Request").ParseFromString(exchange.request_body)
    except (LookupError, DecodeError):
        return False
    return True
