"""The run second by second, for plots: at most 2,000 points, longer steps for longer runs."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

from harness.load.analysis.percentiles import NANO, Values
from harness.load.records.rows import ABSENT, Rows, Status

MOST_POINTS = 2000
WRONG = (Status.WRONG_ID, Status.WRONG_ANSWER)
_BITS = 46
_LARGEST = (1 << _BITS) - 1


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Columns of one length, a value a step of ``step_s`` seconds; requests stand where they were intended.

    Attributes:
        step_s: width of a step; the first begins at 0.
        planned, sent, ok, failed: requests; never sent ones are planned only. ``wrong`` are some of the failed ones.
        p50, p99, worst: response of good answers in seconds; None: there was none.
        lag: longest send lag in seconds; None: nothing was sent.
    """

    step_s: float
    planned: tuple[int, ...]
    sent: tuple[int, ...]
    ok: tuple[int, ...]
    failed: tuple[int, ...]
    wrong: tuple[int, ...]
    p50: tuple[float | None, ...]
    p99: tuple[float | None, ...]
    worst: tuple[float | None, ...]
    lag: tuple[float | None, ...]


def series_of(rows: Rows, planned: Values, seconds: float, width_s: float | None = None) -> Series:
    """The series of a run with these intended times (ns); in a closed loop what was sent was planned.

    Steps are of ``width_s``; without it, of whole seconds.
    """
    step_s = width_s or float(max(1, math.ceil(seconds / MOST_POINTS)))
    step, points = round(step_s / NANO), max(1, math.ceil(seconds / step_s))
    tried = np.flatnonzero(rows["status"] != Status.NEVER_SENT)
    intended, sent = rows["intended"][tried], rows["sent"][tried]
    steps = np.clip(intended // step, 0, points - 1)
    good = rows["status"][tried] == Status.OK
    ordered, first, count = grouped(steps[good], (rows["done"][tried] - intended)[good], points)
    was_sent = sent != ABSENT
    lag, lag_first, lag_count = grouped(steps[was_sent], (sent - intended)[was_sent], points)
    plan_steps = np.clip(planned // step, 0, points - 1) if len(planned) else steps
    return Series(
        step_s=step_s,
        planned=_counts(plan_steps, points),
        sent=_counts(steps, points),
        ok=tuple(count.tolist()),
        failed=_counts(steps[~good], points),
        wrong=_counts(steps[np.isin(rows["status"][tried], WRONG)], points),
        p50=percentile_of_groups(ordered, first, count, 0.5),
        p99=percentile_of_groups(ordered, first, count, 0.99),
        worst=percentile_of_groups(ordered, first, count, 1.0),
        lag=percentile_of_groups(lag, lag_first, lag_count, 1.0),
    )


def _counts(steps: Values, points: int) -> tuple[int, ...]:
    return tuple(np.bincount(steps, minlength=points).tolist())


def grouped(groups: Values, values: Values, number: int) -> tuple[Values, Values, Values]:
    """Values (ns, from 0 on) ordered by group and then by size, where each group begins, and how many it has."""
    count: npt.NDArray[np.int64] = np.bincount(groups, minlength=number).astype(np.int64)
    # One sort of one integer is several times faster than a sort by two keys; 46 bits of ns are 19 hours.
    keys = np.sort(groups.astype(np.int64) << _BITS | np.clip(values, 0, _LARGEST))
    return keys & _LARGEST, np.cumsum(count) - count, count


def percentile_of_groups(ordered: Values, first: Values, count: Values, percentile: float) -> tuple[float | None, ...]:
    """The percentile of each group in seconds, by the rank rule of the room; None: it has no values."""
    inside = np.minimum((count * percentile + 1e-9).astype(np.int64), np.maximum(count - 1, 0))
    some = count > 0
    found = np.zeros(len(count))
    found[some] = ordered[(first + inside)[some]] * NANO
    return tuple(value if there else None for value, there in zip(found.tolist(), some.tolist(), strict=True))
