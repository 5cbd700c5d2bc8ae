"""The drills of a document recomputed: accounts that close, criteria that held, counts and bounds.

Nothing is taken from the journal here: what the record of a drill says of itself must follow from its accounts, and an
account from the load that it is of.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.bundle.drills import AccountSeen, DrillRecord, RepetitionSeen, TallySeen, VersionsSeen
from harness.statistics.binomial import clopper_pearson
from reports.document.drills import CARRIED_OUT, KNOWN, seen_of

_TOLERANCE = 1e-9


def drill_contradictions(drills: Sequence[DrillRecord], series: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Where a drill contradicts itself or its load, a sentence each."""
    loads = {(str(each.get("check")), str(each.get("run"))): each for each in series}
    for drill in drills:
        name = f"drill {drill.name!r:.80}"
        yield from (f"{name}: {text}" for text in _counts(drill))
        for number, seen in enumerate(drill.repetitions, 1):
            load = loads.get((str(drill.check), seen.run), {})
            yield from (f"{name}, repetition {number}: {text}" for text in _repetition(drill, seen, load))


def _counts(drill: DrillRecord) -> Iterator[str]:
    done = [each for each in drill.repetitions if each.ending == CARRIED_OUT]
    held = sum(not each.broken for each in done)
    if (drill.carried_out, drill.held) != (len(done), held):
        yield f"says that {drill.held} of {drill.carried_out} held, but its repetitions say {held} of {len(done)}"
    elif drill.lower is not None or drill.confidence is not None:
        yield from _bound(drill)
    elif done:
        yield "has no lower bound"


def _bound(drill: DrillRecord) -> Iterator[str]:
    lower, confidence = drill.lower, drill.confidence
    if lower is None or confidence is None or not drill.carried_out or not 0 < confidence < 1:
        yield "has a lower bound, or a confidence, of nothing"
        return
    due = clopper_pearson(drill.held, drill.carried_out, confidence).lower
    if not math.isclose(lower, due, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE):
        yield f"its lower bound is {lower:.6g}, but {drill.held} of {drill.carried_out} give {due:.6g}"


def _repetition(drill: DrillRecord, seen: RepetitionSeen, load: Mapping[str, Any]) -> Iterator[str]:
    account = seen.account
    if account is None:
        if seen.ending == CARRIED_OUT:
            yield "was carried out, but has no account"
        return
    for phase in ("before", "during", "after"):
        if not _closes(getattr(account, phase)):
            yield f"the account {phase} the fault does not close"
    yield from _of_load(account, load)
    if seen.ending == CARRIED_OUT:
        broken = {name for name in drill.criteria if _is_broken(drill, seen, name)}
        said = KNOWN.intersection(seen.broken)
        if said != broken:
            yield f"says that {sorted(said)} did not hold, but its account says {sorted(broken)}"
        if seen.versions is not None:
            yield from _versions(seen.versions, seen.broken)


def _versions(versions: VersionsSeen, broken: Sequence[str]) -> Iterator[str]:
    """Where what did not hold of a rollout is not what its versions say."""
    counts = {"window_s": versions.mixed, "rollback": versions.kept}
    due, said = ({name for name in counts if counts[name]}, counts.keys() & {*broken})
    if said != due:
        yield f"says that {sorted(said)} did not hold, but its versions say {sorted(due)}"


def _closes(tally: TallySeen) -> bool:
    parts = (tally.correct, tally.refused, tally.failed, tally.wrong, tally.lost, tally.slow, tally.unsent)
    return tally.closes and min(parts) >= 0 and tally.slow <= tally.correct


def _of_load(account: AccountSeen, load: Mapping[str, Any]) -> Iterator[str]:
    """The sums of an account beside those of the load, where there is a record of it.

    A drill may know that an answer which differs from the load's own is right all the same.
    """
    try:
        tried, planned, ok, wrong = (int(load[name]) for name in ("tried", "planned", "ok", "wrong"))
    except (LookupError, TypeError, ValueError):
        return
    total = account.total
    if (total.sent, total.sent + total.unsent) != (tried, planned):
        yield f"its account has {total.sent} requests sent and {total.unsent} not, its load {tried} of {planned}"
    if not ok <= total.correct <= ok + wrong:
        yield f"its account has {total.correct} requests correct, its load {ok}"


def _is_broken(drill: DrillRecord, seen: RepetitionSeen, name: str) -> bool:
    value = seen_of(name, seen)
    return value is not None and (math.isinf(value) or value > drill.criteria[name])
