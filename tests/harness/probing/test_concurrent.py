"""Work that is done at once, and how much of it was."""

from __future__ import annotations

import threading

import pytest

from harness.probing.concurrent import together


def test_results_come_in_order_and_work_overlaps() -> None:
    # Each waits for the others: without any overlap this would never end.
    meeting = threading.Barrier(8, timeout=20)

    def work(number: int) -> int:
        meeting.wait()
        return number * number

    assert together(work, range(8), width=8) == [0, 1, 4, 9, 16, 25, 36, 49]


def test_more_work_than_hands() -> None:
    assert together(lambda number: number, range(20), width=4) == list(range(20))


def test_what_work_raises_is_passed_on() -> None:
    def work(number: int) -> int:
        if number == 3:
            raise LookupError
        return number

    with pytest.raises(LookupError):
        together(work, range(5))
