"""Robustness of a document recomputed: bounds and p-values from counts of rows, decisions from p-values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.bundle.accuracy import DecisionName
from harness.bundle.robustness import LevelSeen, RelationSeen, RobustnessRecord, ShareSeen
from harness.statistics.binomial import chance, clopper_pearson
from harness.statistics.bootstrap import LEAST
from harness.statistics.family import decided_together
from reports.evidence import CheckResult

_TOLERANCE = 1e-9
_EXACT = "Clopper-Pearson"


def robustness_contradictions(records: Sequence[RobustnessRecord], checks: Sequence[CheckResult]) -> Iterator[str]:
    """Where what changed inputs showed contradicts itself or the verdict of its check, a sentence each."""
    passed = {check.id for check in checks if check.verdict == "pass"}
    for each in records:
        name = f"changed inputs of {each.model!r:.80}"
        yield from (f"{name}: {text}" for text in _curves(each))
        decisions = {decision for decision in _decisions(each) if decision not in (None, "supports")}
        if each.check in passed and decisions:
            yield f"{name}: its check passed, but not all that is declared is supported"
        for relation in each.relations:
            yield from (f"{name}, {relation.words!r:.80}: {text}" for text in _relation(relation))


def _decisions(record: RobustnessRecord) -> Iterator[DecisionName | None]:
    yield from (each.decision for each in record.relations)
    for seen in (seen for curve in record.curves for seen in curve.levels):
        yield seen.share.decision
        yield seen.drop.decision if seen.drop is not None else None


def _curves(record: RobustnessRecord) -> Iterator[str]:
    limited: list[ShareSeen] = []
    for curve in record.curves:
        for seen in curve.levels:
            where = f"{curve.kind!r:.40} at {seen.size:g}"
            if min(seen.rows - seen.missing, seen.changed, seen.missing, seen.rows - seen.missing - seen.changed) < 0:
                yield f"{where}: its numbers of rows do not add up"
                continue
            if record.data.cluster is None and not seen.share.method.startswith(_EXACT):
                yield f"{where}: its share is of rows that do not hang together, and not bounded exactly"
            yield from (f"{where}: {text}" for text in _share(seen))
            yield from (f"{where}: {text}" for text in _drop(seen))
            limited += [each for each in (seen.share, seen.drop) if each is not None and each.decision is not None]
    if not limited:
        return
    if len(limited) != record.family:
        yield f"decides {len(limited)} limits, and says that they are {record.family}"
    chances = [(_or_one(each.within_chance), _or_one(each.beyond_chance)) for each in limited]
    if [each.decision for each in limited] != decided_together(chances, record.confidence):
        yield "its decisions are not those of its p-values"


def _share(seen: LevelSeen) -> Iterator[str]:
    share = seen.share
    if not share.method.startswith(_EXACT) or not seen.rows:
        return
    answered = seen.rows - seen.missing
    if answered and not _same(share.value, seen.changed / answered):
        yield f"its share is {share.value}, and {seen.changed} of {answered} changed"
    lower = clopper_pearson(seen.changed, seen.rows, share.confidence).lower
    upper = clopper_pearson(seen.changed + seen.missing, seen.rows, share.confidence).upper
    if not _same(share.lower, lower) or not _same(share.upper, upper):
        yield f"its bounds are not those of {seen.changed} of {seen.rows} with {seen.missing} missing"
    if share.limit is None:
        return
    unchanged = seen.rows - seen.missing - seen.changed
    due = chance(unchanged, seen.rows, 1 - share.limit), chance(seen.changed, seen.rows, share.limit)
    if not _same(share.within_chance, due[0]) or not _same(share.beyond_chance, due[1]):
        yield "its p-values are not those of its numbers of rows"


def _drop(seen: LevelSeen) -> Iterator[str]:
    drop, lost, gained = seen.drop, seen.lost, seen.gained
    if drop is None or lost is None or gained is None or not drop.method.startswith(_EXACT) or not seen.rows:
        return
    if min(lost, gained) < 0 or lost + gained > seen.rows - seen.missing:
        yield "has lost and gained more rows than there are"
        return
    answered = seen.rows - seen.missing
    if answered and not _same(drop.value, (lost - gained) / answered):
        yield f"its drop is {drop.value}, and {lost} of {answered} were lost and {gained} gained"
    half, n, missing = (1 + drop.confidence) / 2, seen.rows, seen.missing
    lower = clopper_pearson(lost, n, half).lower - clopper_pearson(gained + missing, n, half).upper
    upper = clopper_pearson(lost + missing, n, half).upper - clopper_pearson(gained, n, half).lower
    if not _same(drop.lower, lower) or not _same(drop.upper, upper):
        yield f"the bounds of its drop are not those of {lost} rows lost and {gained} gained of {n}"


def _relation(seen: RelationSeen) -> Iterator[str]:
    if min(seen.violations, seen.missing, seen.inputs - seen.violations - seen.missing) < 0:
        yield "its numbers of inputs do not add up"
        return
    if seen.inputs:
        upper = clopper_pearson(seen.violations + seen.missing, seen.inputs, seen.confidence).upper
        if not _same(seen.upper, upper):
            yield f"its bound is not that of {seen.violations} of {seen.inputs} with {seen.missing} missing"
    held = seen.inputs >= LEAST and seen.violations + seen.missing <= seen.max_violations
    due = "contradicts" if seen.violations > seen.max_violations else "supports" if held else "inconclusive"
    if due != seen.decision:
        yield f"is {seen.decision}, but its numbers say {due}"


def _or_one(chance_of: float | None) -> float:
    return 1.0 if chance_of is None else chance_of


def _same(said: float | None, due: float) -> bool:
    return said is not None and math.isclose(said, due, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
