"""Load in pictures: one a question, whatever stands in the evidence."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from harness.bundle.series import LoadSeries, knee_of
from reports.page.load import loads
from reports.pictures.album import Album
from reports.pictures.load import latency_picture, rates_of, rates_picture
from reports.text.sentences import sentences
from tests.reports import factory
from tests.reports.some_load import capacity_search, load_run, spike
from tests.reports.test_pictures import held

SAID = sentences()


def runs_of(series: list[dict[str, Any]]) -> list[LoadSeries]:
    return [msgspec.convert(each, LoadSeries) for each in series]


def test_a_search_is_one_picture_of_all_its_rates() -> None:
    (view,) = loads(SAID, capacity_search(), Album())
    (picture,) = map(held, view.pictures)
    assert [row[0] for row in picture.rows] == ["50", "100", "200", "400", "600", "700", "750", "800", "950"]
    assert picture.rows[-1] == ("950", "940", "240\u00a0ms", "216\u00a0ms", "288\u00a0ms", "fail")
    assert "highest rate that passed is 750/s" in picture.told
    assert "lowest that failed is 800/s" in picture.told
    assert len(view.sentences) == 9


def test_the_picture_draws_the_knee_that_the_check_says() -> None:
    """Requests that failed count as never answered: latency that good answers alone keep down climbs all the same."""
    runs = runs_of(capacity_search())
    bent = knee_of(runs)
    assert bent in {600, 700}
    assert f"Latency begins to climb at {bent:g}/s" in held(rates_picture(SAID, "x", "x", runs)).told
    assert knee_of(runs[:3]) is None
    assert "No knee is to be seen" in held(rates_picture(SAID, "x", "x", runs[:3])).told
    even = ({"response": runs[0].response, "response_all": None}, {"response_all": runs[0].response})
    assert [knee_of(msgspec.structs.replace(each, **change) for each in runs) for change in even] == [None, None]
    good = [msgspec.structs.replace(each, response=runs[0].response) for each in runs]
    assert knee_of(good) == bent


def test_of_each_rate_the_last_run_counts() -> None:
    failed = load_run("capacity, 700/s", 700.0, verdict="fail")
    drawn = held(rates_picture(SAID, "x", "x", runs_of([failed, *capacity_search()])))
    assert drawn.rows == held(rates_picture(SAID, "x", "x", runs_of(capacity_search()))).rows


def test_another_run_has_its_distribution_and_its_course() -> None:
    (view,) = loads(SAID, [spike()], Album())
    times, course = map(held, view.pictures)
    assert times.rows[0] == ("spike", "50 %", "4.44\u00a0ms", "4\u00a0ms", "5.33\u00a0ms")
    assert times.rows[-1][-1] == "–", "nothing bounds it from above"
    assert "The service level is 50\u00a0ms for 99 %" in times.told
    assert course.told == "In 10\u00a0s of load 1900 requests were due, 1540 were answered well and 360 were not."
    assert sum(int(row[3]) for row in course.rows) == 1900


def test_runs_of_one_check_are_one_picture() -> None:
    again = [load_run(f"steady {each}", 100.0, check="load-steady[iris]") for each in range(28)]
    (view,) = loads(SAID, again, Album())
    assert len(view.pictures) == 2
    assert len(view.sentences) == 28
    assert len(held(view.pictures[0]).rows) == 28 * 5


def test_a_closed_loop_says_so() -> None:
    (view,) = loads(SAID, [load_run("x", 10.0, loop="closed")], Album())
    assert "service times" in view.sentences[0][1]
    assert rates_of(runs_of([load_run("x", 10.0, loop="closed")])) == []


@pytest.mark.parametrize("changes", [
    {"points": {}}, {"points": None}, {"response": {"percentiles": [{"p": 1.0, "value": 1.0}] * 2}},
    {"points": {"step_s": 1, "planned": ["<script>"], "sent": [1], "ok": [1], "failed": [1], "p50": [], "p99": []}},
])  # fmt: skip
def test_what_is_no_run_is_passed_over(changes: dict[str, Any]) -> None:
    assert loads(SAID, [{}, load_run("x", 10.0, **changes)], Album()) == []


@pytest.mark.parametrize("value", [0.0, -1.0, 1e300, None])
def test_times_that_are_none_are_left_out(value: float | None) -> None:
    percentiles = [{"p": p, "value": value, "lower": value, "upper": value} for p in (0.0, 0.5, 0.99)]
    response = {"percentiles": percentiles}
    assert latency_picture(SAID, "x", "x", runs_of([load_run("x", 10.0, response=response)])) is None
    rates = {"planned": -5.0 if value == -1.0 else 1e300, "ok": 3.0}
    assert rates_picture(SAID, "x", "x", runs_of([load_run("x", 10.0, rates=rates)] * 4)) is None
    none = {"step_s": 1.0, "planned": [0], "sent": [0], "ok": [0], "failed": [0], "p50": [value], "p99": [value]}
    (view,) = loads(SAID, [load_run(factory.HOSTILE, 10.0, points=none, response=response)], Album())
    assert [held(each).rows[0][3] for each in view.pictures] == ["0"]


def test_an_absurd_record_is_not_drawn() -> None:
    points = {"step_s": 1e300, "planned": [10**30], "sent": [0], "ok": [0], "failed": [0], "p50": [], "p99": []}
    (view,) = loads(SAID, [load_run("x", 10.0, points=points, response={"percentiles": []})], Album())
    assert view.pictures == ()
