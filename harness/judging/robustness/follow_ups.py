"""Samples changed by a perturbation of the policy, as requests; none of a sample that has no valid change."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from harness.check import TesterFailed
from harness.data.features import NoFeature
from harness.judging.robustness.bench import Bench
from harness.robustness.declared import EVERY, PerturbationTable, Unit
from harness.robustness.numbers import Changing, changed_rows
from harness.wire.messages import InferRequest

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


def follow_ups(bench: Bench, table: PerturbationTable, size: float, places: Sequence[int]) -> list[InferRequest | None]:
    """The samples at these places changed by a size; the same for the same seed, whatever else is asked.

    Raises:
        TesterFailed: the policy names a feature or a unit that there is not.
    """
    at = np.array(places, dtype=np.intp)
    seed = [bench.seed, zlib.crc32(f"{table.kind} {size!r}".encode())]
    by = changing(bench, table, np.random.default_rng(seed))
    return of_rows(bench, at, changed_rows(table.kind, bench.rows[at], size, by))


def of_rows(bench: Bench, at: Places, changed: Floats) -> list[InferRequest | None]:
    """Samples with other features, led back into the domain; None where that is not possible."""
    held = bench.domain.held(bench.rows[at], changed)
    valid = bench.domain.valid(held)
    return [
        bench.decider.request(bench.requests[place], row) if fits else None
        for place, row, fits in zip(at, held, valid, strict=True)
    ]


def changing(bench: Bench, table: PerturbationTable, rng: np.random.Generator) -> Changing:
    """What a perturbation of numbers goes by."""
    at = mutable(bench, table.features or [EVERY])
    samples = bench.rows[:, at]
    middle, spread = np.median(samples, axis=0), samples.std(axis=0)
    fill = middle if table.fill is None else np.full(len(at), table.fill)
    return Changing(at, scale_of(bench, table.unit, at), middle, spread, fill, rng)


def mutable(bench: Bench, names: Sequence[str]) -> Places:
    """Places of the features of these names that can be changed.

    Raises:
        TesterFailed: there are none.
    """
    try:
        at = bench.features.places(names)
    except NoFeature as error:
        raise TesterFailed(f"robustness of {bench.table.model}: {error}") from None
    found = at[~bench.domain.immutable[at]]
    if not len(found):
        raise TesterFailed(f"robustness of {bench.table.model}: no feature of {', '.join(names)} can be changed")
    return found


def scale_of(bench: Bench, unit: Unit, at: Places) -> Floats:
    """What a size of 1 is in this unit, for each of these features.

    Raises:
        TesterFailed: the unit is the width of a range that is not declared.
    """
    if unit == "std":
        spread: Floats = bench.rows[:, at].std(axis=0)
        return spread
    if unit == "absolute":
        return np.ones(len(at))
    width = bench.domain.width[at]
    if not np.isfinite(width).all():
        name = bench.features.names[at[int(np.argmin(np.isfinite(width)))]]
        raise TesterFailed(f"robustness of {bench.table.model}: unit = range, and {name!r} has no range")
    return width
