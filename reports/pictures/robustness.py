"""Changed inputs and attacks: a share or a distance at each step of a ladder, with its bounds and its limit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.bundle.attacks import AttackSeen, CertifiedSeen
from harness.bundle.robustness import LevelSeen, RobustnessCurve
from reports.pictures import canvas
from reports.pictures.picture import Picture
from reports.text.sentences import Sentences

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Steps of one ladder that are drawn; the table has all.
_MOST = 40
_LIMIT: dict[str, Any] = {"color": canvas.INK, "linestyle": (0, (4, 2)), "linewidth": 1.2}


def curve_picture(said: Sentences, curve: RobustnessCurve, name: str, width: float = canvas.WIDTH) -> Picture | None:
    """The share of changed decisions at each size, in the order of the ladder; None where nothing was measured."""
    levels = [each for each in curve.levels if each.share.value is not None and math.isfinite(each.share.value)]
    if not levels:
        return None
    ends = levels[:1] + levels[1:][-1:]
    told = [said("robustness.told", size=said.figure(e.size), changed=str(e.changed), rows=str(e.rows)) for e in ends]
    return Picture(
        name=name,
        title=said("robustness.chart", title=curve.title),
        told=" ".join(told),
        columns=tuple(said(f"picture.{each}") for each in ("size", "share", "least", "most", "limit")),
        rows=tuple(
            (said.figure(e.size), *figures(said, e.share.value, e.share.lower, e.share.upper, e.share.limit))
            for e in levels
        ),
        svg=canvas.drawn(2.6, lambda figure: _curve(said, figure, levels[:_MOST], curve.size), said, width),
    )


def _curve(said: Sentences, figure: Figure, levels: Sequence[LevelSeen], size: str) -> None:
    """Steps of the ladder stand as far from each other as they are: sizes are often powers of ten."""
    axes = canvas.panel(figure, above=0.4, below=0.5)
    x = list(range(len(levels)))
    values = [each.share.value or 0.0 for each in levels]
    bounded = [(at, e.share.lower or 0.0, e.share.upper) for at, e in enumerate(levels) if e.share.upper is not None]
    whiskered(axes, bounded, said("change_key.reach"))
    axes.plot(x, values, color=canvas.BLUE, marker="o", markersize=4.5, label=said("change_key.share"), zorder=3)
    limits = [(at, each.share.limit) for at, each in enumerate(levels) if each.share.limit is not None]
    for number, (at, limit) in enumerate(limits):
        words = said("picture.limit") if not number else "_"
        axes.plot([at - 0.35, at + 0.35], [limit, limit], label=words, **_LIMIT)
    axes.set_xlim(-0.5, len(levels) - 0.5)
    axes.set_ylim(0, min(1.0, max([0.05, *values, *(e for *_, e in bounded), *(e for _, e in limits)])) * 1.06)
    axes.set_xticks(
        x,
        [said.figure(each.size) for each in levels],
        rotation=45 if len(levels) > 12 * figure.get_figwidth() / canvas.WIDTH else 0,
    )
    axes.set_xlabel(said("robustness.along", size=canvas.label(size)))
    axes.set_ylabel(said("picture.share"))
    axes.grid(axis="y")
    canvas.keyed(axes)


def attack_picture(said: Sentences, seen: AttackSeen, name: str) -> Picture | None:
    """The median distance after so many queries; None where fewer than two of them are known."""
    known = [(each.queries, each.median) for each in seen.curve if each.median and 0 < each.median < math.inf]
    if len(known) < 2:
        return None
    queries, medians = [each for each, _ in known], [each for _, each in known]
    limit = seen.limit if seen.limit and seen.limit > 0 else None

    def draw(figure: Figure) -> None:
        axes = canvas.panel(figure, above=0.4, below=0.5)
        axes.plot(range(len(known)), medians, color=canvas.BLUE, marker="o", markersize=4, label=said("attacks.median"))
        axes.set_yscale("log")
        low, high = min([*medians, limit or medians[0]]) / 1.4, max([*medians, limit or medians[0]]) * 1.4
        axes.set_ylim(low, high)
        canvas.decades(axes.yaxis, low, high, lambda value: said.figure(value, 3))
        if limit:
            axes.axhline(limit, label=said("attacks.limit", limit=said.figure(limit)), **_LIMIT)
        axes.set_xticks(range(len(known)), [str(each) for each in queries])
        axes.set_xlabel(said("attacks.along"))
        axes.set_ylabel(said("picture.distance"))
        axes.grid()
        canvas.keyed(axes)

    return Picture(
        name=name,
        title=said("attacks.chart", title=seen.title),
        told=said(
            "attacks.told", first=said.figure(medians[0], 4), last=said.figure(medians[-1], 4), queries=str(queries[-1])
        ),
        columns=(said("attacks.along"), said("attacks.median")),
        rows=tuple((str(each), said.figure(median)) for each, median in known),
        svg=canvas.drawn(2.4, draw, said),
    )


def radius_picture(said: Sentences, seen: CertifiedSeen, name: str) -> Picture | None:
    """For which share of the samples a radius is certified; None where there is none."""
    if len(seen.curve) < 2 or not seen.samples:
        return None
    least = None if seen.share is None else seen.share.limit
    last = seen.curve[-1]

    def draw(figure: Figure) -> None:
        axes = canvas.panel(figure, above=0.4, below=0.5)
        x, y = [each.radius for each in seen.curve], [each.certified / seen.samples for each in seen.curve]
        axes.plot(x, y, color=canvas.BLUE, marker="o", markersize=4, label=said("attacks.certified"))
        if least is not None:
            axes.axhline(least, label=said("attacks.least", limit=said.figure(least)), **_LIMIT)
        axes.set_ylim(0, 1.04)
        axes.set_xlabel(said("attacks.radius"))
        axes.set_ylabel(said("picture.share"))
        axes.grid()
        canvas.keyed(axes)

    return Picture(
        name=name,
        title=said("attacks.radii"),
        told=said("attacks.radii_told", radius=said.figure(last.radius, 4), certified=str(last.certified)),
        columns=(said("attacks.radius"), said("picture.certified")),
        rows=tuple((said.figure(each.radius), str(each.certified)) for each in seen.curve),
        svg=canvas.drawn(2.4, draw, said),
    )


def whiskered(axes: Axes, bounds: Sequence[tuple[float, float, float]], words: str) -> None:
    """Bounds as upright lines with ends, each at its place."""
    if bounds:
        x, low, high = zip(*bounds, strict=True)
        axes.vlines(x, low, high, color=canvas.QUIET, linewidth=1.2, label=words)
        axes.plot([*x, *x], [*low, *high], "_", color=canvas.QUIET, markersize=8)


def figures(said: Sentences, *values: float | None, digits: int = 6) -> tuple[str, ...]:
    """Measured figures; a dash for each that is none."""
    return tuple("–" if value is None else said.figure(value, digits) for value in values)
