"""Requests of the run that got no whole answer, by kind, kept for who asks them again; nothing is sent here."""

from __future__ import annotations

import threading
from urllib.parse import urlsplit

from harness.judging.passive.fair import is_grpc, oddity, route_of
from harness.record.exchange import Exchange

# Kinds of request that are kept, and bytes of one.
KINDS, LARGEST = 30, 64 * 1024
# What says that the peer ended it, or that what came is no answer; time is for other checks.
ENDED = frozenset({"closed", "reset", "protocol", "encoding"})


class UnansweredRequests:
    """Keeps the first request of each kind that its peer left without a whole answer. Safe to use from threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[Exchange, str | None]] = {}

    def look(self, exchange: Exchange, check: str | None) -> None:
        """Look at one exchange; never raises."""
        error = exchange.error
        whole = exchange.http_version in ("HTTP/1.1", "HTTP/2")  # no raw bytes: those need no answer
        if error is None or error.kind not in ENDED or not whole or len(exchange.request_body) > LARGEST:
            return
        kind = kind_of(exchange)
        with self._lock:
            if kind not in self._kept and len(self._kept) < KINDS:
                self._kept[kind] = (exchange, check)

    @property
    def kept(self) -> list[tuple[str, Exchange, str | None]]:
        """Kind, exchange and the check that sent it, in the order in which they were met."""
        with self._lock:
            return [(kind, *each) for kind, each in self._kept.items()]


def kind_of(exchange: Exchange) -> str:
    """What was asked and how it was odd, without names."""
    if is_grpc(exchange):
        return urlsplit(exchange.url).path.rpartition("/")[2]
    odd = oddity(exchange)
    return f"{exchange.method} on {route_of(exchange.url)}{f' with {odd}' if odd else ''}"
