"""Differences beyond chance: known values, both directions, and what is refused."""

from __future__ import annotations

import math

import pytest

from harness.statistics.two_samples import bounded_differ, shares_differ


def test_fishers_exact_test_has_the_textbook_values() -> None:
    # The lady tasting tea: 3 of 4 against 1 of 4.
    assert shares_differ((3, 4), (1, 4)) == pytest.approx(34 / 70)
    assert shares_differ((0, 20), (20, 20)) == pytest.approx(2 / math.comb(40, 20))
    assert shares_differ((5, 10), (5, 10)) == 1.0
    assert shares_differ((0, 10_000), (60, 10_000)) < 1e-15


@pytest.mark.parametrize("bad", [(-1, 3), (4, 3), (0, 0), (1, 10**9)])
def test_what_are_no_counts_is_refused(bad: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no counts"):
        shares_differ((1, 2), bad)


def test_bounds_give_the_test_of_two_normal_means() -> None:
    """A gap of 1.96 standard errors of the difference has p 0.05."""
    gap = math.hypot(1.959964, 1.959964)
    chance = bounded_differ((-1.959964, 0.0, 1.959964), (gap - 1.959964, gap, gap + 1.959964), (0.975, 0.975))
    assert chance == pytest.approx(0.05, abs=1e-6)
    turned = bounded_differ((gap - 1.959964, gap, gap + 1.959964), (-1.959964, 0.0, 1.959964), (0.975, 0.975))
    assert turned == pytest.approx(chance)
    assert bounded_differ((0, 1, 2), (0, 1, 2), (0.95, 0.95)) == 1.0
    assert bounded_differ((1, 1, 1), (2, 2, 2), (0.95, 0.95)) == 0.0


def test_only_the_bounds_that_face_each_other_count() -> None:
    assert bounded_differ((-99, 0, 1), (2, 3, 99), (0.95, 0.95)) == bounded_differ((-1, 0, 1), (2, 3, 4), (0.95, 0.95))


@pytest.mark.parametrize(
    ("one", "confidence"),
    [((0, math.nan, 1), 0.95), ((0, 1, math.inf), 0.95), ((2, 1, 3), 0.95), ((0, 1, 2), 0.5), ((0, 1, 2), 7)],
)
def test_bounds_that_are_none_are_refused(one: tuple[float, float, float], confidence: float) -> None:
    with pytest.raises(ValueError, match=r"between|one-sided"):
        bounded_differ(one, (0, 1, 2), (confidence, 0.95))
