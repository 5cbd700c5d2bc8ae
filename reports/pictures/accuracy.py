"""Labelled data: a metric by group with its bounds and the declared level, and scores against what is right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.bundle.accuracy import BinSeen, MetricSeen
from harness.statistics.decision import Interval
from reports.pictures import canvas
from reports.pictures.picture import Picture
from reports.pictures.robustness import figures, whiskered
from reports.text.sentences import Sentences

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Groups in one picture; of more, those that are furthest on the wrong side.
MOST_GROUPS = 16
_FAR = 1e9
_MARKS = {
    "supports": ("o", canvas.BLUE),
    "contradicts": ("X", canvas.VERMILION),
    "inconclusive": ("D", canvas.ORANGE),
    "measured": ("_", canvas.INK),
}


@dataclass(frozen=True, slots=True)
class BinView:
    """Rows of one bin, with the bounds of Wilson on the share of them that is right; they decide nothing."""

    data: BinSeen
    bounds: Interval


def groups_picture(said: Sentences, whole: MetricSeen, seen: Sequence[MetricSeen], name: str) -> Picture | None:
    """Each group as a mark with its bounds, beside all rows and the level that is declared; None for fewer than two."""
    drawable = [each for each in seen if each.value is not None and all(abs(one) < _FAR for one in _places(each))]
    if len(drawable) < 2:
        return None
    shown = _worst(whole, drawable)
    columns = list(dict.fromkeys(each.group.partition("=")[0] for each in shown if each.group))
    title = f"{whole.metric} ({whole.about})" if whole.about else whole.metric
    heads = ("group", "share_value", "least", "most", "rows", "decision")
    return Picture(
        name=name,
        title=said("accuracy.by_group", metric=title),
        told=_told(said, shown, len(drawable) - len(shown)),
        columns=tuple(said(f"picture.{each}") for each in heads),
        rows=tuple(
            (
                each.group or said("accuracy.all"), *figures(said, each.value, each.lower, each.upper),
                str(each.rows), said(f"accuracy_mark.{each.decision or 'measured'}"),
            )
            for each in drawable
        ),
        svg=canvas.drawn(3.1, lambda figure: _groups(said, figure, whole, shown, columns), said),
    )  # fmt: skip


def _groups(
    said: Sentences, figure: Figure, whole: MetricSeen, shown: Sequence[MetricSeen], columns: Sequence[str]
) -> None:
    leaning = len(shown) > 6
    axes = canvas.panel(figure, above=0.58, below=1.1 if leaning else 0.6)
    bounds = [
        (at, each.lower, each.upper) for at, each in enumerate(shown)
        if each.lower is not None and each.upper is not None and math.isfinite(each.lower + each.upper)
    ]  # fmt: skip
    whiskered(axes, bounds, said("accuracy.bounds", confidence=said.figure(whole.confidence)))
    for state, (mark, colour) in _MARKS.items():
        places = [(at, each.value) for at, each in enumerate(shown) if (each.decision or "measured") == state]
        if places:
            x, y = [at for at, _ in places], [value or 0.0 for _, value in places]
            words = said(f"accuracy_mark.{state}")
            axes.plot(x, y, mark, color=colour, markersize=7, markeredgewidth=1.4, label=words, zorder=3)
    if whole.limit is not None and abs(whole.limit) < _FAR:
        key = "accuracy.at_least" if whole.side == "at least" else "accuracy.at_most"
        words = said(key, limit=said.figure(whole.limit, 4))
        axes.axhline(whole.limit, color=canvas.INK, linestyle=(0, (4, 2)), linewidth=1.2, label=words)
    axes.margins(y=0.12)
    axes.set_xlim(-0.6, len(shown) - 0.4)
    names = [canvas.label(_words(said, each, columns), 22) for each in shown]
    axes.set_xticks(range(len(shown)), names, rotation=35 if leaning else 0, ha="right" if leaning else "center")
    axes.set_xlabel(said("accuracy.groups", columns=said.listed([canvas.label(each, 20) for each in columns])))
    axes.grid(axis="y")
    canvas.keyed(axes, 3)


def reliability_picture(said: Sentences, bins: Sequence[BinView], name: str) -> Picture:
    """The share of rows that is right against what their highest score says, bin by bin."""
    too_sure = sum(each.bounds.upper < each.data.confidence for each in bins)
    too_shy = sum(each.bounds.lower > each.data.confidence for each in bins)

    def draw(figure: Figure) -> None:
        axes = canvas.panel(figure, above=0.58, below=0.5)
        axes.plot([0, 1], [0, 1], color=canvas.QUIET, linestyle=":", linewidth=1.2, label=said("accuracy.ideal"))
        bounds = [(each.data.confidence, each.bounds.lower, each.bounds.upper) for each in bins]
        confidence = said.figure(bins[0].bounds.confidence)
        whiskered(axes, bounds, said("accuracy.wilson", confidence=confidence))
        x, y = [each.data.confidence for each in bins], [each.data.accuracy for each in bins]
        axes.plot(x, y, "o", color=canvas.BLUE, label=said("accuracy.bin"), zorder=3)
        axes.set_xlim(0, 1.01)
        axes.set_ylim(0, 1.03)
        axes.set_xlabel(said("accuracy.score"))
        axes.set_ylabel(said("picture.right"))
        axes.grid()
        canvas.keyed(axes, 2)

    return Picture(
        name=name,
        title=said("accuracy.reliability"),
        told=said("accuracy.reliability_told", bins=len(bins), sure=too_sure, shy=too_shy),
        columns=tuple(said(f"picture.{each}") for each in ("score", "right", "least", "most", "rows")),
        rows=tuple(
            (
                *figures(said, each.data.confidence, each.data.accuracy, each.bounds.lower, each.bounds.upper),
                str(each.data.rows),
            )
            for each in bins
        ),
        svg=canvas.drawn(3.6, draw, said),
    )  # fmt: skip


def _places(seen: MetricSeen) -> list[float]:
    """Value and bounds, those that are numbers."""
    known = (seen.value, seen.lower, seen.upper)
    return [each for each in known if each is not None and math.isfinite(each)]


def _worst(whole: MetricSeen, seen: Sequence[MetricSeen]) -> list[MetricSeen]:
    """All rows, and the groups that are furthest on the wrong side, in the order of the record."""
    groups = [each for each in seen if each.group is not None]
    sign = -1 if whole.side == "at most" else 1
    kept = {id(each) for each in sorted(groups, key=lambda each: sign * (each.value or 0.0))[: MOST_GROUPS - 1]}
    return [each for each in seen if each.group is None or id(each) in kept]


def _told(said: Sentences, shown: Sequence[MetricSeen], further: int) -> str:
    parts = []
    for each in shown:
        value, lower, upper = figures(said, each.value, each.lower, each.upper, digits=4)
        group = each.group or said("accuracy.all")
        parts.append(said("accuracy.group_told", group=group, value=value, lower=lower, upper=upper, rows=each.rows))
    if further:
        parts.append(said("accuracy.further", number=further))
    return " ".join(parts)


def _words(said: Sentences, seen: MetricSeen, columns: Sequence[str]) -> str:
    """What stands below a group: its value alone where all groups are of one column."""
    if not seen.group:
        return said("accuracy.all")
    return seen.group.partition("=")[2] if len(columns) == 1 else seen.group
