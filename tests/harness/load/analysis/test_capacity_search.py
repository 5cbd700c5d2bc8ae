"""The search for capacity ends, brackets what it sought, and says what it could not decide."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.load.analysis.capacity_search import Search
from harness.verdicts import Verdict

PASS, FAIL, OPEN, BROKEN = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.TOOL_ERROR


def run(search: Search, capacity: float, above: Verdict = FAIL) -> Search:
    while (rate := search.next_rate) is not None:
        search = search.fed(rate, PASS if rate <= capacity else above)
    return search


@given(st.floats(2, 50_000), st.floats(1, 60_000), st.sampled_from([FAIL, OPEN, BROKEN]))
def test_it_ends_and_brackets(start: float, capacity: float, above: Verdict) -> None:
    search = run(Search(start=start, most=1e5, budget=80), capacity, above)
    assert len(search.probes) < 80
    found = search.found
    assert found.passes is not None
    missed = found.fails if above == FAIL else found.undecided
    assert missed is not None
    assert found.passes <= capacity < missed <= found.passes * 1.05 * (1 + 1e-9)
    assert (found.fails is None) == (above != FAIL)


@given(st.lists(st.sampled_from([PASS, FAIL, OPEN, BROKEN]), min_size=60, max_size=60), st.floats(1, 1000))
def test_it_ends_whatever_is_said(verdicts: list[Verdict], start: float) -> None:
    search = Search(start=start, most=1e4, budget=60)
    for verdict in verdicts:
        rate = search.next_rate
        if rate is None:
            break
        assert search.least <= rate <= search.most
        search = search.fed(rate, verdict)
    assert search.next_rate is None
    found = search.found
    if found.passes is not None:
        assert all(rate is None or rate > found.passes for rate in (found.fails, found.undecided))


def test_the_steps_are_double_then_bisect() -> None:
    search = run(Search(start=100, tolerance=0.1), 730)
    assert [probe.rate for probe in search.probes] == [100, 200, 400, 800, 600, 700, 750]
    assert search.found.sentence == "700 requests/s pass, 750 requests/s fail"


def test_what_is_not_decided_is_tried_again_and_never_called_a_failure() -> None:
    search = Search(start=100).fed(100, OPEN)
    assert search.next_rate == 100
    assert search.fed(100, PASS).next_rate == 200
    again = search.fed(100, BROKEN)
    assert again.next_rate == 50
    assert again.found.fails is None
    assert again.found.sentence == "no rate passed, 100 requests/s could not be decided"


def test_it_stays_between_the_bounds() -> None:
    none = run(Search(start=8, least=2), 0.5)
    assert [probe.rate for probe in none.probes] == [8, 4, 2]
    assert none.found.sentence == "no rate passed, 2 requests/s fail"
    every = run(Search(start=8, most=20), 1e9)
    assert [probe.rate for probe in every.probes] == [8, 16, 20]
    assert every.found.sentence == "20 requests/s pass, no rate that was tried fails"
    with pytest.raises(ValueError, match="no search"):
        Search(start=8, most=4)
