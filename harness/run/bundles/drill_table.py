"""The accounts of the drills of a bundle, a line for each repetition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.bundle.drills import DrillRecord, RepetitionSeen

FATES = ("correct", "refused", "failed", "wrong", "lost")
COLUMNS = (
    "drill", "fault", "sent", *FATES, "slow", "recovered", "worst", "twice", "unanswered", "comes to",
)  # fmt: skip
LEGEND = (
    "sent = correct + refused + failed + wrong + lost; slow: of the correct ones",
    "recovered: from the fault to the end of the last request that was not correct or slow; worst: longest correct one",
    "twice, unanswered: requests executed more than once, and executed without a correct answer for the client",
)


@dataclass(frozen=True, slots=True)
class DrillTable:
    """What a bundle says of its drills.

    Attributes:
        lines: the table, its legend, and why repetitions do not count.
        open_accounts: repetitions whose account does not close, each in a sentence.
    """

    lines: tuple[str, ...]
    open_accounts: tuple[str, ...]


def drill_table(drills: Sequence[DrillRecord]) -> DrillTable:
    """The table of all repetitions."""
    rows: list[tuple[str, ...]] = [COLUMNS]
    reasons, left = list[str](), list[str]()
    for drill, name, each in _repetitions(drills):
        rows.append((name, drill.fault, *_cells(each, "kept" if drill.criteria else "no bound")))
        reasons += [f"{name}: {text}" for text in _remarks(each)]
        if each.account is not None and not each.account.total.closes:
            left.append(f"{name}: the account does not close")
    return DrillTable((*_aligned(rows), "", *LEGEND, *reasons), tuple(left))


def _repetitions(drills: Sequence[DrillRecord]) -> Iterator[tuple[DrillRecord, str, RepetitionSeen]]:
    for drill in drills:
        for number, each in enumerate(drill.repetitions, 1):
            more = f" {number}" if len(drill.repetitions) > 1 else ""
            yield drill, f"{drill.name}{more}{' (gRPC)' if drill.transport == 'grpc' else ''}", each


def _cells(each: RepetitionSeen, kept: str) -> tuple[str, ...]:
    if each.account is None:
        return (*["-"] * (len(COLUMNS) - 3), each.ending)
    total = each.account.total
    ran = each.executions
    ending = f"broke {', '.join(each.broken)}" if each.broken else kept
    return (
        *(str(getattr(total, name)) for name in ("sent", *FATES, "slow")),
        _seconds(each.account.recovered_s),
        _seconds(each.account.worst_s),
        *(("-", "-") if ran is None else (str(ran.twice), str(ran.unanswered))),
        ending if each.ending == "carried out" else each.ending,
    )


def _remarks(each: RepetitionSeen) -> Iterator[str]:
    """Why it does not count, and what is in no column."""
    if each.reason:
        yield each.reason
    if each.account is not None and (unsent := each.account.total.unsent):
        yield f"{unsent} requests were planned and not sent"
    if each.executions is not None and each.executions.unexecuted:
        yield f"{each.executions.unexecuted} correct answers to requests that nobody is known to have executed"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Words to the left, numbers to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(COLUMNS))]
    words = {0, 1, len(COLUMNS) - 1}
    for row in rows:
        cells = (
            cell.ljust(width) if place in words else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()
