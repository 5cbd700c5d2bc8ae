"""Each change of numbers against its definition; no bound on a norm is ever exceeded."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.robustness.kinds import kinds
from harness.robustness.numbers import Changing, Floats, changed_rows

ROWS = np.random.default_rng(0).normal(10, 3, (40, 6))
NUMBERS = [name for name, kind in kinds().items() if kind.of == "numbers"]


def by(seed: int = 0, scale: float = 1.0) -> Changing:
    at = np.array([0, 1, 2, 4])
    rows = ROWS[:, at]
    middle = np.median(rows, axis=0)
    return Changing(at, np.full(4, scale), middle, rows.std(axis=0), middle, np.random.default_rng(seed))


def moved(kind: str, size: float, seed: int = 0, scale: float = 1.0) -> Floats:
    return changed_rows(kind, ROWS, size, by(seed, scale)) - ROWS


@pytest.mark.parametrize("kind", NUMBERS)
def test_features_that_are_not_named_stay_and_the_seed_decides(kind: str) -> None:
    size = kinds()[kind].sizes[-1]
    assert not moved(kind, size)[:, [3, 5]].any()
    assert moved(kind, size).any()
    assert np.array_equal(moved(kind, size), moved(kind, size))


@given(st.floats(0, 100), st.integers(0, 1000), st.floats(0.001, 10))
def test_norms_are_never_exceeded(size: float, seed: int, scale: float) -> None:
    rounding = 1e-9 * (1 + size * scale)
    assert np.abs(moved("linf", size, seed, scale)).max() <= size * scale + rounding
    assert np.allclose(np.linalg.norm(moved("l2", size, seed, scale), axis=1), size * scale, atol=rounding)


def test_gaussian_noise_has_the_deviation() -> None:
    rows = np.zeros((4000, 1))
    wide = Changing(np.array([0]), np.array([2.0]), rows[0], rows[0], rows[0], np.random.default_rng(0))
    assert changed_rows("gaussian", rows, 3.0, wide).std() == pytest.approx(6.0, rel=0.05)


@pytest.mark.parametrize(("kind", "stands_for"), [("missing", by().fill), ("dropout", np.zeros(4))])
def test_gaps_are_filled_in_a_share_of_the_features(kind: str, stands_for: Floats) -> None:
    found = changed_rows(kind, ROWS, 0.5, by())[:, by().at]
    assert ((found == stands_for).sum(axis=1) == 2).all()


def test_outliers_and_units_are_one_feature_of_each_row() -> None:
    for kind, size in (("outliers", 5.0), ("unit_shift", 2.54)):
        assert ((moved(kind, size) != 0).sum(axis=1) == 1).all()
    far = np.abs(changed_rows("outliers", ROWS, 5.0, by())[:, by().at] - by().middle)
    assert np.isclose(far, 5.0 * by().spread).any(axis=1).all()
    assert np.isclose(changed_rows("unit_shift", ROWS, 2.54, by()), ROWS * 2.54).any(axis=1).all()


def test_coarser_values() -> None:
    assert np.abs(moved("quantisation", 0.5)).max() <= 0.25 + 1e-12
    grid = changed_rows("quantisation", ROWS, 0.5, by())[:, by().at]
    assert np.allclose(grid * 2, np.round(grid * 2))
    row = np.array([[123.456, -0.0012345, 0.0, 5.0, 99.96, 1.0]])
    assert changed_rows("rounding", row, 3, by())[0, by().at].tolist() == pytest.approx([123.0, -0.00123, 0.0, 100.0])
