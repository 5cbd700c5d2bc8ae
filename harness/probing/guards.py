"""Guards: what an endpoint keeps closed to those who may only infer is no violation of the protocol.

A guarded answer is known by its status, by its gRPC code, or, on what is optional, by the server's own words.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from harness.record.exchange import Exchange
from harness.record.quoting import clip, clip_bytes

CLOSED = frozenset({401, 403, 407})
RPC_CLOSED = frozenset({"UNAUTHENTICATED", "PERMISSION_DENIED"})
# Nothing is there; 405 says so with words ("method not allowed") that a guard could say as well.
ABSENT = frozenset({404, 405, 501})
RPC_ABSENT = "UNIMPLEMENTED"
# How a server says that all of an API is for others, whatever was asked of it.
RESTRICTED = re.compile(
    r"(api|endpoint|protocol|access|method|service|operation)\W+(\w+\W+){0,3}?(is|are) restricted"
    r"|restricted (api|endpoint|protocol|access|method|service)|expecting header|access (is )?(denied|forbidden)"
    r"|permission[ _]denied|unauthori[sz]ed|unauthenticated|not authori[sz]ed|not permitted",
    re.IGNORECASE,
)
# And, of a part that nobody has to offer, that it is switched off.
SWITCHED_OFF = re.compile(
    r"not (been )?(allowed|enabled)|disabled|disallowed|restricted|forbidden|read-only|switched off|turned off|"
    r"not available to|prohibited",
    re.IGNORECASE,
)
CORE_PATH = re.compile(r"/v2/?$|/v2/health/(live|ready)/?$|/v2/models/[^/]+(/versions/[^/]+)?(/(ready|infer))?/?$")
# What servers are known to offer beside it.
PARTS = re.compile(
    r"/v2/models/?$|/v2/(repository|logging|trace|systemsharedmemory|cudasharedmemory)(/|$)|/metrics/?$|"
    r"/v2/models/([^/]+/)?(versions/[^/]+/)?(stats|config|trace/setting|load|unload|generate|generate_stream)/?$"
)
CORE_METHODS = frozenset({
    "ServerLive", "ServerReady", "ServerMetadata", "ModelReady", "ModelMetadata", "ModelInfer",
})  # fmt: skip
READ = 4000


def is_optional(exchange: Exchange) -> bool:
    """Whether what was asked is a part of the service that no clause demands: all but the core of the protocol."""
    path = urlsplit(exchange.url).path
    if exchange.rpc is not None:
        return path.rsplit("/", 1)[-1] not in CORE_METHODS
    return CORE_PATH.search(path) is None


def is_known_part(exchange: Exchange) -> bool:
    """Whether what was asked is one of the parts that servers are known to offer beside the core."""
    if exchange.rpc is not None:
        return is_optional(exchange)
    return PARTS.search(urlsplit(exchange.url).path) is not None


def guarded(exchange: Exchange, *, optional: bool | None = None) -> bool:
    """Whether the answer is that of a guard: closed to us, by status, code or words.

    Args:
        optional: whether an optional part was asked for; by default as the address says.
    """
    if exchange.error is not None:
        return False
    if exchange.rpc is not None:
        code = exchange.rpc.name
        if code in RPC_CLOSED:
            return True
        refusal, words = exchange.rpc.code != 0 and code != RPC_ABSENT, exchange.rpc.details
    else:
        if exchange.status in CLOSED:
            return True
        refusal = exchange.status is not None and exchange.status >= 400 and exchange.status not in ABSENT
        words = exchange.response_body[:READ].decode("utf-8", "replace")
    return refusal and says_closed(words, optional=is_optional(exchange) if optional is None else optional)


def says_closed(words: str, *, optional: bool = True) -> bool:
    """Whether a refusal says that this is for others; of an optional part, also that it is switched off."""
    return bool(RESTRICTED.search(words) or (optional and SWITCHED_OFF.search(words)))


def why(exchange: Exchange) -> str:
    """The guard's own words, shortened."""
    if exchange.rpc is not None:
        return f"{exchange.rpc.name} {clip(exchange.rpc.details, 160)!r}".replace(" ''", "")
    words = clip_bytes(exchange.response_body, 160)
    return f"status {exchange.status}{f' {words!r}' if words else ''}"
