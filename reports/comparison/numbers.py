"""Numbers of two runs: which of them differ by more than chance, all of them held together."""

from __future__ import annotations

from harness.statistics.family import holm
from harness.statistics.two_samples import bounded_differ, shares_differ
from reports.comparison.measured import MeasuredNumber, numbers_of
from reports.evidence import Evidence
from reports.evidence.comparison import Measured, NumberChange, NumberRow

CONFIDENCE = 0.95
EXACT, BOUNDS, NONE = "Fisher's exact test", "MOVER (Zou and Donner 2008), from the bounds", "none: it has no bounds"


def number_rows(a: Evidence, b: Evidence) -> list[NumberRow]:
    """Every number that both runs have; those that differ by more than chance first."""
    before = numbers_of(a)
    pairs = [(before[name], other) for name, other in numbers_of(b).items() if name in before]
    tested = [(one, other, *_chance(one, other)) for one, other in pairs]
    # What no test can decide is no member of the family.
    adjusted = iter(holm([chance for *_, method, chance in tested if method != NONE]))
    rows = [
        NumberRow(
            quantity=other.name.quantity,
            model=other.name.model,
            about=other.name.about,
            a=one.seen,
            b=other.seen,
            method=method,
            chance=chance,
            adjusted=(together := 1.0 if method == NONE else next(adjusted)),
            change=_change(one, other, together),
        )
        for one, other, method, chance in tested
    ]
    return sorted(rows, key=lambda row: (row.change == "none_shown", row.adjusted))


def worse_numbers(a: Evidence, b: Evidence, rows: list[NumberRow]) -> bool:
    """Whether a number that counts is worse in B."""
    counting = {
        (each.name.quantity, each.name.model, each.name.about)
        for each in (*numbers_of(a).values(), *numbers_of(b).values())
        if each.counts
    }
    return any(row.change == "worse" and (row.quantity, row.model, row.about) in counting for row in rows)


def _chance(one: MeasuredNumber, other: MeasuredNumber) -> tuple[str, float]:
    """The test that fits both, and its p-value; numbers of a stranger that fit none are compared by none."""
    try:
        if one.seen.k is not None and one.seen.n and other.seen.k is not None and other.seen.n:
            return EXACT, shares_differ((one.seen.k, one.seen.n), (other.seen.k, other.seen.n))
        if one.confidence is not None and other.confidence is not None:
            return BOUNDS, bounded_differ(_bounds(one.seen), _bounds(other.seen), (one.confidence, other.confidence))
    except ValueError:
        return NONE, 1.0
    return NONE, 1.0


def _bounds(seen: Measured) -> tuple[float, float, float]:
    if seen.lower is None or seen.upper is None:
        raise ValueError("a bound is missing")
    return seen.lower, seen.value, seen.upper


def _change(one: MeasuredNumber, other: MeasuredNumber, adjusted: float) -> NumberChange:
    if adjusted > 1 - CONFIDENCE or one.seen.value == other.seen.value:
        return "none_shown"
    if other.better is None:
        return "differs"
    return "better" if (other.seen.value > one.seen.value) == (other.better == "more") else "worse"
