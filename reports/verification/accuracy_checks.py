"""Accuracy in a document recomputed: rows that add up, exact bounds, and decisions that follow from bounds and limits.

A bootstrap needs every row, and no record has them: of such a metric the bounds are taken as they stand, and the
decision has to follow from them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.bundle.accuracy import AccuracyRecord, MetricSeen
from harness.statistics.closed import Counts
from harness.statistics.decision import Interval, LimitSide, decision
from harness.statistics.early_stopping import deciding_count
from reports.evidence import CheckResult

_TOLERANCE = 1e-9
# How the method of a share begins, and the shares in which every row counts.
_EXACT = "Clopper-Pearson"
_OF_ALL = ("accuracy", "top_k_accuracy")
# As many as labelled data may have, and more: a stranger's number beyond it is computed with by nobody.
_MOST = 10**9


def accuracy_contradictions(records: Sequence[AccuracyRecord], checks: Sequence[CheckResult]) -> Iterator[str]:
    """Where a record of accuracy contradicts itself or the verdict of its check, a sentence each."""
    passed = {check.id for check in checks if check.verdict == "pass"}
    for record in records:
        name = f"accuracy of {record.model!r:.80} over {record.transport:.10}"
        yield from (f"{name}: {text}" for text in _data(record))
        for seen in record.metrics:
            about = "".join(f" [{part:.40}]" for part in (seen.about, seen.group) if part)
            yield from (f"{name}: {seen.metric:.40}{about} {text}" for text in _metric(record, seen))
        undecided = [each.metric for each in record.metrics if each.decision not in (None, "supports")]
        if record.check in passed and undecided:
            yield f"{name}: its check passed, but a level of {undecided[0]:.40} is not supported"


def _data(record: AccuracyRecord) -> Iterator[str]:
    data = record.data
    if not 0 <= data.drawn <= data.total <= _MOST or (data.seed is None) != (data.drawn == data.total):
        yield f"its data are {data.drawn} of {data.total} rows with seed {data.seed}"
    for column, counts in data.counts.items():
        if counts and sum(counts.values()) != data.drawn:
            yield f"the values of {column!r:.40} are those of {sum(counts.values())} rows, and {data.drawn} were drawn"
    decided = sum(each.decision is not None for each in record.metrics)
    if record.family != decided:
        yield f"says that {record.family} levels were decided, and lists {decided}"
    yield from _bins(record)


def _bins(record: AccuracyRecord) -> Iterator[str]:
    rows = sum(each.rows for each in record.bins)
    if not rows:
        return
    if min(each.rows for each in record.bins) < 0 or not 0 < rows <= min(record.data.drawn, _MOST):
        yield f"its bins hold {rows} rows, and {record.data.drawn} were drawn"
        return
    due = sum(each.rows * abs(each.accuracy - each.confidence) for each in record.bins) / rows
    if record.plain_calibration_error is None or not _close(record.plain_calibration_error, due):
        yield f"its plain calibration error is {record.plain_calibration_error}, but its bins give {due:.6g}"


def _metric(record: AccuracyRecord, seen: MetricSeen) -> Iterator[str]:
    if not (0 <= seen.missing <= seen.rows <= _MOST and 0 < seen.confidence < 1):
        yield f"is of {seen.rows} rows, {seen.missing} of them without an answer, at confidence {seen.confidence:g}"
        return
    yield from _rows(record, seen)
    bounds = Interval(_number(seen.lower), _number(seen.upper), seen.confidence)
    if seen.method.startswith(_EXACT):
        right = _right(seen)
        if right is None:
            yield f"is {seen.value}, which is no share of {seen.rows - seen.missing} rows"
            return
        due = Counts(seen.rows, right, seen.rows - seen.missing - right).interval(seen.confidence)
        if not (_close(bounds.lower, due.lower) and _close(bounds.upper, due.upper)):
            yield (
                f"has bounds {seen.lower} and {seen.upper}, but {right} of {seen.rows} rows, {seen.missing} of them "
                f"without an answer, give {due.lower:.6g} and {due.upper:.6g}"
            )
        yield from _would_decide(seen, right)
    elif seen.metric in _OF_ALL and record.data.cluster is None:
        yield "is a share of rows that do not hang together, and not bounded exactly"
    yield from _decision(seen, bounds)


def _rows(record: AccuracyRecord, seen: MetricSeen) -> Iterator[str]:
    """Whether a metric is of as many rows as there are, of the group where it is of one."""
    due: int | None = record.data.drawn
    if seen.group is not None:
        column, _, value = seen.group.partition("=")
        due = record.data.counts.get(column, {}).get(value)
    if due is None:
        return
    every = seen.metric in _OF_ALL or not seen.method.startswith(_EXACT)
    if seen.rows != due if every else seen.rows > due:
        yield f"is of {seen.rows} rows, and there are {due}"


def _right(seen: MetricSeen) -> int | None:
    """How many rows were right, from the share of them; None where it is no share of so many."""
    answered = seen.rows - seen.missing
    if seen.value is None or not math.isfinite(seen.value):
        return 0 if not answered and seen.value is None else None
    right = round(seen.value * answered)
    return right if 0 <= right <= answered and answered and _close(right / answered, seen.value) else None


def _would_decide(seen: MetricSeen, right: int) -> Iterator[str]:
    if seen.would_decide is None:
        return
    answered = seen.rows - seen.missing
    due = None
    if seen.decision == "inconclusive" and seen.limit is not None and 0 < seen.limit < 1 and answered:
        at_least = seen.side == LimitSide.AT_LEAST.value
        late, share = (answered - right, seen.limit) if at_least else (right, 1 - seen.limit)
        due = deciding_count(answered, late, share, seen.confidence)
    if seen.would_decide != due:
        yield f"says that {seen.would_decide} rows would decide, but its counts say {due}"


def _decision(seen: MetricSeen, bounds: Interval) -> Iterator[str]:
    if seen.limit is None or seen.side is None:
        if seen.decision is not None:
            yield f"is decided ({seen.decision}), and no level is declared"
        return
    due = decision(bounds, seen.limit, LimitSide(seen.side))
    if seen.value is None:
        due = "inconclusive"
    if seen.decision != due:
        yield (
            f"is said to be {seen.decision}, but bounds {seen.lower} and {seen.upper} against {seen.side} "
            f"{seen.limit:g} say {due}"
        )


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
