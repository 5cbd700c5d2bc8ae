"""How far a run came: which planned items have a verdict, and in one sentence why the others have none."""

from __future__ import annotations

from collections import defaultdict

from reports.evidence import IncidentRow, Statement, SuspectRow, Unreached
from reports.journal.state import JournalState
from reports.text.formats import when
from reports.text.sentences import sentences


def unreached(recorded: JournalState) -> list[Unreached]:
    """Planned items without a verdict, by reason; none where the run did not write down what it planned."""
    said = sentences()
    done = {check.id: check.unreached for check in recorded.checks}
    groups: dict[str, list[str]] = defaultdict(list)
    for check in recorded.checks:
        if check.unreached:
            groups[said.spoken("unreached", check.unreached)].append(check.id)
    for item in recorded.planned or []:
        if item.id not in done:
            groups[_ending(recorded)].append(item.id)
    return [Unreached(reason=reason, items=items) for reason, items in groups.items()]


def carried_out(recorded: JournalState) -> int:
    """How many items have a verdict."""
    return sum(not check.unreached for check in recorded.checks)


def _ending(recorded: JournalState) -> str:
    said = sentences()
    if recorded.closed_at is None:
        return said("short.killed")
    return said("short.ended_by", why=recorded.ended) if recorded.ended else said("short.ended")


def cut_short(recorded: JournalState) -> str | None:
    """Why the run is not whole, in sentences; None if every planned item has a verdict and the record is whole."""
    said, reasons = sentences(), []
    missing = unreached(recorded)
    if missing and recorded.planned is not None:
        planned, done = len(recorded.planned), carried_out(recorded)
        why = "; ".join(said("short.group", reason=group.reason, number=len(group.items)) for group in missing)
        reasons.append(said("short.planned", done=done, planned=planned, why=why))
    elif missing:
        reasons.append(said("short.unplanned", number=sum(len(group.items) for group in missing)))
    lost = next((each for each in recorded.incidents if each.back_after_s is None), None)
    if lost is not None:
        reasons.append(said("short.incident", incident=lost.text))
    if recorded.closed_at is None:
        reasons.append(said("short.unclosed"))
    if recorded.trouble:
        reasons.append(said("short.record", trouble="; ".join(recorded.trouble[:3])))
    return " ".join(reasons) or None


def incidents(recorded: JournalState) -> list[IncidentRow]:
    """When the endpoint was away."""
    return [
        IncidentRow(
            kind=each.kind,
            at=each.at,
            address=each.address,
            check=each.check,
            back_after_s=each.back_after_s,
            text=each.text,
            suspects=[
                SuspectRow(
                    exchange=one.sha256, what=one.what, check=one.check, under_way=one.under_way, k=one.k, n=one.n
                )
                for one in each.suspects
            ],
        )
        for each in recorded.incidents
    ]


def away(rows: list[IncidentRow]) -> Statement | None:
    """What is said of all incidents that ended well; None without any."""
    back = [row for row in rows if row.back_after_s is not None]
    if not back:
        return None
    if len(back) == 1:
        return Statement(kind="away_once", params={"incident": back[0].text})
    times = ", ".join(when(sentences(), row.at) for row in back[:3]) + (", …" if len(back) > 3 else "")
    return Statement(kind="away_often", params={"number": len(back), "times": times})
