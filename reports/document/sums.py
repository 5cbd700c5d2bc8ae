"""What the pages count and add up, from the finished document alone."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections import Counter
from collections.abc import Iterator

import msgspec

from harness.bundle.accuracy import AccuracyRecord, BinSeen
from harness.bundle.phases import phases_of
from harness.bundle.series import LoadPoints, LoadSeries
from harness.statistics.binomial import wilson
from harness.statistics.decision import Interval
from reports.evidence import CheckResult, DutyRow, Evidence
from reports.evidence.sums import BinBounds, DutySums, LoadSums, StretchSums, Sums

STRETCHES = 10
"""Stretches that a run of load is divided into, at most."""
_CONFIDENCE, _DIGITS = 0.95, 6
# More rows than labelled data has.
_MOST_ROWS = 10**9


def sums(document: Evidence) -> Sums:
    """All of them."""
    by_id = {check.id: check for check in document.checks}
    accounts = [each.account.total for drill in document.drills for each in drill.repetitions if each.account]
    return Sums(
        duty_states=dict(Counter(str(row.state) for row in document.duties)),
        duties=[duty_sums(row, by_id) for row in document.duties if row.checks],
        drawn=drawn(document.checks),
        load=list(_load(document)),
        accounts=accounts,
        bins=[_bins(record) for record in document.accuracy],
    )


def duty_sums(duty: DutyRow, by_id: dict[str, CheckResult]) -> DutySums:
    """What the checks of a duty came to."""
    serving = [by_id[each] for each in duty.checks if each in by_id]
    found, slugs = validated(serving)
    passed = Counter[str](check.kind for check in serving if check.verdict == "pass")
    return DutySums(duty=duty.id, passed=dict(passed), validated=found, slugs=slugs)


def validated(checks: list[CheckResult]) -> tuple[int, int]:
    """How many different checks were shown to fail on a seeded fault, and how many there are."""
    faults = {check.slug: check.faults_found for check in checks}
    return sum(bool(fault) for fault in faults.values()), len(faults)


def names_faults(document: Evidence) -> bool:
    """Whether it says which seeded faults its checks found; documents of earlier releases do not."""
    return document.sums is not None or any(check.faults_found for check in document.checks)


def drawn(checks: list[CheckResult]) -> dict[str, int]:
    """How often the searches drew each kind of value."""
    found: Counter[str] = Counter()
    for check in checks:
        found.update({name: count for name, count in check.exercised.items() if count > 0})
    return dict(found)


def stretches(points: LoadPoints) -> list[tuple[float, float]]:
    """A run in stretches of equal length, each with its beginning and its end."""
    seconds, parts = points.step_s * len(points.planned), min(STRETCHES, len(points.planned))
    return list(itertools.pairwise(seconds * at / parts for at in range(parts + 1))) if parts else []


def _load(document: Evidence) -> Iterator[LoadSums]:
    drilled = {(drill.check, each.run): each for drill in document.drills for each in drill.repetitions}
    for each in document.series:
        with contextlib.suppress(msgspec.ValidationError):
            run = msgspec.convert(each, LoadSeries)
            seconds = run.points.step_s * len(run.points.planned)
            if not math.isfinite(seconds):
                continue
            repetition = drilled.get((run.check, run.run))
            phases = phases_of(repetition, seconds) if repetition else None
            parts = list(phases.all().values()) if phases else stretches(run.points)
            counted = [_counted(run.points, begin, end) for begin, end in parts]
            yield LoadSums(check=run.check, run=run.run, whole=_counted(run.points, 0.0, seconds), stretches=counted)


def _counted(points: LoadPoints, begin: float, end: float) -> StretchSums:
    within = points.places(begin, end)
    counts = {name: sum(column[within.start : within.stop]) for name, column in points.counts.items()}
    return StretchSums(begin_s=begin, end_s=end, **counts)


def bounded_bins(record: AccuracyRecord) -> list[tuple[BinSeen, Interval]]:
    """Bins as a run of ours records them, each with the bounds of Wilson on the share that is right."""
    return [
        (each, wilson(round(each.accuracy * each.rows), each.rows, _CONFIDENCE))
        for each in record.bins
        if 0 < each.rows < _MOST_ROWS and 0 <= each.accuracy <= 1 and 0 <= each.confidence <= 1
    ]


def _bins(record: AccuracyRecord) -> list[BinBounds]:
    return [BinBounds(lower=_rounded(each.lower), upper=_rounded(each.upper)) for _, each in bounded_bins(record)]


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
