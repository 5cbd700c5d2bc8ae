"""How long an endpoint takes to answer, and how long the tester takes to keep an answer: measured as a run goes on."""

from __future__ import annotations

import statistics
import threading
from collections import deque
from dataclasses import dataclass, field

from harness.record.exchange import Exchange

# So many of the last answers are looked at; with fewer than the second nothing is known.
LATEST, ENOUGH = 9, 3


@dataclass(slots=True)
class Tempo:
    """Medians over the last answers to requests that were sent alone. Safe to use from several threads.

    Attributes:
        largest: bytes of the largest body of an answer.
    """

    largest: int = 0
    _answers: deque[float] = field(default_factory=lambda: deque(maxlen=LATEST))
    _own: deque[float] = field(default_factory=lambda: deque(maxlen=LATEST))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, exchange: Exchange, own_s: float) -> None:
        """Take one recorded exchange into account.

        Args:
            own_s: seconds that the tester took to keep it.
        """
        if exchange.answered:
            with self._lock:
                self._answers.append(exchange.elapsed_s)
                self._own.append(own_s)
                self.largest = max(self.largest, len(exchange.response_body))

    @property
    def answer_s(self) -> float:
        """Seconds that an answer takes; 0 while nothing is known."""
        return self._median(self._answers)

    @property
    def own_s(self) -> float:
        """Seconds that the tester takes to keep it; 0 while nothing is known."""
        return self._median(self._own)

    def _median(self, seconds: deque[float]) -> float:
        with self._lock:
            return statistics.median_low(seconds) if len(seconds) >= ENOUGH else 0.0
