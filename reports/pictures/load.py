"""Load: the distribution of latency with its bounds; throughput and latency against the offered rate."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.bundle.series import LoadSeries, PercentileSeen, by_rate, knee_of
from reports.pictures import canvas
from reports.pictures.picture import Picture
from reports.text.formats import span
from reports.text.sentences import Sentences

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Runs in one picture, and rates of one search; what is beyond stands in the table.
MOST_RUNS, _MOST_RATES = 6, 60
LONGEST_S = 1e6
_LINES = (
    (canvas.BLUE, "-", "o"),
    (canvas.VERMILION, "--", "s"),
    (canvas.GREEN, "-.", "^"),
    (canvas.PURPLE, ":", "D"),
    (canvas.ORANGE, "-", "v"),
    (canvas.SKY, "--", "P"),
)
_VERDICTS = {"pass": "o", "fail": "X", "inconclusive": "d"}


@dataclass(frozen=True, slots=True)
class OfferedRate:
    """One run at one rate a second: what was answered well, and a percentile of its latency with bounds."""

    offered: float
    answered: float
    tail: PercentileSeen
    verdict: str


def is_drawable(value: float | None) -> bool:
    """Whether a time can stand on an axis by powers of ten."""
    return value is not None and 0 < value < LONGEST_S


def latency_picture(
    said: Sentences, name: str, about: str, runs: Sequence[LoadSeries], width: float = canvas.WIDTH
) -> Picture | None:
    """What share of the requests of each run was answered within which time; None where nothing was measured."""
    curves = [(each, _known(each)) for each in runs]
    shown = [(each, points) for each, points in curves if len(points) > 1][:MOST_RUNS]
    if not shown:
        return None
    level = _level(shown[0][0])
    parts = []
    for run, points in shown:
        last = points[-1]
        parts.append(
            said("picture.latency_run", run=run.name, p=_percent(said, last.p), value=span(said, last.value or 0.0))
        )
    confidence = shown[0][0].response.confidence
    sure = said("picture.order_statistics", confidence=said.figure(confidence)) if confidence else ""
    within = said("picture.level_told", limit=span(said, level[1]), p=_percent(said, level[0])) if level else ""
    return Picture(
        name=name,
        title=said("picture.latency", about=about),
        told=" ".join(each for each in (*parts, within, sure) if each),
        columns=tuple(said(f"picture.{each}") for each in ("run", "percentile", "time", "lower", "upper")),
        rows=tuple(
            (run.name, _percent(said, each.p), *_bounded(said, each)) for run, points in curves for each in points
        ),
        svg=_distribution(said, shown, level, width),
    )


def _distribution(
    said: Sentences, shown: Sequence[tuple[LoadSeries, list[PercentileSeen]]], level: tuple[float, float] | None,
    width: float,
) -> bytes:  # fmt: skip
    def draw(figure: Figure) -> None:
        lines = -(-(len(shown) + 1) // 3) if width == canvas.WIDTH else 1
        axes = canvas.panel(figure, above=0.12 + 0.19 * lines, below=0.45)
        times = [level[1]] if level else []
        deepest = max(each.p for _, points in shown for each in points)
        for (run, points), (colour, dashes, mark) in zip(shown, _LINES, strict=False):
            x, y = [each.value or 0.0 for each in points], [_nines(each.p) for each in points]
            bounded = [each for each in points if is_drawable(each.lower) and is_drawable(each.upper)]
            low, high = [each.lower or 0.0 for each in bounded], [each.upper or 0.0 for each in bounded]
            axes.fill_betweenx([_nines(each.p) for each in bounded], low, high, color=colour, alpha=0.18, linewidth=0)
            axes.plot(x, y, color=colour, linestyle=dashes, marker=mark, markersize=4, label=canvas.label(run.name, 36))
            times += [*x, *low, *high]
        if level:
            label = said("picture.level", limit=span(said, level[1]), p=_percent(said, level[0]))
            axes.plot([level[1]] * 2, [0, _nines(level[0])], color=canvas.INK, linestyle=(0, (4, 2)), linewidth=1)
            axes.plot(
                [level[1]], [_nines(level[0])], "*", color=canvas.INK, markersize=9, label=label, linestyle="none"
            )
            deepest = max(deepest, level[0])
        ticks = [0.0, 0.5, *(1 - 10.0**-each for each in range(1, math.ceil(_nines(deepest)) + 1))]
        axes.set_yticks([_nines(each) for each in ticks], [_percent(said, each) for each in ticks])
        axes.set_ylim(0, _nines(deepest) * 1.06)
        axes.set_ylabel(said("picture.answered_within"))
        times_axis(said, axes, times)
        axes.set_xlabel(said("picture.latency_axis"))
        axes.grid()
        canvas.keyed(axes, 3)

    return canvas.drawn(2.9, draw, said, width)


def rates_of(runs: Sequence[LoadSeries]) -> list[OfferedRate]:
    """The runs that each offered one rate, where they are a search over at least three of them; by rate."""
    found = []
    for offered, run in by_rate(runs).items():
        answered = run.rates.get("ok")
        p99 = next((each for each in run.response.percentiles if each.p == 0.99), None)
        if p99 is not None and _is_rate(offered) and _is_rate(answered):
            found.append(OfferedRate(offered, answered or 0.0, p99, run.verdict))
    return found[:_MOST_RATES] if len(found) > 2 else []


def rates_picture(
    said: Sentences, name: str, about: str, runs: Sequence[LoadSeries], width: float = canvas.WIDTH
) -> Picture | None:
    """Throughput, and p99, against the rate that was offered, with the knee; None where no search was run."""
    found = rates_of(runs)
    if not found:
        return None
    level = _level(runs[0])
    bent = knee_of(runs)
    best = max((each.offered for each in found if each.verdict == "pass"), default=None)
    worst = min((each.offered for each in found if each.verdict == "fail"), default=None)
    told = [
        said("picture.rates_told", least=said.figure(found[0].offered, 4), most=said.figure(found[-1].offered, 4)),
        said("picture.highest_passed", rate=said.figure(best, 4)) if best is not None else said("picture.none_passed"),
        said("picture.lowest_failed", rate=said.figure(worst, 4)) if worst is not None else said("picture.none_failed"),
        said("picture.knee_told", rate=said.figure(bent, 4)) if bent is not None else said("picture.no_knee"),
    ]
    columns = ("offered", "answered", "p99", "lower", "upper", "verdict")
    return Picture(
        name=name,
        title=said("picture.rates", about=about),
        told=" ".join(told),
        columns=tuple(said(f"picture.{each}") for each in columns),
        rows=tuple(
            (
                said.figure(each.offered, 4),
                said.figure(each.answered, 4),
                *_bounded(said, each.tail),
                said.spoken("state", each.verdict),
            )
            for each in found
        ),
        svg=canvas.drawn(3.7, lambda figure: _rates(said, figure, found, level, bent), said, width),
    )


def _rates(
    said: Sentences, figure: Figure, found: Sequence[OfferedRate], level: tuple[float, float] | None, bent: float | None
) -> None:
    upper = canvas.panel(figure, above=0.35, below=2.25)
    lower = canvas.panel(figure, above=1.85, below=0.5)
    most = found[-1].offered * 1.04
    x = [each.offered for each in found]
    ideal = said("picture.all_answered")
    upper.plot([0, most], [0, most], color=canvas.QUIET, linestyle=":", linewidth=1, label=ideal)
    upper.plot(x, [each.answered for each in found], color=canvas.BLUE, zorder=2)
    _marked(said, upper, found, lambda each: each.answered)
    upper.set_ylabel(said("picture.answered_axis"))
    upper.set_ylim(0, max(each.answered for each in found) * 1.15 or 1)
    tails = [each for each in found if is_drawable(each.tail.value)]
    times = [each.tail.value or 0.0 for each in tails] + ([level[1]] if level else [])
    lower.plot([each.offered for each in tails], [each.tail.value or 0.0 for each in tails], color=canvas.BLUE)
    for each in tails:
        if is_drawable(each.tail.lower) and is_drawable(each.tail.upper):
            bounds = [each.tail.lower or 0.0, each.tail.upper or 0.0]
            lower.plot([each.offered] * 2, bounds, color=canvas.BLUE, linewidth=4, alpha=0.3, solid_capstyle="butt")
            times += bounds
    _marked(said, lower, tails, lambda each: each.tail.value or 0.0)
    if level:
        lower.axhline(level[1], color=canvas.INK, linestyle=(0, (4, 2)), linewidth=1)
        words = said("picture.level", limit=span(said, level[1]), p=_percent(said, level[0]))
        lower.annotate(words, (0, level[1]), xytext=(3, 3), textcoords="offset points", fontsize=7)
    lower.set_ylabel("p99")
    if times:
        times_axis(said, lower, times, upright=True)
    lower.set_xlabel(said("picture.offered_axis"))
    for axes in (upper, lower):
        axes.set_xlim(0, most)
        axes.grid()
        if bent is not None:
            axes.axvline(bent, color=canvas.VERMILION, linestyle="-.", linewidth=1.2, label=said("picture.knee"))
    canvas.keyed(upper, 5)


def _marked(said: Sentences, axes: Axes, found: Sequence[OfferedRate], value: Callable[[OfferedRate], float]) -> None:
    """Each rate by its verdict."""
    for verdict in dict.fromkeys(each.verdict for each in found):
        shown = [each for each in found if each.verdict == verdict]
        colour = {"pass": canvas.BLUE, "fail": canvas.VERMILION}.get(verdict, canvas.QUIET)
        axes.plot(
            [each.offered for each in shown], [value(each) for each in shown], color=colour, linestyle="none",
            marker=_VERDICTS.get(verdict, "s"), markersize=6, label=said.spoken("state", verdict), zorder=3,
        )  # fmt: skip


def times_axis(said: Sentences, axes: Axes, times: Sequence[float], *, upright: bool = False) -> None:
    """The axis of times by powers of ten, each tick with its unit."""
    known = [each for each in times if is_drawable(each)] or [1e-3]
    low, high = min(known) / 1.25, max(known) * 1.25
    if upright:
        axes.set_yscale("log")
        axes.set_ylim(low, high)
    else:
        axes.set_xscale("log")
        axes.set_xlim(low, high)
    canvas.decades(axes.yaxis if upright else axes.xaxis, low, high, functools.partial(span, said))


def _known(run: LoadSeries) -> list[PercentileSeen]:
    return sorted((each for each in run.response.percentiles if is_drawable(each.value)), key=lambda each: each.p)


def _level(run: LoadSeries) -> tuple[float, float] | None:
    """Percentile and seconds of the service level."""
    share, limit = run.level.get("percentile"), run.level.get("latency_s")
    return (share, limit) if share is not None and limit and 0 <= share < 1 and is_drawable(limit) else None


def _nines(share: float) -> float:
    """Where a share stands on an axis that has the same room for each further nine."""
    return -math.log10(1 - min(share, 1 - 1e-9))


def _percent(said: Sentences, share: float) -> str:
    return f"{said.figure(share * 100)} %"


def _bounded(said: Sentences, seen: PercentileSeen) -> tuple[str, str, str]:
    value, lower, upper = ("–" if each is None else span(said, each) for each in (seen.value, seen.lower, seen.upper))
    return value, lower, upper


def _is_rate(value: float | None) -> bool:
    return value is not None and 0 <= value < LONGEST_S
