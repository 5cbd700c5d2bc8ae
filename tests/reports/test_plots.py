"""Plots of load: plain shapes from numbers, whatever stands in the evidence."""

from __future__ import annotations

import re
from typing import Any

import pytest

from reports.page.plots import HEIGHT, WIDTH, plots
from reports.text.sentences import sentences


def run_of(**changes: Any) -> dict[str, Any]:
    column = [10, 12, 11]
    series = {"step_s": 0.5, "planned": column, "sent": column, "ok": column, "failed": [0, 0, 1],
              "p50": [0.001, None, 0.002], "p99": [0.01, None, 0.5]}  # fmt: skip
    percentiles = [{"p": p, "value": v, "lower": None, "upper": None} for p, v in ((0.5, 0.001), (0.99, 0.5))]
    return {"name": "steady", "model": "m", "transport": "rest", "loop": "open", "verdict": "pass", "reason": "well",
            "points": series, "response": {"percentiles": percentiles}, **changes}  # fmt: skip


def test_a_run_has_rates_times_and_percentiles() -> None:
    (plot,) = plots(sentences(), [run_of()])
    assert [panel.top for panel in plot.panels] == ["24 /s", "500 ms", "500 ms"]
    assert [panel.right for panel in plot.panels] == ["1.5 s", "1.5 s", "p99"]
    for line in (line for panel in plot.panels for line in panel.lines):
        assert re.fullmatch(r"(-?\d+\.\d,-?\d+\.\d ?)+", line.points)
        for pair in line.points.split():
            x, y = map(float, pair.split(","))
            assert 0 <= x <= WIDTH
            assert 0 <= y <= HEIGHT


def test_a_closed_loop_says_so() -> None:
    assert "service times" in plots(sentences(), [run_of(loop="closed")])[0].sentence


@pytest.mark.parametrize("series", [
    {}, run_of(points={}), run_of(points=None), run_of(response={"percentiles": [{"p": 1.0, "value": 1.0}] * 2}),
    run_of(points={"step_s": 1, "planned": ["<script>"], "sent": [1], "ok": [1], "failed": [1], "p50": [], "p99": []}),
])  # fmt: skip
def test_what_is_no_run_is_passed_over(series: dict[str, Any]) -> None:
    assert plots(sentences(), [series]) == []


def test_an_empty_run_is_drawn() -> None:
    none = {"step_s": 1.0, "planned": [0], "sent": [0], "ok": [0], "failed": [0], "p50": [None], "p99": [None]}
    (plot,) = plots(sentences(), [run_of(points=none, response={"percentiles": []})])
    assert len(plot.panels) == 2
