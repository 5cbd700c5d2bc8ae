"""The account of a drill: what became of every request, before the fault, while it lasted and afterwards.

It closes: sent = correct + refused + failed + wrong + lost, and what the tester itself did not send stands beside it.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.bundle.drills import Phases, TallySeen
from harness.load.analysis.percentiles import NANO
from harness.load.plan.load_plan import ID_WIDTH, PREFIX_WIDTH
from harness.load.records.rows import Merged, Rows, Status

Mask = npt.NDArray[np.bool_]

SHED = {Status.HTTP_ERROR: (429, 503), Status.GRPC_ERROR: (8, 14)}
"""Codes with which a server says that it cannot now: Too Many Requests, Service Unavailable; RESOURCE_EXHAUSTED,
UNAVAILABLE."""


class Fate(enum.IntEnum):
    """What became of a request that was sent."""

    CORRECT = 0
    REFUSED = 1
    """Answered whole, with a code that says "not now": the client knows that nothing was done."""
    FAILED = 2
    """Another error, no connection, or a connection that ended before the answer did."""
    WRONG = 3
    """Answered as if it were right, with the answer of another request or with wrong values."""
    LOST = 4
    """No answer within the client's patience: the client does not know whether anything was done."""


_FATES = {
    Status.OK: Fate.CORRECT,
    Status.WRONG_ID: Fate.WRONG,
    Status.WRONG_ANSWER: Fate.WRONG,
    Status.TIMEOUT: Fate.LOST,
}


@dataclass(frozen=True, slots=True)
class Account(Phases):
    """What clients saw of one drill; times in seconds from the beginning of the load.

    Attributes:
        before, during, after: ``before`` are requests that had ended when the fault came, ``after`` those that
            were intended once it was undone.
        first_bad, last_bad: intended time of the first, and end of the last request since the fault that was not
            correct or was slow; None where there is none.
        recovered_s: seconds from the fault to ``last_bad``; 0 where nothing was bad.
        outage_s: longest time in which no request was answered correctly; it hides an outage of one replica among
            several, which ``recovered_s`` shows.
        refusal_s: seconds from the fault to the first request that was refused, failed or lost: what a person who
            watches would have had.
        worst_s: longest correct answer since the fault.
        kinds: failed requests by status class and code.
    """

    before: TallySeen
    during: TallySeen
    after: TallySeen
    first_bad: float | None
    last_bad: float | None
    recovered_s: float
    outage_s: float
    refusal_s: float | None
    worst_s: float | None
    kinds: Mapping[str, int]


def fates(rows: Rows) -> npt.NDArray[np.int64]:
    """What became of each row; rows that were never sent have to be left out first."""
    found = np.full(len(rows), int(Fate.FAILED), np.int64)
    for status, fate in _FATES.items():
        found[rows["status"] == status] = fate
    for status, codes in SHED.items():
        found[(rows["status"] == status) & np.isin(rows["code"], codes)] = Fate.REFUSED
    return found


def account_of(
    merged: Merged, fault_s: float, undone_s: float, planned: npt.NDArray[np.int64], slow_s: float
) -> Account:
    """Account for the records of a run.

    Args:
        merged: records of all workers.
        fault_s, undone_s: when the fault was made, and when it was undone; seconds from the beginning.
        planned: intended times of the whole plan in ns, by index.
        slow_s: a correct answer that took longer than this, the tester's own lag left out, is slow.
    """
    rows = merged.rows[merged.rows["status"] != Status.NEVER_SENT]
    became = fates(rows)
    begins = rows["intended"] * NANO
    # Without what the tester itself was late by.
    took = (rows["done"] - rows["taken"]) * NANO
    correct = became == Fate.CORRECT
    late = correct & (took > slow_s)
    ends = rows["done"] * NANO
    # What was under way when the fault came is the fault's, whenever it was sent.
    phase = np.where(ends < fault_s, 0, np.where(begins < undone_s, 1, 2))
    unsent = np.ones(len(planned), np.bool_)
    unsent[rows["index"].astype(np.int64)] = False
    missed = np.digitize(planned[unsent] * NANO, (fault_s, undone_s))
    phases = [_tally(became[phase == each], late[phase == each], int((missed == each).sum())) for each in range(3)]
    since = phase > 0
    bad = since & (~correct | late)
    unanswered = since & ~correct & (became != Fate.WRONG)
    last = float(ends[bad].max()) if bad.any() else None
    return Account(
        before=phases[0],
        during=phases[1],
        after=phases[2],
        first_bad=float(begins[bad].min()) if bad.any() else None,
        last_bad=last,
        recovered_s=0.0 if last is None else last - fault_s,
        outage_s=_longest_gap(ends[correct & since], fault_s),
        refusal_s=float(max(0.0, ends[unanswered].min() - fault_s)) if unanswered.any() else None,
        worst_s=float(took[correct & since].max()) if (correct & since).any() else None,
        kinds=_kinds(rows[~correct]),
    )


def _tally(became: npt.NDArray[np.int64], late: Mask, unsent: int) -> TallySeen:
    correct, refused, failed, wrong, lost = np.bincount(became, minlength=len(Fate)).tolist()
    return TallySeen(
        sent=len(became), correct=correct, refused=refused, failed=failed, wrong=wrong, lost=lost, slow=int(late.sum()),
        unsent=unsent,
    )  # fmt: skip


def _longest_gap(ends: npt.NDArray[np.float64], begin: float) -> float:
    """Longest time without a correct answer, from ``begin`` to the last of them; all of it where there is none."""
    if not len(ends):
        return float("inf")
    return float(np.diff(np.concatenate([[begin], np.sort(ends)])).max())


def _kinds(rows: Rows) -> dict[str, int]:
    named = Counter(
        f"{Status(status).name.lower().replace('_', ' ')}{f' {code}' if status in SHED else ''}"
        for status, code in zip(rows["status"].tolist(), rows["code"].tolist(), strict=True)
    )
    return dict(named.most_common())


@dataclass(frozen=True, slots=True)
class Executions:
    """What the service did, by its own count of ids, beside what clients saw.

    Attributes:
        twice: ids that were executed more than once.
        unanswered: ids that were executed, and whose client had no correct answer.
        unexecuted: ids with a correct answer that nobody executed; a cache may answer so.
    """

    twice: int
    unanswered: int
    unexecuted: int


def executions_of(counts: Mapping[str, int], prefix: str, merged: Merged) -> Executions:
    """Compare how often the service says it executed each id with the records; ids of other runs are passed over."""
    executed = {int(each[PREFIX_WIDTH:], 16): times for each, times in counts.items() if _is_of(each, prefix)}
    rows = merged.rows
    correct = set(rows["index"][rows["status"] == Status.OK].tolist())
    return Executions(
        twice=sum(times > 1 for times in executed.values()),
        unanswered=len(executed.keys() - correct),
        unexecuted=len(correct - executed.keys()),
    )


def _is_of(identity: str, prefix: str) -> bool:
    """Whether an id is of the run that begins its ids so."""
    number = identity.removeprefix(prefix)
    return len(identity) == ID_WIDTH == len(number) + PREFIX_WIDTH and set(number) <= set("0123456789abcdef")
