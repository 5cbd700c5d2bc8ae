"""Many requests at once, within the budget."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from harness.record.exchange import Exchange

T = TypeVar("T")

WIDTH = 64
# Fewer requests among others show little.
FEWEST = 16
MEETING_SECONDS = 30.0


def together(work: Callable[[int], T], numbers: Sequence[int], width: int = WIDTH) -> list[T]:
    """``work(number)`` for each number, up to ``width`` at a time, started together; results in their order.

    Raises:
        BudgetExhausted: and whatever else ``work`` raises, once everything that had begun is over.
    """
    width = min(width, len(numbers))
    barrier = threading.Barrier(width)

    def first_met(position: int) -> T:
        if position < width:
            # Rather less at once than never: threads may be short.
            with contextlib.suppress(threading.BrokenBarrierError):
                barrier.wait(MEETING_SECONDS)
        return work(numbers[position])

    with ThreadPoolExecutor(width) as pool:
        return list(pool.map(first_met, range(len(numbers))))


def most_in_flight(exchanges: Sequence[Exchange]) -> int:
    """How many of the exchanges were under way at the same moment, as seen by the sender."""
    edges = [(each.start_ns, 1) for each in exchanges] + [(each.end_ns, -1) for each in exchanges]
    most = now = 0
    for _, step in sorted(edges):
        now += step
        most = max(most, now)
    return most
