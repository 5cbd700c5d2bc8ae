"""Going slower for an endpoint with a rate limit, by as much as it asks for."""

from __future__ import annotations

import pytest

from harness.wire import pace
from harness.wire.pace import FIRST_INTERVAL, LONGEST_INTERVAL, Pace


def test_requests_refused_together_slow_down_once() -> None:
    slow = Pace()
    for _ in range(64):
        slow.slow_down()
    assert slow.interval == FIRST_INTERVAL


def test_refusals_that_go_on_slow_down_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "SETTLING_SECONDS", 0.0)
    slow = Pace()
    for _ in range(20):
        slow.slow_down()
    assert slow.interval == LONGEST_INTERVAL
