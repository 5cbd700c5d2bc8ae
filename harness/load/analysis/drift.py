"""Detects latencies or error rates that rise during a long run, gradually or in a step.

The tests are those of :mod:`harness.statistics.trend`; both significance and size are needed to accuse.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from harness.load.analysis.percentiles import NANO
from harness.load.analysis.series import grouped, percentile_of_groups
from harness.load.analysis.summary import response_without_lag_of, tried_of
from harness.load.records.rows import Rows, Status
from harness.statistics.trend import LEAST, Trend, step_of, trend_of

BLOCKS = 30
LEAST_REQUESTS = 20
# Ranks of fewer than sixteen stretches cannot make a step significant; the middle of a few requests will do for it.
LEAST_OF_STEP = 5


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """The trend of one quantity over the run, or its step where that alone is a rise.

    Attributes:
        quantity: ``median``, ``tail`` (p99) of the response without the tester's own lag, in seconds, or ``errors``
            (share of requests that failed).
        rises: significantly and by enough.
        first, last: fitted values at both ends, of a step those before and after it; p: one-sided, of no change;
            blocks: stretches compared.
    """

    quantity: str
    rises: bool
    first: float
    last: float
    p: float
    blocks: int


def drifts_of(
    rows: Rows, *, factor: float = 1.5, least_s: float = 0.002, least_errors: float = 0.01, blocks: int = BLOCKS
) -> tuple[Drift, ...]:
    """Trends over stretches of equally many requests; empty where there are too few to say.

    Latency rises when it grows by ``factor`` and by more than ``least_s``; errors, when their share grows by
    ``least_errors``.
    """
    tried = tried_of(rows)
    number = min(blocks, len(tried) // LEAST_REQUESTS)
    if number < LEAST:
        return ()
    block = np.arange(len(tried), dtype=np.int64) * number // len(tried)
    good = tried["status"] == Status.OK
    response = response_without_lag_of(tried)[good]
    ordered, first, count = grouped(block[good], response, number)

    def at(percentile: float) -> list[float]:
        values = percentile_of_groups(ordered, first, count, percentile)
        return [value for value in values if value is not None]

    median, tail = _drift("median", at(0.5), factor, least_s), _drift("tail", at(0.99), factor, least_s)
    if median is not None and not median.rises:
        median = _step(response * NANO, factor, least_s) or median
    failed = np.bincount(block[~good], minlength=number) / np.bincount(block, minlength=number)
    errors = _drift("errors", failed.tolist(), 1.0, least_errors)
    return tuple(drift for drift in (median, tail, errors) if drift is not None)


def _step(seconds: npt.NDArray[np.float64], factor: float, least: float) -> Drift | None:
    """A step of the middle of latency, if there is one. Of errors there is none: they come in crowds."""
    step = step_of(seconds.tolist(), min(BLOCKS, len(seconds) // LEAST_OF_STEP))
    return _of("median", step, factor, least) if step is not None and step.rises(factor=factor, least=least) else None


def _drift(quantity: str, values: list[float], factor: float, least: float) -> Drift | None:
    found = trend_of(values, blocks=len(values))
    return None if found is None else _of(quantity, found, factor, least)


def _of(quantity: str, found: Trend, factor: float, least: float) -> Drift:
    return Drift(
        quantity=quantity,
        rises=found.rises(factor=factor, least=least),
        first=found.first,
        last=found.last,
        p=found.p,
        blocks=found.blocks,
    )
