"""Courtesy towards an endpoint with a rate limit: wait when told to, and go slower from then on."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from harness.record.exchange import Exchange
from harness.waiting import wait

THROTTLED_TRIES = 8
# A longer pause than this is not waited for: the answer stands as it is, and the check says so.
THROTTLED_SECONDS = 5.0
DEFAULT_PAUSE = 0.5
FIRST_INTERVAL = 0.02
LONGEST_INTERVAL = 1.0
# Requests that were refused together are refused within this time.
SETTLING_SECONDS = 0.5
# Refusals for want of room that were refused again, after which the client takes them at their word.
FULL_TRIES = 3
# Metadata of a call that say when to come back, and how many of their unit are a second.
_PUSHBACK = {"grpc-retry-pushback-ms": 1000.0, "retry-after": 1.0}
# What a server that sheds load answers, or a gateway before it: it speaks of the moment, not of the request.
SHEDDING = (429, 502, 503, 504)
# The same, and 408: a server under load may have had no time to wait for the request.
NOT_NOW = (408, *SHEDDING)


def pause_of(exchange: Exchange) -> float | None:
    """Seconds to wait before asking again; None for an answer that is no request to wait.

    429 (RFC 6585, section 4) always is one; 503 only with Retry-After (RFC 9110, section 10.2.3), in seconds. The
    date form of Retry-After is answered by the default pause: clocks need not agree. A gRPC call that ends in
    RESOURCE_EXHAUSTED or UNAVAILABLE is one where its metadata say when: grpc-retry-pushback-ms (gRPC proposal A6), or
    retry-after. Without, it may as well mean that a message is too large.
    """
    if exchange.rpc is not None:
        return _pause_of_call(exchange)
    after = exchange.header("Retry-After")
    if exchange.status != 429 and not (exchange.status == 503 and after is not None):
        return None
    try:
        return max(0.0, float(after)) if after is not None else DEFAULT_PAUSE
    except ValueError:
        return DEFAULT_PAUSE


def _pause_of_call(exchange: Exchange) -> float | None:
    if exchange.rpc is None or exchange.rpc.name not in ("RESOURCE_EXHAUSTED", "UNAVAILABLE"):
        return None
    said = _metadata(exchange)
    for name, unit in _PUSHBACK.items():
        if name in said:
            try:
                pause = float(said[name]) / unit
            except ValueError:
                return DEFAULT_PAUSE
            return pause if pause >= 0 else None  # a negative pushback means: not again
    return None


def may_be_full(exchange: Exchange) -> bool:
    """Whether a gRPC call was refused for want of room, and nothing says when to come back.

    A pool that is full for a moment ends a call so, and so does a message that is too large: only another try tells.
    """
    if exchange.rpc is None or exchange.rpc.name != "RESOURCE_EXHAUSTED":
        return False
    return _PUSHBACK.keys().isdisjoint(_metadata(exchange))


def _metadata(exchange: Exchange) -> dict[str, str]:
    """Headers and trailers of a call, by their names in lower case."""
    return {name.lower(): value for name, value in (*exchange.response_headers, *exchange.response_trailers)}


@dataclass(slots=True)
class Pace:
    """The least time between two requests: none until the endpoint first asks for patience, then doubling."""

    interval: float = 0.0
    _next: float = 0.0
    _settled: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self) -> None:
        """Sleep until the next request is due."""
        if not self.interval:
            return
        with self._lock:
            now = time.monotonic()
            due = max(now, self._next)
            self._next = due + self.interval
        wait(due - now)

    def slow_down(self) -> None:
        """Double the interval, once for all requests that were under way together: they say nothing of the new one."""
        with self._lock:
            now = time.monotonic()
            if now < self._settled:
                return
            self.interval = min(max(2 * self.interval, FIRST_INTERVAL), LONGEST_INTERVAL)
            self._settled = now + SETTLING_SECONDS
