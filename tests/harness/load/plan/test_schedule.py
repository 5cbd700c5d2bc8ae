"""The schedule: rates kept, the same requests for any number of workers, cases by weight."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import kolmogorov

from harness.load.plan.schedule import (
    Schedule,
    Stage,
    arrivals,
    cases_of,
    choose_cases,
    constant,
    digest_of,
    poisson,
    read_trace,
    share,
    to_nanoseconds,
)

STAGES = st.builds(
    Stage,
    seconds=st.floats(0.01, 20),
    rate=st.floats(0, 200),
    rate_to=st.none() | st.floats(0, 200),
    arrivals=st.sampled_from(["constant", "poisson"]),
)
SCHEDULES = st.builds(Schedule, stages=st.lists(STAGES, min_size=1, max_size=5).map(tuple))


@given(SCHEDULES, st.integers(0, 2**32), st.integers(1, 9))
def test_any_number_of_workers_sends_the_same_requests(schedule: Schedule, seed: int, workers: int) -> None:
    alone = arrivals(schedule, seed)
    united = np.full(len(alone), np.nan)
    for worker in range(workers):
        mine = share(len(alone), worker, workers)
        assert np.isnan(united[mine]).all()
        united[mine] = arrivals(schedule, seed)[mine]
    assert united.tobytes() == alone.tobytes()


@given(SCHEDULES, st.integers(0, 2**32))
def test_arrivals_ascend_within_the_schedule(schedule: Schedule, seed: int) -> None:
    times = arrivals(schedule, seed)
    assert (np.diff(times) >= 0).all()
    if len(times):
        assert times[0] >= 0
        assert times[-1] <= schedule.seconds + 1e-9


def evenly(stage: Stage) -> Stage:
    return Stage(seconds=stage.seconds, rate=stage.rate, rate_to=stage.rate_to, arrivals="constant")


@given(st.lists(STAGES.map(evenly), min_size=1, max_size=5))
def test_constant_arrivals_are_as_many_as_the_rate_says(stages: list[Stage]) -> None:
    schedule = Schedule(stages=tuple(stages))
    assert len(arrivals(schedule, 1)) == pytest.approx(schedule.expected, abs=1.01)


def test_constant_arrivals_are_evenly_spaced() -> None:
    assert to_nanoseconds(arrivals(constant(200, 0.02), 7)).tolist() == [0, 5_000_000, 10_000_000, 15_000_000]
    assert len(arrivals(constant(0.1, 30), 7)) == 3


def test_a_constant_ramp_in_pieces_is_one_ramp() -> None:
    whole = Schedule(stages=(Stage(seconds=10, rate=0, rate_to=100, arrivals="constant"),))
    pieces = Schedule(
        stages=tuple(
            Stage(seconds=high - low, rate=10 * low, rate_to=10 * high, arrivals="constant")
            for low, high in pairwise([0, 1, 3.7, 8.05, 10])
        )
    )
    assert arrivals(pieces, 1) == pytest.approx(arrivals(whole, 1), abs=1e-6)


def test_a_ramp_has_its_rate_at_every_moment() -> None:
    times = arrivals(Schedule(stages=(Stage(seconds=10, rate=0, rate_to=1000, arrivals="constant"),)), 1)
    for second in range(10):
        assert np.count_nonzero((times >= second) & (times < second + 1)) == pytest.approx(100 * second + 50, abs=1.5)


@pytest.mark.parametrize("seed", range(5))
def test_poisson_gaps_are_exponential(seed: int) -> None:
    gaps = np.sort(np.diff(arrivals(poisson(500, 20), seed)))
    far = np.abs(-np.expm1(-500 * gaps) - (np.arange(len(gaps)) + 0.5) / len(gaps)).max()
    assert kolmogorov(far * np.sqrt(len(gaps))) > 0.001
    assert len(gaps) == pytest.approx(10_000, abs=400)


def test_another_seed_is_another_run_and_other_weights_are_the_same_arrivals() -> None:
    schedule = poisson(100, 5)
    assert not np.array_equal(arrivals(schedule, 1)[:50], arrivals(schedule, 2)[:50])
    longer = Schedule(stages=(*schedule.stages, Stage(seconds=1, rate=5)))
    alone = arrivals(schedule, 1)
    assert np.array_equal(arrivals(longer, 1)[: len(alone)], alone)
    twice = arrivals(Schedule(stages=schedule.stages * 2), 1)
    assert not np.allclose(twice[len(alone) :][:50] - 5, alone[:50])


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0, 7.0]), min_size=1, max_size=6).filter(any), st.integers(0, 99))
def test_cases_are_drawn_by_weight(weights: list[float], seed: int) -> None:
    drawn = np.bincount(choose_cases(weights, 20_000, seed), minlength=len(weights)) / 20_000
    assert drawn == pytest.approx(np.array(weights) / sum(weights), abs=0.025)
    assert all(share == 0 for share, weight in zip(drawn, weights, strict=True) if weight == 0)


@pytest.mark.parametrize("weights", [[], [0.0], [1.0, -1.0], [float("nan")]])
def test_weights_that_choose_nothing_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="choose nothing"):
        choose_cases(weights, 3, 1)


def test_a_trace_is_replayed(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    path.write_text("# second, case\n12.5,big\n10,small\n\n11, small\n")
    schedule = read_trace(path, ["small", "big"], speed=2)
    assert arrivals(schedule, 9).tolist() == [0.0, 0.5, 1.25]
    assert cases_of(schedule, [1, 1], 3, 9).tolist() == [0, 0, 1]
    assert (schedule.seconds, schedule.expected, schedule.peak_rate) == (1.25, 3, 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "no arrivals"), ("soon", "line 1"), ("1,other", "line 1"), ("1,a\n2", "some lines only"), ("nan", "finite")],
)
def test_a_bad_trace_says_where(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "trace.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=said):
        read_trace(path, ["a"])


def test_what_cannot_be_sent_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be sent"):
        Stage(seconds=0, rate=1)
    with pytest.raises(ValueError, match="cannot be sent"):
        Stage(seconds=1, rate=float("inf"))
    with pytest.raises(ValueError, match="one of them"):
        Schedule()
    with pytest.raises(ValueError, match="ascending"):
        Schedule(trace=np.array([2.0, 1.0]).tobytes())
    with pytest.raises(ValueError, match="cut"):
        Schedule(trace=b"123")
    with pytest.raises(ValueError, match="no worker"):
        share(10, 2, 2)


def test_the_digest_is_that_of_this_schedule() -> None:
    """Pinned: a library that draws other numbers from the same seed changes every published seed's requests."""
    schedule = Schedule(stages=(Stage(seconds=2, rate=50), Stage(seconds=1, rate=50, rate_to=10, arrivals="constant")))
    times = to_nanoseconds(arrivals(schedule, 42))
    assert digest_of(times, choose_cases([1, 3], len(times), 42)) == DIGEST


DIGEST = "9a4d6cfb8954b115ba16d5d94862da607301c726db44f1e244dde96cd8e7afce"
