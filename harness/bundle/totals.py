"""Counts over the exchanges of a run, made while it records and again from its journal."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class ExchangeTotals:
    """Counts over all exchanges; ``first`` and ``last`` are starting times, ISO 8601 in UTC, which sort as text."""

    requests: int = 0
    failed: int = 0
    sent: int = 0
    received: int = 0
    redactions: int = 0
    first: str | None = None
    last: str | None = None

    def add(self, started: str, *, failed: bool, sent: int, received: int, redactions: int) -> None:
        """Count one exchange, of so many bytes and redactions."""
        self.requests += 1
        self.failed += failed
        self.sent += sent
        self.received += received
        self.redactions += redactions
        self.first = min(self.first or started, started)
        self.last = max(self.last or started, started)
