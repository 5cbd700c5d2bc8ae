"""Drills as the page shows them: what was declared against what was seen, and which repetitions stand in full."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec

from harness.bundle.drills import AccountSeen, DrillRecord, RepetitionSeen
from harness.bundle.series import LoadPoints
from reports.document.drills import CARRIED_OUT, FAULT_FAILED, INVALID, seen_of
from reports.evidence import Evidence
from reports.page.parts import Anchors, Scale
from reports.pictures.album import Album
from reports.pictures.drills import drill_picture, strip_picture
from reports.pictures.picture import Picture
from reports.text.sentences import Sentences

STATES = ("broke", "tester", "not_run", "recorded", "held")
"""States of a repetition, the one that a reader wants to see first in front."""
_TESTER = (FAULT_FAILED, INVALID)
# What was measured over time, by check and run; not looked at yet.
Points: TypeAlias = Mapping[tuple[str, str], object]


@dataclass(frozen=True, slots=True)
class CriterionView:
    """A criterion of a drill: what is allowed, the worst that was seen, and in how many repetitions it held.

    ``seen`` is None where nobody could see it, infinite where no answer came any more.
    """

    name: str
    allowed: float
    seen: float | None
    held: int
    of: int

    @property
    def endless(self) -> bool:
        """Whether what was seen did not end while it was looked at."""
        return self.seen is not None and math.isinf(self.seen)


@dataclass(frozen=True, slots=True)
class RepetitionView:
    """A repetition that stands on the page in full."""

    number: int
    data: RepetitionSeen
    state: str
    picture: Picture | None


@dataclass(frozen=True, slots=True)
class DrillView:
    """A drill; ``unshown`` repetitions of it are counted only."""

    data: DrillRecord
    anchor: str
    state: str
    counts: dict[str, int]
    criteria: list[CriterionView]
    strip: Picture | None
    repetitions: list[RepetitionView]
    unshown: int

    @property
    def accounts(self) -> list[AccountSeen]:
        """Those of the repetitions that were carried out."""
        return [each.account for each in self._carried_out if each.account]

    @property
    def worst_twice(self) -> int | None:
        """Most requests that were executed twice in one repetition; None where nobody counted."""
        return max((each.executions.twice for each in self._carried_out if each.executions), default=None)

    @property
    def _carried_out(self) -> list[RepetitionSeen]:
        return [each for each in self.data.repetitions if each.ending == CARRIED_OUT]

    @property
    def worst_bad(self) -> int | None:
        """Most requests since the fault that were not correct, in one repetition."""
        return max((each.since.bad for each in self.accounts), default=None)

    @property
    def worst_recovery(self) -> float | None:
        """Longest time to recover."""
        return max((each.recovered_s for each in self.accounts), default=None)


def drills(said: Sentences, document: Evidence, scale: Scale, album: Album) -> list[DrillView]:
    """The drills that stand on the page in full, the worst first to be kept, in the order of the document."""
    series = _points(document.series)
    anchors = Anchors("drill", (f"{number}-{drill.name}" for number, drill in enumerate(document.drills, 1)))
    kept = sorted(range(len(document.drills)), key=lambda at: STATES.index(state_of(document.drills[at])))
    views = []
    for at in sorted(kept[: scale.drills]):
        drill = document.drills[at]
        anchor = anchors.get(f"{at + 1}-{drill.name}") or f"drill-{at + 1}"
        views.append(_view(said, drill, anchor, series, scale.repetitions, album))
    return views


def load_alone(document: Evidence) -> list[dict[str, Any]]:
    """The series of load that belong to no drill."""
    drilled = {(str(drill.check), run) for drill in document.drills for run in _runs(drill) if run}
    return [each for each in document.series if _run_of(each) not in drilled]


def state_of(drill: DrillRecord) -> str:
    """The state of a drill: of its repetitions the one to be seen first; not run, where there is none.

    Where as many were carried out as were planned, those that the tester spoilt have been made up for.
    """
    done = [each for each in drill.repetitions if each.ending == CARRIED_OUT]
    enough = bool(done) and len(done) >= drill.repeat
    found = {state_of_repetition(drill, each) for each in (done if enough else drill.repetitions)}
    return next((state for state in STATES if state in found), "not_run")


def state_of_repetition(drill: DrillRecord, seen: RepetitionSeen) -> str:
    """Whether it held, or why nothing can be said of that; ``recorded`` where the policy states nothing."""
    if seen.ending != CARRIED_OUT:
        return "tester" if seen.ending in _TESTER else "not_run"
    if seen.broken:
        return "broke"
    return "held" if drill.criteria or seen.versions is not None else "recorded"


def _runs(drill: DrillRecord) -> list[str]:
    return [drill.baseline, *(each.run for each in drill.repetitions)]


def _run_of(series: Mapping[str, Any]) -> tuple[str, str]:
    """The check and the run that a series is of."""
    return str(series.get("check")), str(series.get("run"))


def _points(series: Sequence[Mapping[str, Any]]) -> Points:
    return {_run_of(each): each.get("points") for each in series}


def _view(said: Sentences, drill: DrillRecord, anchor: str, series: Points, most: int, album: Album) -> DrillView:
    states = [state_of_repetition(drill, each) for each in drill.repetitions]
    shown = _shown(drill, states)[:most]
    repetitions = [
        RepetitionView(at + 1, seen, states[at], _picture(said, drill, seen, series, f"{anchor}-{at + 1}", album))
        for at, seen in ((at, drill.repetitions[at]) for at in sorted(shown))
    ]
    return DrillView(
        data=drill,
        anchor=anchor,
        state=state_of(drill),
        counts={state: count for state in STATES if (count := Counter(states)[state])},
        criteria=_criteria(drill),
        strip=album.take(f"{anchor}-strip", lambda: strip_picture(said, drill, states, f"{anchor}-strip")),
        repetitions=repetitions,
        unshown=len(states) - len(repetitions),
    )


def _shown(drill: DrillRecord, states: Sequence[str]) -> list[int]:
    """Places of the repetitions to be shown, by what they tell: the worst, the first, and all that did not hold."""

    def told(at: int) -> tuple[int, int, int, float]:
        seen = drill.repetitions[at]
        account = seen.account
        bad, took = (account.since.bad, account.recovered_s) if account else (0, 0.0)
        return STATES.index(states[at]), -len(seen.broken), -bad, -took

    worst_first = sorted(range(len(states)), key=told)
    done = [at for at in worst_first if drill.repetitions[at].ending == CARRIED_OUT]
    telling = [at for at in worst_first if states[at] in ("broke", "tester", "not_run")]
    return list(dict.fromkeys([*done[:1], *([0] if states else []), *telling]))


def _picture(
    said: Sentences, drill: DrillRecord, seen: RepetitionSeen, series: Points, name: str, album: Album
) -> Picture | None:
    try:
        points = msgspec.convert(series.get((str(drill.check), seen.run)), LoadPoints)
    except msgspec.ValidationError:
        return None
    return album.take(name, lambda: drill_picture(said, drill, seen, points, name))


def _criteria(drill: DrillRecord) -> list[CriterionView]:
    done = [each for each in drill.repetitions if each.ending == CARRIED_OUT and each.account]
    found = []
    for name, allowed in drill.criteria.items():
        values = [value for each in done if (value := seen_of(name, each)) is not None]
        held = sum(name not in each.broken for each in done)
        found.append(CriterionView(name, allowed, max(values, default=None), held, len(done)))
    return found
