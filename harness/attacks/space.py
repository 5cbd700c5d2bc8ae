"""Where a search may go from one row: which features it may change, within what range, in what unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Norm = Literal["l2", "linf"]


@dataclass(frozen=True, slots=True)
class Space:
    """One row, and the rows that a search may ask about instead.

    A search sees points: the free features alone, each in its unit. What is asked is a row: all features, in range,
    whole where they must be, as the datatype of the model holds them. Distances are between rows, so that none is told
    of a point that was never sent.

    Attributes:
        start: the row, (features,).
        lower, upper: the range of each feature; infinite where nothing bounds it.
        unit: what counts as 1 of each feature.
        free: features that may change.
        whole: features that are whole numbers.
        dtype: of the model's input.
        holds: which rows of (rows, features) satisfy the relations between their features; None: there are none.
        shape: (height, width, channels) of the features as a picture; None: they are none.
    """

    start: Floats
    lower: Floats
    upper: Floats
    unit: Floats
    free: Bools
    whole: Bools
    dtype: npt.DTypeLike = np.float64
    holds: Callable[[Floats], Bools] | None = None
    shape: tuple[int, int, int] | None = None

    @property
    def origin(self) -> Floats:
        """The row as a point."""
        return self.point(self.start)

    @property
    def low(self) -> Floats:
        """The least of each coordinate of a point."""
        return self.point(self.lower)

    @property
    def high(self) -> Floats:
        """The greatest of each coordinate of a point."""
        return self.point(self.upper)

    def point(self, row: Floats) -> Floats:
        """The free features of a row, in their units."""
        found: Floats = (row / self.unit)[..., self.free]
        return found

    def rows(self, points: Floats, *, clip: bool = True) -> Floats:
        """The rows that are sent for points (points, free features); ``clip``: kept within the range."""
        found = np.repeat(self.start[None, :], len(points), axis=0)
        found[:, self.free] = points * self.unit[self.free]
        found[:, self.whole & self.free] = np.rint(found[:, self.whole & self.free])
        if clip:
            found = np.clip(found, self.lower, self.upper)
            # A start outside of its range stays where it is: what is not free is never touched.
            found[:, ~self.free] = self.start[~self.free]
        return found.astype(self.dtype).astype(np.float64)

    def distances(self, rows: Floats, norm: Norm) -> Floats:
        """How far rows are from the start, in units."""
        gaps = np.abs((rows - self.start) / self.unit)
        found: Floats = gaps.max(axis=1) if norm == "linf" else np.sqrt((gaps**2).sum(axis=1))
        return found

    def allowed(self, rows: Floats) -> Bools:
        """Which rows satisfy the relations."""
        return np.ones(len(rows), dtype=np.bool_) if self.holds is None else self.holds(rows)


def box(
    start: Sequence[float] | Floats, lower: float, upper: float, *, dtype: npt.DTypeLike = np.float64,
    shape: tuple[int, int, int] | None = None,
) -> Space:  # fmt: skip
    """All features free, between the same bounds, each in its own unit of 1."""
    row = np.asarray(start, dtype=np.float64)
    same = np.ones_like(row)
    no = np.zeros(len(row), dtype=np.bool_)
    return Space(row, same * lower, same * upper, same, ~no, no, dtype, shape=shape)
