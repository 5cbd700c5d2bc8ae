"""What labelled data shows of the levels that the provider declares."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence

import numpy as np

from harness.budget import BudgetExhausted
from harness.bundle.accuracy import AccuracyRecord, AccuracySeen, BinSeen, MetricSeen
from harness.check import TesterFailed
from harness.criteria import Criterion
from harness.data.declared import AccuracyTable, DeclaredLevel
from harness.data.estimates import Estimated, estimated
from harness.data.labelled import LabelledRow
from harness.data.metric import NoMetric, metric_named
from harness.probing.labelled import AskedRows, asked, described, labelled
from harness.probing.probe import Probe
from harness.statistics.calibration import plain_calibration_error, reliability

# What is measured of any data, whatever is declared.
USUAL_OF_CLASSES, USUAL_OF_SCORES = ("accuracy",), ("brier", "calibration_error")
USUAL_OF_NUMBERS = ("mean_absolute_error", "root_mean_squared_error", "r2")


def judge_accuracy(probe: Probe, table: AccuracyTable) -> list[str]:
    """Send the labelled rows, report a case for each level that is decided, and give what is not, in words.

    Raises:
        TesterFailed: the data cannot be read, or a metric cannot be computed of it.
        BudgetExhausted: the budget does not reach; what was seen until then is on record.
    """
    data = labelled(probe, table)
    rows = asked(probe, table, data)
    probe.repeated = rows.wrong
    try:
        measured = _measured(probe, table, rows)
    except NoMetric as error:
        raise TesterFailed(f"accuracy of {table.model}: {error}") from None
    probe.outcome.series.append(AccuracySeen(accuracy=_record(probe, table, rows, measured)))
    for each in measured:
        probe.observe(words(each))
    if rows.cut_short:
        raise BudgetExhausted(rows.cut_short)
    return [undecided for each in measured if (undecided := _decided(probe, each))]


def _decided(probe: Probe, seen: MetricSeen) -> str:
    """Report the case of a level that is decided; what would decide it where it is not."""
    if seen.decision is None:
        return ""
    if seen.decision == "inconclusive":
        more = f"; about {seen.would_decide} rows would decide" if seen.would_decide else ""
        return words(seen) + more
    about = "".join(f"[{part}]" for part in (seen.about, seen.group) if part)
    probe.holds(
        seen.decision == "supports",
        clause=Criterion.DECLARED_ACCURACY.clause,
        root=f"declared-level-missed:{seen.metric}{about}",
        expected=f"{seen.metric}{about} {seen.side} {seen.limit:g}, as declared",
        observed=words(seen),
    )
    return ""


def words(seen: MetricSeen) -> str:
    """A metric with its interval in a sentence."""
    about = "".join(f" [{part}]" for part in (seen.about, seen.group) if part)
    value = "not defined" if seen.value is None else f"{seen.value:.6g}"
    bounds = "without bounds"
    if seen.lower is not None and seen.upper is not None:
        bounds = f"bounds {seen.lower:.6g} and {seen.upper:.6g}, each at {seen.confidence:g}"
    missing = f", {seen.missing} of them without an answer" if seen.missing else ""
    declared = "" if seen.limit is None else f"; declared {seen.side} {seen.limit:g}: {seen.decision}"
    return f"{seen.metric}{about} is {value} on {seen.rows} rows{missing} ({bounds}){declared}"


def _measured(probe: Probe, table: AccuracyTable, rows: AskedRows) -> list[MetricSeen]:
    found: list[MetricSeen] = []
    for level in table.declared:
        found.append(_one(probe, table, rows, level, None, decides=True))
        for column in table.groups:
            values = sorted({row.groups[column] for row in rows.data.rows})
            found += [_one(probe, table, rows, level, (column, each), decides=level.each_group) for each in values]
    declared = {level.metric for level in table.declared}
    for name in _usual(rows):
        if name not in declared:
            found.append(_one(probe, table, rows, DeclaredLevel(metric=name, at_least=0.0), None, decides=False))
    return found


def _usual(rows: AskedRows) -> Sequence[str]:
    if not rows.answered:
        return ()
    if rows.numeric:
        return USUAL_OF_NUMBERS
    return USUAL_OF_CLASSES + (USUAL_OF_SCORES if rows.seen.scores is not None else ())


def _one(
    probe: Probe,
    table: AccuracyTable,
    rows: AskedRows,
    level: DeclaredLevel,
    group: tuple[str, str] | None,
    *,
    decides: bool,
) -> MetricSeen:
    def inside(row: LabelledRow) -> bool:
        return group is None or row.groups[group[0]] == group[1]

    at = np.array([place for place, row in enumerate(rows.answered) if inside(row)], dtype=np.intp)
    found = estimated(
        metric_named(level.metric),
        rows.seen,
        level,
        at,
        missing=[row.label for row in rows.missing if inside(row)],
        clusters=[row.cluster for row in rows.answered] if table.cluster is not None else None,
        seed=probe.endpoint.seed,
    )
    return _seen(level, found, group, decides=decides)


def _seen(level: DeclaredLevel, found: Estimated, group: tuple[str, str] | None, *, decides: bool) -> MetricSeen:
    about = f"k = {level.k}" if level.metric == "top_k_accuracy" else level.positive or ""
    return MetricSeen(
        metric=level.metric,
        about=about,
        group=None if group is None else f"{group[0]}={group[1]}",
        value=_number(found.value),
        lower=_number(found.interval.lower),
        upper=_number(found.interval.upper),
        confidence=level.confidence,
        method=found.method,
        rows=found.rows,
        missing=found.missing,
        limit=level.limit if decides else None,
        side=level.side.value if decides else None,
        decision=found.decision if decides else None,
        would_decide=found.would_decide if decides else None,
        reason=level.reason if decides else "",
    )


def _record(probe: Probe, table: AccuracyTable, rows: AskedRows, measured: list[MetricSeen]) -> AccuracyRecord:
    bins: list[BinSeen] = []
    plain = None
    with contextlib.suppress(NoMetric):
        reliable = reliability(*rows.seen.scored)
        bins = [BinSeen(rows=each.rows, confidence=each.confidence, accuracy=each.accuracy) for each in reliable]
        plain = plain_calibration_error(*rows.seen.scored)
    return AccuracyRecord(
        model=probe.model.id,
        transport=table.transport,
        data=described(probe, table, rows.data),
        prediction=table.output or table.scores or "the only output",
        scores=table.scores,
        metrics=measured,
        bins=bins,
        plain_calibration_error=plain,
        family=sum(each.decision is not None for each in measured),
    )


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
