"""Many runs side by side: findings, checks, duties, identity and numbers, a column for each run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.verdicts import Verdict
from reports.comparison.results import DECIDED
from reports.comparison.run_seen import IdentityName, RunSeen
from reports.comparison.trend import TrendPicture, trend
from reports.comparison.words import figure
from reports.text.sentences import Sentences

# Rows of one table, and pictures, that have room on the page; what is left out is counted.
MOST_ROWS, MOST_TRENDS = 400, 24
DIGESTS = ("metadata", "fingerprint")
SHORT = 12


@dataclass(frozen=True, slots=True)
class Cell:
    """What one run says: the name of a state with a mark, or a text; ``changed`` since the run before."""

    state: str = ""
    text: str = ""
    changed: bool = False


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One thing over all runs."""

    name: str
    note: str
    cells: tuple[Cell, ...]


@dataclass(slots=True)
class HistoryTable:
    """Rows of one kind; ``left_out`` had no room, ``alike`` are as good in every run and not listed."""

    rows: list[HistoryRow] = field(default_factory=list)
    left_out: int = 0
    alike: int = 0


@dataclass(frozen=True, slots=True)
class History:
    """What the page shows; runs in their order, from left to right."""

    runs: tuple[RunSeen, ...]
    findings: HistoryTable
    checks: HistoryTable
    duties: HistoryTable
    identity: HistoryTable
    numbers: HistoryTable
    trends: tuple[TrendPicture, ...]

    def count(self, run: RunSeen, verdict: str) -> int:
        """How many checks of a run came to a verdict."""
        return sum(each == verdict for each in run.verdicts.values())


def history(said: Sentences, runs: Sequence[RunSeen]) -> History:
    """The runs side by side, in the order given."""
    return History(
        runs=tuple(runs),
        findings=_findings(runs),
        checks=_checks(runs),
        duties=_table(_rows(runs, lambda run: run.duties)),
        identity=_identity(said, runs),
        numbers=_numbers(said, runs),
        trends=_trends(said, runs),
    )


def in_time(runs: Sequence[RunSeen]) -> list[RunSeen]:
    """Oldest first; of one moment, by the digest of their journals, so that the page is the same for any order."""
    return sorted(runs, key=lambda run: (run.started, run.journal_head))


def _table(rows: Iterator[HistoryRow], alike: int = 0) -> HistoryTable:
    found = list(rows)
    return HistoryTable(found[:MOST_ROWS], max(0, len(found) - MOST_ROWS), alike)


def _rows(runs: Sequence[RunSeen], part: Callable[[RunSeen], Mapping[str, str]]) -> Iterator[HistoryRow]:
    sides = [part(run) for run in runs]
    for name in dict.fromkeys(name for side in sides for name in side):
        yield HistoryRow(name, "", tuple(Cell(state=side.get(name, "not_tested")) for side in sides))


def _findings(runs: Sequence[RunSeen]) -> HistoryTable:
    """Each cause; where it was not found, whether one of the checks that show it elsewhere came to a decision."""
    shown: dict[str, set[str]] = {}
    titles: dict[str, str] = {}
    for run in runs:
        for root, each in run.findings.items():
            shown.setdefault(root, set()).update(each.checks)
            titles[root] = each.title

    def state(run: RunSeen, root: str) -> str:
        if root in run.findings:
            return run.findings[root].verdict
        return "pass" if any(run.verdicts.get(check) in DECIDED for check in shown[root]) else "not_tested"

    rows = (HistoryRow(titles[root], root, tuple(Cell(state=state(run, root)) for run in runs)) for root in titles)
    return _table(iter(sorted(rows, key=_worst)))


def _checks(runs: Sequence[RunSeen]) -> HistoryTable:
    """Checks that are not as good in every run that has them, the worst first."""
    rows = list(_rows(runs, lambda run: run.verdicts))
    told = [row for row in rows if {cell.state for cell in row.cells} - {"pass", "not_applicable", "not_tested"}]
    return _table(iter(sorted(told, key=_worst)), len(rows) - len(told))


def _worst(row: HistoryRow) -> tuple[int, str]:
    ranks = [Verdict(cell.state).rank for cell in row.cells if cell.state != "not_tested"]
    return -max(ranks, default=0), row.name


def _identity(said: Sentences, runs: Sequence[RunSeen]) -> HistoryTable:
    names = dict.fromkeys(name for run in runs for name in run.identity)
    return _table(HistoryRow(_name(said, name), name.about, tuple(_told(runs, name))) for name in names)


def _name(said: Sentences, name: IdentityName) -> str:
    return " ".join(part for part in (name.model, said.spoken("compare_drift", name.what)) if part)


def _told(runs: Sequence[RunSeen], name: IdentityName) -> Iterator[Cell]:
    """What each run says, and whether it is what the last one said that said anything."""
    before = ""
    for run in runs:
        text = run.identity.get(name, "")
        shown = text[:SHORT] if name.what in DIGESTS else text
        yield Cell(text=shown, changed=bool(before and text and text != before))
        before = text or before


def _numbers(said: Sentences, runs: Sequence[RunSeen]) -> HistoryTable:
    names = dict.fromkeys(name for run in runs for name in run.numbers)

    def rows() -> Iterator[HistoryRow]:
        for name in names:
            seen = (run.numbers.get(name) for run in runs)
            cells = tuple(Cell(text=figure(said, each) if each is not None else "") for each in seen)
            quantity = said.spoken("compare_quantity", name.quantity)
            yield HistoryRow(" ".join(part for part in (name.model, quantity) if part), name.about, cells)

    return _table(rows())


def _trends(said: Sentences, runs: Sequence[RunSeen]) -> tuple[TrendPicture, ...]:
    names = dict.fromkeys(name for run in runs for name in run.numbers)
    found: list[TrendPicture] = []
    for name in names:
        seen = [run.numbers.get(name) for run in runs]
        if sum(each is not None for each in seen) > 1 and len(found) < MOST_TRENDS:
            title = " ".join(
                part for part in (name.model, said.spoken("compare_quantity", name.quantity), name.about) if part
            )
            found.append(trend(title, seen))
    return tuple(found)
