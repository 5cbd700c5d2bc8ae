"""The knee of a curve of latency over rate."""

from __future__ import annotations

from harness.statistics.knee import knee


def test_the_knee_is_where_latency_begins_to_climb() -> None:
    rates = [100, 200, 300, 400, 500, 600, 700, 800, 900, 950]
    queue = [0.002 / (1 - rate / 1000) for rate in rates]
    assert knee(rates, queue) in {700, 800}
    assert knee(rates, [0.002] * 10) is None
    assert knee(rates, [0.002] * 9 + [1.0]) == 900
    assert knee(rates[:3], [1, 2, 9]) is None
    assert knee([100, 200, 300, 400], [0.001, 0.01, 0.1, 1.0]) is None
