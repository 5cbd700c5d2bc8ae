"""Follow-up inputs of metamorphic relations: rows changed as the policy says, and whether the relation then holds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from harness.robustness.declared import InvarianceTable

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


def unimportant_change(table: InvarianceTable, rows: Floats, at: Places, rng: np.random.Generator) -> Floats:
    """Rows (n, features) changed where it must not matter.

    Args:
        table: says how.
        rows: source inputs.
        at: places of the features that change.
        rng: of orders, and of the rows that others get their values from.
    """
    found, own = rows.copy(), rows[:, at]
    if table.change == "permute":
        found[:, at] = np.take_along_axis(own, rng.random(own.shape).argsort(axis=1), axis=1)
    elif table.change == "replace":
        # Another row's, never its own, where there is another.
        step = rng.integers(1, len(rows)) if len(rows) > 1 else 0
        found[:, at] = np.roll(own, step, axis=0)
    elif table.change == "negate":
        found[:, at] = -own
    else:
        assert table.by is not None
        found[:, at] = own * table.by if table.change == "scale" else own + table.by
    return found


def rises_enough(before: float, after: float, *, falls: bool, within: float) -> bool:
    """Whether a score did not fall (or, with ``falls``, not rise), but for ``within``."""
    return (before - after if not falls else after - before) <= within
