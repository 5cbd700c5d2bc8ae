"""Changes of rows of numbers, each by a size: noise, gaps, outliers, coarser values, other units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Changing:
    """What a change of rows goes by.

    Attributes:
        at: places of the features that change.
        scale: what a size of 1 is, for each of these features.
        middle, spread: median and standard deviation in the samples, for each of them.
        fill: what stands for a missing value, for each of them.
        rng: of what is drawn.
    """

    at: npt.NDArray[np.intp]
    scale: Floats
    middle: Floats
    spread: Floats
    fill: Floats
    rng: np.random.Generator


def changed_rows(kind: str, rows: Floats, size: float, by: Changing) -> Floats:
    """Rows (n, features) changed by a kind of :mod:`harness.robustness.kinds` that is of numbers; the others stay."""
    found = rows.copy()
    found[:, by.at] = _CHANGES[kind](rows[:, by.at], size, by)
    return found


def _linf(rows: Floats, size: float, by: Changing) -> Floats:
    return rows + by.scale * by.rng.uniform(-size, size, rows.shape)


def _l2(rows: Floats, size: float, by: Changing) -> Floats:
    towards = by.rng.standard_normal(rows.shape)
    length: Floats = np.linalg.norm(towards, axis=1, keepdims=True)
    return rows + by.scale * size * towards / length


def _gaussian(rows: Floats, size: float, by: Changing) -> Floats:
    return rows + by.scale * by.rng.normal(0.0, size, rows.shape)


def _missing(rows: Floats, size: float, by: Changing) -> Floats:
    return np.where(_some(rows, size, by), by.fill, rows)


def _dropout(rows: Floats, size: float, by: Changing) -> Floats:
    return np.where(_some(rows, size, by), 0.0, rows)


def _outliers(rows: Floats, size: float, by: Changing) -> Floats:
    side = by.rng.choice([-1.0, 1.0], rows.shape)
    return np.where(_one(rows, by), by.middle + side * size * by.spread, rows)


def _quantisation(rows: Floats, size: float, by: Changing) -> Floats:
    step = by.scale * size
    return np.where(step > 0, np.round(rows / np.where(step > 0, step, 1.0)) * step, rows)


def _rounding(rows: Floats, size: float, _: Changing) -> Floats:
    """To so many significant digits."""
    first = np.floor(np.log10(np.where(rows == 0, 1.0, np.abs(rows))))
    power: Floats = 10.0 ** (first - (max(1, round(size)) - 1))
    return np.round(rows / power) * power


def _unit_shift(rows: Floats, size: float, by: Changing) -> Floats:
    return np.where(_one(rows, by), rows * size, rows)


def _some(rows: Floats, share: float, by: Changing) -> npt.NDArray[np.bool_]:
    """As many features of each row as the share says, one at least, drawn anew for each."""
    count = min(rows.shape[1], max(1, round(share * rows.shape[1]))) if share > 0 else 0
    found: npt.NDArray[np.bool_] = by.rng.random(rows.shape).argsort(axis=1).argsort(axis=1) < count
    return found


def _one(rows: Floats, by: Changing) -> npt.NDArray[np.bool_]:
    """One feature of each row, drawn anew for each."""
    found: npt.NDArray[np.bool_] = np.arange(rows.shape[1]) == by.rng.integers(rows.shape[1], size=(len(rows), 1))
    return found


_CHANGES: dict[str, Callable[[Floats, float, Changing], Floats]] = {
    "linf": _linf,
    "l2": _l2,
    "gaussian": _gaussian,
    "missing": _missing,
    "dropout": _dropout,
    "outliers": _outliers,
    "quantisation": _quantisation,
    "rounding": _rounding,
    "unit_shift": _unit_shift,
}
