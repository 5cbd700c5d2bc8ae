"""The numbers that a run has measured, each under a name by which another run may have it as well."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgspec

from harness.bundle.accuracy import AccuracyRecord, MetricSeen
from harness.bundle.exchange import NOT_KEPT
from harness.bundle.robustness import RobustnessRecord
from harness.bundle.series import LoadSeries
from harness.data.metric import metrics
from reports.evidence import CheckResult, Evidence
from reports.evidence.comparison import Measured, Quantity

# Suites whose shares depend on the machine that the run had.
OF_THE_MOMENT = ("load", "failover")
INVALID = "tool_error"


class NumberName(NamedTuple):
    """What a number is of: runs that have the same name have measured the same thing."""

    quantity: Quantity
    model: str | None
    about: str
    # What it was measured on, such as the digest of labelled data; other than that, no two numbers are compared.
    on: str = ""


@dataclass(frozen=True, slots=True)
class MeasuredNumber:
    """One number of one run.

    Attributes:
        better: whether more or less of it is better; None where nobody says.
        counts: whether a shift of it may make a run worse.
        confidence: of each bound, one-sided; None where there are no bounds.
    """

    name: NumberName
    seen: Measured
    better: Literal["more", "less"] | None = None
    counts: bool = True
    confidence: float | None = None


def numbers_of(document: Evidence) -> dict[NumberName, MeasuredNumber]:
    """Every number of a run, the first of a name."""
    found: dict[NumberName, MeasuredNumber] = {}
    for each in _all(document):
        found.setdefault(each.name, each)
    return found


def _all(document: Evidence) -> Iterator[MeasuredNumber]:
    # Whether data without a digest is the same as that of another run cannot be told.
    for record in document.accuracy:
        if record.data.sha256 != NOT_KEPT:
            yield from _accuracy(record)
    for changed in document.robustness:
        if changed.data.sha256 != NOT_KEPT:
            yield from _robustness(changed)
    for check in document.checks:
        yield from _estimate(check)
    for told in document.series:
        # A document of a stranger may hold anything here: it is passed over, as the page does.
        with contextlib.suppress(msgspec.ValidationError):
            yield from _load(msgspec.convert(told, LoadSeries))


def _accuracy(record: AccuracyRecord) -> Iterator[MeasuredNumber]:
    for each in record.metrics:
        if each.value is None:
            continue
        parts = (record.transport, each.metric, each.about, each.group)
        kind = metrics().get(each.metric)
        yield MeasuredNumber(
            NumberName("metric", record.model, " ".join(part for part in parts if part), record.data.sha256),
            Measured(value=each.value, lower=each.lower, upper=each.upper, **_counts(each)),
            better=_better(each, loss=kind is not None and kind.loss) if kind or each.side else None,
            confidence=each.confidence,
        )


def _better(metric: MetricSeen, *, loss: bool) -> Literal["more", "less"]:
    if metric.side is not None:
        return "more" if metric.side == "at least" else "less"
    return "less" if loss else "more"


def _counts(metric: MetricSeen) -> dict[str, int]:
    """How many rows were right, where the metric is a share of all rows."""
    kind, answered = metrics().get(metric.metric), metric.rows - metric.missing
    if kind is None or not kind.share or kind.among or metric.value is None or answered < 1 or metric.about:
        return {}
    return {"k": round(metric.value * answered), "n": answered}


def _robustness(record: RobustnessRecord) -> Iterator[MeasuredNumber]:
    for curve in record.curves:
        for level in curve.levels:
            if level.share.value is not None and level.rows:
                about = f"{record.transport} {curve.kind} {curve.size} {level.size:g} {curve.unit}"
                yield MeasuredNumber(
                    NumberName("changed_share", record.model, about, record.data.sha256),
                    Measured(
                        value=level.share.value, lower=level.share.lower, upper=level.share.upper,
                        k=level.changed, n=level.rows,
                    ),
                    better="less",
                    confidence=level.share.confidence,
                )  # fmt: skip


def _estimate(check: CheckResult) -> Iterator[MeasuredNumber]:
    told = check.estimate
    if told is not None and told.n > 0:
        yield MeasuredNumber(
            NumberName("estimate", check.model, check.slug),
            Measured(value=told.k / told.n, lower=told.lower, upper=told.upper, k=told.k, n=told.n),
            better="more",
            counts=check.suite not in OF_THE_MOMENT,
            confidence=told.confidence,
        )


def _load(run: LoadSeries) -> Iterator[MeasuredNumber]:
    if run.invalid or run.verdict == INVALID:
        return
    # Only runs of one plan have sent the same.
    about = f"{run.transport} {run.name}"
    level = (1 + run.response.confidence) / 2 if run.response.confidence is not None else None
    for each in run.response.percentiles:
        if each.value is not None:
            yield MeasuredNumber(
                NumberName("latency", run.model, f"{about} p{each.p * 100:g}", run.plan_sha256),
                Measured(value=each.value, lower=each.lower, upper=each.upper),
                better="less", counts=False, confidence=level,
            )  # fmt: skip
    for quantity, bad in (("failed", run.tried - run.ok), ("wrong", run.wrong)):
        if run.tried > 0:
            yield MeasuredNumber(
                NumberName("failed" if quantity == "failed" else "wrong", run.model, about, run.plan_sha256),
                Measured(value=bad / run.tried, k=bad, n=run.tried),
                better="less", counts=False,
            )  # fmt: skip
