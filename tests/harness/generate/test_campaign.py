"""Searches: deterministic by seed, small counterexamples, a bounded number of calls."""

from __future__ import annotations

import random

import pytest
from hypothesis import strategies as st

from harness.generate.campaign import search
from harness.generate.values import element_lists, request_ids
from harness.oracles.equality import preserved


def test_finds_nothing_where_there_is_nothing() -> None:
    drawn: list[int] = []

    def holds(value: int) -> bool:
        drawn.append(value)
        return True

    assert search(st.integers(), holds, examples=50, seed=1) is None
    assert 1 < len(drawn) <= 50


def test_counterexample_is_small_and_its_first_form_kept() -> None:
    found = search(st.lists(st.integers(0, 10_000)), lambda value: sum(value) < 1_000, examples=200, seed=1)
    assert found is not None
    assert sum(found.smallest) >= 1_000
    assert len(repr(found.smallest)) <= 8
    assert len(repr(found.smallest)) <= len(repr(found.first))


def test_same_seed_draws_the_same() -> None:
    def drawn(seed: int) -> list[str]:
        seen: list[str] = []

        def holds(value: str) -> bool:
            seen.append(value)
            return True

        search(request_ids(), holds, examples=20, seed=seed)
        return seen

    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)


def test_shrinking_has_a_budget() -> None:
    calls = 0

    def holds(value: list[int]) -> bool:
        nonlocal calls
        calls += 1
        return len(value) < 3

    assert search(st.lists(st.integers(), min_size=0, max_size=50), holds, examples=100, seed=3, shrink_calls=10)
    assert calls <= 100 + 10


def test_a_failure_that_does_not_repeat_is_still_found() -> None:
    chance = random.Random(5)
    assert search(st.integers(), lambda _: chance.random() > 0.2, examples=100, seed=1) is not None


def test_what_ends_the_search_is_passed_on_at_once() -> None:
    """It is no counterexample to shrink: where a request hangs, each further one costs a whole time limit."""
    calls = 0

    def holds(value: int) -> bool:
        nonlocal calls
        calls += 1
        if value > 5:
            raise LookupError(f"budget {calls}")
        return True

    with pytest.raises(LookupError, match="budget") as raised:
        search(st.integers(), holds, examples=100, seed=1)
    assert str(raised.value) == f"budget {calls}"


def test_of_counterexamples_that_are_as_long_the_simplest() -> None:
    found = search(st.integers(0, 1000), lambda value: value < 100, examples=100, seed=1)
    assert found is not None
    assert found.smallest == 100


@pytest.mark.parametrize("datatype", ["BOOL", "INT8", "UINT64", "FP16", "FP32", "FP64", "BYTES"])
def test_drawn_elements_fit_their_type(datatype: str) -> None:
    def holds(values: tuple[object, ...]) -> bool:
        return preserved(datatype, values, values) is None

    assert search(element_lists(datatype), holds, examples=100, seed=1) is None
