"""A comparison for people: lines of text, the answer last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from reports.evidence.comparison import ComparedRun, DriftRow, FindingRow, Measured, NumberRow, RunComparison
from reports.text.formats import when
from reports.text.quoted import translated
from reports.text.sentences import Sentences

T = TypeVar("T")
# Rows of one kind that are printed; the form for tools has all of them.
MOST = 25
SHORT = 12


def comparison_lines(said: Sentences, found: RunComparison) -> Iterator[str]:
    """What a terminal shows: who is compared, what differs, and the answer as the last line."""
    yield _run(said, "A", found.a)
    yield _run(said, "B", found.b)
    if found.same_run:
        yield said("compare.same_run")
    yield from _part(said, "compare.conditions", found.conditions, lambda row: said(
        "compare.changed", what=said.spoken("compare_condition", row.what), a=_or_none(said, row.a),
        b=_or_none(said, row.b),
    ))  # fmt: skip
    yield from _part(said, "compare.verdicts", found.verdicts, lambda row: said(
        "compare.verdict", check=row.check, change=said.spoken("compare_verdict", row.change),
        a=said.spoken("state", row.a), b=said.spoken("state", row.b),
    ))  # fmt: skip
    yield from _only(said, "A", found.checks_only_a)
    yield from _only(said, "B", found.checks_only_b)
    shifted = [row for row in found.numbers if row.change != "none_shown"]
    yield from _part(said, "compare.numbers", shifted, lambda row: _number(said, row))
    if found.numbers:
        yield said("compare.numbers_held", numbers=len(found.numbers), confidence=found.confidence)
    yield from _part(said, "compare.drift", found.drift, lambda row: _drifted(said, row))
    findings = [row for row in found.findings if row.change != "still"]
    yield from _part(said, "compare.findings", findings, lambda row: _finding(said, row))
    yield ""
    yield answer(said, found)


def answer(said: Sentences, found: RunComparison) -> str:
    """What came of it, in a sentence or two; what was decided before and is not now is never left out."""
    parts = [said.spoken("compare_worse", part) for part in found.worse]
    told = [said("compare.worse", parts=parts) if parts else said("compare.nothing_worse")]
    lost = sum(row.change == "no_longer_decided" for row in found.verdicts) + len(found.checks_only_a)
    if lost:
        told.append(said("compare.less_decided", checks=lost))
    return " ".join(told)


def _run(said: Sentences, side: str, run: ComparedRun) -> str:
    ended = said("compare.cut_short") if run.cut_short else ""
    return said(
        "compare.run", side=side, report=run.report, started=when(said, run.started), endpoint=run.endpoint,
        decided=run.decided, checks=run.checks, ended=ended,
    )  # fmt: skip


def _part(said: Sentences, heading: str, rows: Sequence[T], line: Callable[[T], str]) -> Iterator[str]:
    if rows:
        yield ""
        yield said.rows[heading]
        for row in rows[:MOST]:
            yield f"  {line(row)}"
        if len(rows) > MOST:
            yield f"  {said('compare.more', rest=len(rows) - MOST)}"


def _only(said: Sentences, side: str, checks: Sequence[str]) -> Iterable[str]:
    return [said("compare.only", side=side, number=len(checks), checks=checks)] if checks else []


def _finding(said: Sentences, row: FindingRow) -> str:
    counted = [said("finding.not_counted")] if row.standing == "not_counted" else []
    about = ", ".join([*row.models[:4], *counted])
    verdict = row.b or row.a or ""
    return said(
        "compare.finding", change=said.spoken("compare_finding", row.change), verdict=said.spoken("state", verdict),
        title=translated(said, row.title), about=f" ({about})" if about else "", root=row.root,
    )  # fmt: skip


def _drifted(said: Sentences, row: DriftRow) -> str:
    what = said.spoken("compare_drift", row.what)
    about = " ".join(part for part in (row.model, what, row.about) if part)
    digests = row.what in ("metadata", "fingerprint", "answer")
    a, b = ((text[:SHORT] if digests else text) for text in (row.a, row.b))
    return said("compare.changed", what=about, a=_or_none(said, a), b=_or_none(said, b))


def _number(said: Sentences, row: NumberRow) -> str:
    about = " ".join(part for part in (row.model, said.spoken("compare_quantity", row.quantity), row.about) if part)
    return said(
        "compare.number", about=about, change=said.spoken("compare_number", row.change), a=figure(said, row.a),
        b=figure(said, row.b), adjusted=said.figure(row.adjusted, 2), method=translated(said, row.method),
    )  # fmt: skip


def figure(said: Sentences, seen: Measured) -> str:
    """A number with what bounds it."""
    if seen.k is not None:
        return said("compare.share", k=seen.k, n=seen.n or 0)
    if seen.lower is not None and seen.upper is not None:
        return said(
            "compare.bounded",
            value=said.figure(seen.value, 4),
            lower=said.figure(seen.lower, 4),
            upper=said.figure(seen.upper, 4),
        )
    return said.figure(seen.value, 4)


def _or_none(said: Sentences, text: str) -> str:
    return text or said("format.none")
