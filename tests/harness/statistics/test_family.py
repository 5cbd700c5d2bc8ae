"""Holm's adjustment: as scipy would have it, and one probability for the whole family."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.statistics.family import holm


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_it_is_the_step_down_rule(chances: list[float]) -> None:
    for alpha in (0.01, 0.05, 0.2):
        rejected: set[int] = set()
        for step, index in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
            if chances[index] * (len(chances) - step) > alpha:
                break
            rejected.add(index)
        assert {index for index, p in enumerate(holm(chances)) if p <= alpha} == rejected


def test_the_family_errs_as_seldom_as_one() -> None:
    chances = np.random.default_rng(4).random((5000, 8))
    assert np.mean([min(holm(row.tolist())) <= 0.05 for row in chances]) < 0.058


def test_what_is_no_number_is_no_evidence() -> None:
    assert holm([math.nan, 0.001]) == [1.0, 0.002]
