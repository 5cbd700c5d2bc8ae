"""What became of requests over time, and how long they took: a run of load, or a drill with its phases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.bundle.phases import PhaseTimes
from harness.bundle.series import LoadPoints
from reports.pictures import canvas
from reports.pictures.load import is_drawable, times_axis
from reports.text.formats import span
from reports.text.sentences import Sentences

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# More points than a record of ours has are not drawn; of these, so many steps at most.
MOST_POINTS, _MOST_STEPS = 2000, 160
# Requests in a step of the picture, about: of fewer, a line would only jump.
_IN_A_STEP = 4
_LONGEST_S, _MOST_COUNT = 1e6, 10**12
_COUNTS = {
    "offered": (canvas.QUIET, "--", 1.0),
    "answered": (canvas.BLUE, "-", 1.5),
    "bad": (canvas.VERMILION, "-", 1.5),
    "wrong": (canvas.INK, ":", 1.6),
}
_TIMES = {"median": (canvas.BLUE, "-"), "slowest": (canvas.VERMILION, "--")}
_SHADES = {"before": None, "fault": "#f9dfd0", "recovery": "#fcf1cf", "steady": None}


@dataclass(frozen=True, slots=True)
class TimeStep:
    """Requests that were due within a stretch of the load: counts, the middle of the medians, the slowest."""

    begin: float
    end: float
    counts: dict[str, int]
    median: float | None
    slowest: float | None


def is_ours(points: LoadPoints) -> bool:
    """Whether it can be drawn as a record of a run that we sent."""
    columns = (points.planned, points.ok, points.failed, points.wrong)
    count, seconds = len(points.planned), points.step_s * len(points.planned)
    return 0 < count <= MOST_POINTS and 0 < seconds < _LONGEST_S and all(_are_counts(each, count) for each in columns)


def _are_counts(column: Sequence[int], most: int) -> bool:
    return len(column) <= most and all(0 <= value <= _MOST_COUNT for value in column)


def steps(points: LoadPoints, begin: float = 0.0, end: float = math.inf, together: int = 1) -> list[TimeStep]:
    """The steps of a record that begin within a stretch of time, so many of them as one."""
    places = points.places(begin, min(end, _LONGEST_S))
    made = []
    for at in places[::together]:
        stop = min(at + together, places.stop)
        medians = sorted(each for each in points.p50[at:stop] if each is not None and is_drawable(each))
        worst = [each for each in (points.worst or points.p99)[at:stop] if each is not None and is_drawable(each)]
        made.append(TimeStep(
            at * points.step_s, stop * points.step_s,
            {key: sum(column[at:stop]) for key, column in points.counts.items()},
            medians[len(medians) // 2] if medians else None, max(worst, default=None),
        ))  # fmt: skip
    return made


def columns_of(said: Sentences) -> tuple[str, ...]:
    """The heads of a table of stretches."""
    names = [said(f"timeline.{each}") for each in (*_COUNTS, "slowest")]
    return (said("picture.stretch"), said("picture.from"), said("picture.to"), *names)


def row_of(said: Sentences, name: str, points: LoadPoints, begin: float, end: float) -> tuple[str, ...] | None:
    """One stretch in numbers; None where it has no step."""
    (whole,) = steps(points, begin, end, MOST_POINTS) or (None,)
    if whole is None:
        return None
    slowest = "–" if whole.slowest is None else span(said, whole.slowest)
    return (name, span(said, begin), span(said, end), *(str(whole.counts[each]) for each in _COUNTS), slowest)


def over_time(
    said: Sentences, points: LoadPoints, phases: PhaseTimes | None = None, limit: float | None = None
) -> bytes:
    """The drawing: counts a second above, times below, over the same seconds of load."""
    seconds = points.step_s * len(points.planned)
    rate, count = sum(points.planned) / seconds, len(points.planned)
    together = max(math.ceil(_IN_A_STEP / max(rate * points.step_s, 1e-6)), math.ceil(count / _MOST_STEPS))
    shown = steps(points, together=min(together, count))
    above = 1.0 if phases else 0.5

    def draw(figure: Figure) -> None:
        upper = canvas.panel(figure, above=above, below=2.05)
        lower = canvas.panel(figure, above=above + 1.75, below=0.5)
        _counted(said, upper, shown)
        _timed(said, lower, shown, limit)
        for axes in (upper, lower):
            axes.set_xlim(0, seconds)
            axes.grid()
            if phases:
                _phased(axes, phases)
        if phases:
            _named(said, upper, phases)
        handles = [*upper.get_legend_handles_labels()[0], *lower.get_legend_handles_labels()[0]]
        upper.legend(
            handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1 + (0.5 if phases else 0.02) / 1.3), ncols=4,
            borderaxespad=0.1,
        )  # fmt: skip
        lower.set_xlabel(said("timeline.seconds"))

    return canvas.drawn(above + 3.35, draw, said)


def _counted(said: Sentences, axes: Axes, shown: Sequence[TimeStep]) -> None:
    for key, (colour, dashes, width) in _COUNTS.items():
        if key == "wrong" and not any(each.counts[key] for each in shown):
            continue
        x = [(each.begin + each.end) / 2 for each in shown]
        y = [each.counts[key] / (each.end - each.begin) for each in shown]
        name = said(f"timeline.{key}")
        axes.plot(x, y, color=colour, linestyle=dashes, linewidth=width, label=name, marker="." if len(x) < 3 else "")
    axes.set_ylim(bottom=0)
    axes.set_ylabel(said("picture.per_second"))


def _timed(said: Sentences, axes: Axes, shown: Sequence[TimeStep], limit: float | None) -> None:
    times = [limit] if limit is not None else []
    for key, (colour, dashes) in _TIMES.items():
        values = [each.median if key == "median" else each.slowest for each in shown]
        x = [(each.begin + each.end) / 2 for each in shown]
        axes.plot(
            x, [math.nan if each is None else each for each in values], color=colour, linestyle=dashes, linewidth=1.2,
            marker="" if len(x) > 20 else ".", markersize=3, label=said(f"timeline.{key}"),
        )  # fmt: skip
        times += [each for each in values if each is not None]
    if limit is not None:
        words = said("timeline.slow", limit=span(said, limit))
        axes.axhline(limit, color=canvas.INK, linestyle=(0, (4, 2)), linewidth=1, label=words)
    axes.set_ylabel(said("picture.latency_axis"))
    times_axis(said, axes, times, upright=True)


def _phased(axes: Axes, phases: PhaseTimes) -> None:
    for name, (begin, end) in phases.all().items():
        face = _SHADES[name]
        if face and end > begin:
            axes.axvspan(begin, end, facecolor=face, edgecolor="none", zorder=0)
    axes.axvline(phases.caused, color=canvas.INK, linewidth=0.9)
    axes.axvline(phases.undone, color=canvas.INK, linewidth=0.9, linestyle="--")


def _named(said: Sentences, axes: Axes, phases: PhaseTimes) -> None:
    """The phases that have room for their name, and the two moments, each on a line of its own so that none meet."""
    inches = canvas.WIDTH - 0.9
    for name, (begin, end) in phases.all().items():
        words = said(f"timeline.{name}")
        if (end - begin) / phases.end * inches > canvas.room_for([words]) - 0.15:
            axes.annotate(words, ((begin + end) / 2, 1), xycoords=("data", "axes fraction"), xytext=(0, 3),
                          textcoords="offset points", ha="center", fontsize=7.5)  # fmt: skip
    for moment, words, height in (
        (phases.caused, said("timeline.caused", at=span(said, phases.caused)), 13),
        (phases.undone, said("timeline.undone", at=span(said, phases.undone)), 23),
    ):
        late = moment > phases.end / 2
        axes.annotate(words, (moment, 1), xycoords=("data", "axes fraction"), xytext=(-2 if late else 2, height),
                      textcoords="offset points", ha="right" if late else "left", fontsize=7.5)  # fmt: skip
