"""Axes with round ticks, curves that end where nothing was measured, and words that do not lie over each other."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reports.page.charts import (
    LEFT,
    PLOT,
    RIGHT,
    TOP,
    WIDTH,
    Moment,
    across,
    bound,
    moments,
    pieces,
    round_step,
    shade,
    ticks,
    upright,
    upright_by_tens,
)
from reports.text.formats import span
from reports.text.sentences import sentences

SAID = sentences()

SIGN = 6.4
SECONDS = st.floats(1.0, 5000.0)


def extent(moment: Moment) -> tuple[float, float]:
    width, x = len(moment.words) * SIGN, float(moment.x)
    return (x - width, x) if moment.anchor == "end" else (x, x + width)


@pytest.mark.parametrize(("least", "step"), [(0.11, 0.2), (1.0, 1), (2.1, 5), (0.5, 0.5), (7e3, 1e4)])
def test_steps_are_round(least: float, step: float) -> None:
    assert round_step(least) == pytest.approx(step)


@given(SECONDS)
def test_an_axis_over_time_has_a_handful_of_ticks(seconds: float) -> None:
    places = [float(each.at) for each in ticks(SAID, across(seconds))]
    assert 3 <= len(places) <= 11
    assert places == sorted(places)
    assert places[0] >= LEFT
    assert places[-1] <= WIDTH - RIGHT + 0.1


@given(st.floats(0.0, 1e6))
def test_a_rate_fits_below_the_top(top: float) -> None:
    axis = upright(top)
    assert axis.high >= top
    assert TOP <= axis.at(top) <= TOP + PLOT
    assert 2 <= len(ticks(SAID, axis)) <= 6


def test_ticks_have_their_units() -> None:
    assert [each.words for each in ticks(SAID, upright(180), "/s")] == ["0/s", "50/s", "100/s", "150/s", "200/s"]
    assert [each.words for each in ticks(SAID, upright_by_tens(0.002, 0.9), "s")] == ["1 ms", "10 ms", "100 ms", "1 s"]
    assert span(SAID, 0.0534) == "53.4 ms"


@given(SECONDS, st.data())
@example(608.0, None)
def test_words_of_two_moments_do_not_meet(seconds: float, data: st.DataObject | None) -> None:
    times = st.floats(0.0, seconds)
    caused, undone = sorted((data.draw(times), data.draw(times))) if data else (2.0, 2.5)
    first, second = moments(
        across(seconds), (caused, f"caused at {span(SAID, caused)}"), (undone, f"back at {span(SAID, undone)}")
    )
    assert extent(first)[0] >= 0
    assert extent(second)[1] <= WIDTH
    apart = extent(first)[1] <= extent(second)[0] or extent(second)[1] <= extent(first)[0]
    assert first.y != second.y or apart
    assert all(10 <= each.y < TOP for each in (first, second))


def test_a_curve_is_broken_where_nothing_was_measured() -> None:
    places = [(0.0, 1.0), (0.1, 2.0), (5.0, 1.0), (float("nan"), 1.0), (9.0, float("inf"))]
    path = pieces(places, 0.5, across(10.0), upright(2.0))
    assert re.fullmatch(r"M[\d.]+,[\d.]+h0L[\d.]+,[\d.]+M[\d.]+,[\d.]+h0", path)


def test_what_lies_beyond_an_axis_is_drawn_at_its_end() -> None:
    axis = across(10.0)
    assert (axis.at(-1.0), axis.at(99.0)) == (LEFT, WIDTH - RIGHT)
    assert float(bound(upright(1.0), 1e9, "").y) == TOP
    assert float(bound(upright(1.0), 1e9, "").words_y) > TOP
    assert shade(axis, 3.0, 3.1, "fault", "fault").words == ""
    assert shade(axis, 3.0, 9.0, "fault", "fault").words == "fault"
