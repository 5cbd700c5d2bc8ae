"""Pictures of a drill: what became of its requests over time with its phases, and its repetitions side by side."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.bundle.drills import DrillRecord, RepetitionSeen
from harness.bundle.phases import PhaseTimes, phases_of
from harness.bundle.series import LoadPoints
from reports.pictures import canvas
from reports.pictures.load import LONGEST_S, is_drawable
from reports.pictures.picture import Picture
from reports.pictures.timeline import columns_of, is_ours, over_time, row_of, steps
from reports.text.formats import span
from reports.text.sentences import Sentences

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Marks in one picture; of more repetitions each mark stands for the worst of some.
_MOST_MARKS = 120
_WORST = ("broke", "tester", "not_run", "recorded", "held")
_MARKS = {
    "held": ("o", canvas.BLUE),
    "recorded": ("o", canvas.BLUE),
    "broke": ("X", canvas.VERMILION),
    "not_run": ("_", canvas.QUIET),
    "tester": ("s", canvas.PURPLE),
}


def drill_picture(
    said: Sentences, drill: DrillRecord, seen: RepetitionSeen, points: LoadPoints, name: str
) -> Picture | None:
    """What became of the requests of one repetition, and how long correct answers took; None of what is no record."""
    seconds = points.step_s * len(points.planned)
    phases = phases_of(seen, seconds)
    if phases is None or not is_ours(points):
        return None
    rows = [row_of(said, said(f"timeline.{key}"), points, begin, end) for key, (begin, end) in phases.all().items()]
    return Picture(
        name=name,
        title=said("timeline.title"),
        told=_told(said, points, phases),
        columns=columns_of(said),
        rows=tuple(row for row in rows if row is not None),
        svg=over_time(said, points, phases, _limit(drill.criteria.get("latency_s", drill.slow_s))),
    )


def _told(said: Sentences, points: LoadPoints, phases: PhaseTimes) -> str:
    shown = steps(points)
    times = [each for step in shown for each in (step.median, step.slowest) if each is not None]
    parts = [
        said("timeline.phases_told", caused=span(said, phases.caused), undone=span(said, phases.undone)),
        said("timeline.answers_told", good=sum(points.ok), bad=sum(points.failed), wrong=sum(points.wrong)),
    ]
    if times:
        parts.append(said("timeline.latency_told", least=span(said, min(times)), most=span(said, max(times))))
    return " ".join(parts)


def strip_picture(
    said: Sentences, drill: DrillRecord, states: Sequence[str], name: str, width: float = canvas.WIDTH
) -> Picture | None:
    """Each repetition as a mark, by the time that it took to recover; None for fewer than two."""
    if len(states) < 2:
        return None
    limit = _limit(drill.criteria.get("max_recovery_s"))
    took = [each.account.recovered_s if each.account else None for each in drill.repetitions]
    known = [each for each in took if each is not None and 0 <= each < LONGEST_S]
    together = math.ceil(len(states) / _MOST_MARKS)
    marks = [_worst(states, took, at, together) for at in range(0, len(states), together)]
    told = said(
        "timeline.strip_told", least=span(said, min(known, default=0.0)), most=span(said, max(known, default=0.0))
    )
    return Picture(
        name=name,
        title=said("timeline.strip"),
        told=told if together == 1 else f"{told} {said('timeline.together', number=together)}",
        columns=(said("timeline.repetition"), said("picture.state"), said("timeline.recovered")),
        rows=tuple(
            (str(number), said(f"drill_state.{state}"), "–" if value is None else span(said, value))
            for number, state, value in marks
        ),
        svg=canvas.drawn(2.3, lambda figure: _strip(said, figure, marks, limit, len(states)), said, width),
    )


def _worst(
    states: Sequence[str], took: Sequence[float | None], begin: int, together: int
) -> tuple[int, str, float | None]:
    """Of some repetitions in a row the one to be seen first: its number, its state, and the time that it took."""
    at = min(
        range(begin, min(begin + together, len(states))),
        key=lambda each: (_WORST.index(states[each]), -(took[each] or 0.0)),
    )
    return at + 1, states[at], took[at]


def _strip(
    said: Sentences, figure: Figure, marks: Sequence[tuple[int, str, float | None]], limit: float | None, count: int
) -> None:
    """What was not carried out stands at the foot."""
    axes = canvas.panel(figure, above=0.4, below=0.5)
    top = max([each for *_, each in marks if each is not None and 0 <= each < LONGEST_S] + [limit or 0.0, 0.1])
    for state, number in Counter(state for _, state, _ in marks).items():
        mark, colour = _MARKS[state]
        places = [
            (at, min(value, top) if value is not None and value > 0 and state not in ("not_run", "tester") else 0.0)
            for at, each, value in marks
            if each == state
        ]
        words = said("timeline.mark", state=said(f"drill_state.{state}"), number=number)
        x, y = [at for at, _ in places], [value for _, value in places]
        axes.plot(x, y, mark, color=colour, markersize=6, markeredgewidth=1.5, label=words, clip_on=False, zorder=3)
    if limit is not None:
        axes.axhline(limit, color=canvas.INK, linestyle=(0, (4, 2)), linewidth=1)
        words = said("timeline.allowed", limit=span(said, limit))
        axes.annotate(words, (1, limit), xycoords=("axes fraction", "data"), xytext=(-3, 3),
                      textcoords="offset points", ha="right", fontsize=7.5)  # fmt: skip
    axes.set_xlim(0.5, count + 0.5)
    axes.set_ylim(0, top * 1.1)
    axes.locator_params(axis="x", integer=True)
    axes.set_xlabel(said("timeline.repetitions"))
    axes.set_ylabel(said("timeline.recovery_axis"))
    axes.grid(axis="y")
    canvas.keyed(axes)


def _limit(value: float | None) -> float | None:
    """A limit that can be drawn."""
    return value if is_drawable(value) else None
