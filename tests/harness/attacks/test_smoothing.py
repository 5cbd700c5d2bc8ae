"""A radius that noise certifies is never larger than the true one."""

from __future__ import annotations

import dataclasses

import numpy as np

from harness.attacks.smoothing import Smoothing, certify
from harness.attacks.space import Space, box
from tests.harness.attacks.linear import linear

NOISE = Smoothing(sigma=0.5, select=20, estimate=200, alpha=0.01)
ROWS = 1000


def larger(smoothing: Smoothing) -> tuple[int, int]:
    """Of a thousand rows, each of a linear model of its own: radii that are larger than the margin, and those given."""
    over = given = 0
    for number in range(ROWS):
        rng = np.random.default_rng([1, number])
        model = linear(number, features=5)
        row = rng.uniform(-1, 1, 5)
        found = certify(model, box(row, -np.inf, np.inf), smoothing, rng)
        given += found.decision is not None
        over += found.radius > model.margin(row)
    return over, given


def test_none_of_a_thousand_radii_is_larger_than_the_margin_at_99_percent_for_all_of_them() -> None:
    over, given = larger(dataclasses.replace(NOISE, alpha=0.01 / ROWS))
    assert over == 0
    assert given > 500


def test_at_99_percent_for_each_of_them_about_one_in_a_hundred_may_be() -> None:
    """Of a linear model the bound is as tight as can be, so that the share of errors is no more than what it states."""
    over, given = larger(NOISE)
    assert over <= 20
    assert given > 600


def test_it_abstains_where_noise_decides() -> None:
    model = linear(1, features=5)
    at_the_boundary = -model.bias * model.weights / (model.weights @ model.weights)
    found = certify(model, box(at_the_boundary, -np.inf, np.inf), NOISE, np.random.default_rng(1))
    assert (found.decision, found.radius) == (None, 0.0)


def test_an_answer_that_is_missing_counts_against_the_decision() -> None:
    row = np.zeros(5)
    whole = certify(linear(4, features=5), box(row, -np.inf, np.inf), NOISE, np.random.default_rng(1))
    part = certify(linear(4, features=5, refuses=0.5), box(row, -np.inf, np.inf), NOISE, np.random.default_rng(1))
    assert part.missing > 0
    assert part.lower < whole.lower
    assert part.radius <= whole.radius
    silent = certify(linear(4, features=5, refuses=-9.0), box(row, -np.inf, np.inf), NOISE, np.random.default_rng(1))
    assert silent.decision is None


def test_noise_goes_beyond_the_range_and_not_to_what_must_stay() -> None:
    model = linear(4, features=5)
    row = np.full(5, 0.9)
    free = np.array([True, False, True, True, True])
    certify(model, Space(row, row - 1, row, np.ones(5), free, ~free & free), NOISE, np.random.default_rng(1))
    rows = np.array(model.rows)
    assert len(rows) == NOISE.queries
    assert (rows[:, 1] == 0.9).all()
    assert (rows[:, free] > 0.9).any()
