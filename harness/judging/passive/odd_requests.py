"""Odd requests to each route as data: mistakes of a client that no handler expects, one class each, and harmless.

Sources: RFC 9110 (methods, fields), RFC 3986 (paths). Malformed messages are in :mod:`harness.generate.hostile`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.wire.access import Header

VERBS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")
# These may mean something to who manages models: they are sent to a model that nobody has.
CHANGING = frozenset({"PUT", "DELETE", "PATCH"})
QUERY = "a15=1&=&&x[]=%ff&y=%00&z=%"
LONG, MANY = 5 * 1024, 60

# Fields with values that their grammar does not have; none of them changes how the request travels.
ODD_HEADERS: tuple[Header, ...] = (
    ("Accept", "application/xml;q=x, ,/"),
    ("Accept-Charset", "utf-9;q=2"),
    ("Accept-Language", "zz-;q=,"),
    ("Baggage", "=,;"),
    ("Cookie", '=; a="; ;;b'),
    ("Date", "never"),
    ("Forwarded", 'for=;;by="[::'),
    ("If-Modified-Since", "yesterday"),
    ("If-None-Match", 'W/"'),
    ("If-Unmodified-Since", "0"),
    ("Max-Forwards", "x"),
    ("Origin", "null"),
    ("Pragma", ","),
    ("Prefer", "wait=x"),
    ("Range", "bytes=x-"),
    ("Referer", "::"),
    ("Traceparent", "zz-1-x"),
    ("Tracestate", ",,="),
    ("X-B3-TraceId", "zz"),
    ("X-Correlation-Id", "{}%00'\""),
    ("X-Forwarded-For", ", ,999.1.1.1"),
    ("X-Forwarded-Host", "a b"),
    ("X-Forwarded-Port", "x"),
    ("X-Forwarded-Proto", "gopher"),
    ("X-Real-Ip", "999.999.1"),
    ("X-Request-Id", "\u00ff\u00fe"),
)
ODD_NAMES = frozenset(name.lower() for name, _ in ODD_HEADERS)
MARK = "X-Art15"

# Of a whole and valid body.
MEDIA_TYPES: tuple[tuple[str, str], ...] = (
    ("empty", ""),
    ("garbage", "/;="),
    ("text", "text/plain"),
    ("multipart", "multipart/form-data"),
    ("form", "application/x-www-form-urlencoded"),
    ("utf-16", "application/json; charset=utf-16"),
    ("charset-unknown", "application/json; charset=nobody-has-this"),
)
BODIES: tuple[tuple[str, bytes], ...] = (
    ("empty", b""),
    ("blank", b"  \n"),
    ("null", b"null"),
    ("array", b"[]"),
    ("text", b'"inputs"'),
    ("number", b"1"),
    ("not-utf-8", b"\xff\xfe{\x00}\x00"),
    ("half-a-character", b'{"inputs":"\xc3"}'),
)
# One segment of a path, percent-encoded as far as it is.
NAMES: tuple[tuple[str, str], ...] = (
    ("empty", ""),
    ("blank", "%20"),
    ("not-utf-8", "%ff%fe"),
    ("nul", "a%00b"),
    ("not-an-escape", "a%zz"),
    ("astral", "%F0%9F%98%80"),
    ("slash", "a%2Fb"),
    ("long", "n" * 2000),
)
ODD_VERSIONS: tuple[tuple[str, str], ...] = (
    ("empty", ""),
    ("word", "latest-a15"),
    ("negative", "-1"),
    ("fraction", "1.5"),
    ("huge", "9" * 40),
    ("not-utf-8", "%ff"),
)


@dataclass(frozen=True, slots=True)
class OddRequest:
    """A whole request that is odd in one way.

    Attributes:
        kind: its class, such as ``another verb``.
        name: what it is, for people.
    """

    kind: str
    name: str
    method: str
    path: str
    body: bytes | None = None
    headers: tuple[Header, ...] = ()


@dataclass(frozen=True, slots=True)
class OddRoute:
    """A route of the endpoint, with a request that is right there.

    Attributes:
        path: percent-encoded.
        of_nobody: the same path of a model that nobody has; empty where it names none.
    """

    method: str
    path: str
    body: bytes | None = None
    of_nobody: str = ""


def odd_to(route: OddRoute) -> Iterator[OddRequest]:
    """What is odd about a request to any route, but for its headers."""
    for verb in VERBS:
        if verb != route.method:
            path = route.of_nobody or route.path if verb in CHANGING else route.path
            body = b"{}" if verb in ("POST", "PUT", "PATCH") else None
            yield OddRequest("another verb", f"{verb} {path}", verb, path, body)
    yield OddRequest("a slash too many", f"{route.path}/", route.method, f"{route.path}/", route.body)
    yield OddRequest("a slash too many", f"/{route.path}", route.method, f"/{route.path}", route.body)
    yield OddRequest("a query", f"{route.path}?...", route.method, f"{route.path}?{QUERY}", route.body)
    yield with_headers(route, "a long header", ((MARK, "a" * LONG),))
    yield with_headers(route, "many headers", tuple((f"{MARK}-{n}", "a") for n in range(MANY)))
    if route.method == "GET":
        yield OddRequest("a body", f"{route.path} with a body", "GET", route.path, b'{"inputs":')


def with_headers(route: OddRoute, kind: str, headers: tuple[Header, ...]) -> OddRequest:
    """The right request with further headers."""
    named = headers[0][0] if len(headers) == 1 else f"{len(headers)} headers"
    return OddRequest(kind, f"{route.method} {route.path} with {named}", route.method, route.path, route.body, headers)


def odd_inferences(route: OddRoute) -> Iterator[OddRequest]:
    """What is odd about the body of an inference, or about its label."""
    for name, media in MEDIA_TYPES:
        yield OddRequest("another media type", name, "POST", route.path, route.body, (("Content-Type", media),))
    for name, body in BODIES:
        yield OddRequest("another body", name, "POST", route.path, body)
    yield OddRequest(
        "an unknown coding", "aardvark", "POST", route.path, route.body, (("Content-Encoding", "aardvark"),)
    )


def odd_names(model: str, body: bytes, *, server: bool) -> Iterator[OddRequest]:
    """Names and versions that no model has; ``model`` is percent-encoded.

    Args:
        server: whether names are asked for as well, which is the same for every model.
    """
    bases = [("an odd version", name, f"/v2/models/{model}/versions/{each}") for name, each in ODD_VERSIONS]
    if server:
        bases += [("an odd name", name, f"/v2/models/{each}") for name, each in NAMES]
    for kind, name, base in bases:
        for method, leaf in (("GET", ""), ("GET", "/ready"), ("POST", "/infer")):
            yield OddRequest(kind, f"{name}, {method} {leaf or 'metadata'}", method, base + leaf,
                             body if method == "POST" else None)  # fmt: skip
