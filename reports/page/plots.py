"""Plots of load as plain shapes: a function of the evidence alone, drawn by a template, without script or style.

Everything is a number by the time it reaches the template: nothing of the endpoint's words can get into the picture.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from harness.bundle.series import LoadSeries
from reports.text.sentences import Sentences

WIDTH, HEIGHT = 640, 150
MOST = 60


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: points of an SVG polyline, which of four tones, its name, and its largest value in words."""

    points: str
    tone: int
    name: str


@dataclass(frozen=True, slots=True)
class Panel:
    """Curves over the same axis; ``top`` is the value at the upper edge, in words, ``right`` the end of the axis."""

    title: str
    top: str
    left: str
    right: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """One run of load."""

    title: str
    sentence: str
    panels: tuple[Panel, ...]


def plots(said: Sentences, series: Sequence[Mapping[str, Any]]) -> list[Plot]:
    """Plots of the runs that are recorded as series of load; what cannot be read as one is passed over."""
    found = []
    for each in series[:MOST]:
        with contextlib.suppress(msgspec.ValidationError):
            found.append(_plot(said, msgspec.convert(each, LoadSeries)))
    return found


def _plot(said: Sentences, each: LoadSeries) -> Plot:
    points = each.points
    step = points.step_s
    seconds = step * len(points.sent)
    over = ("0 s", f"{said.figure(seconds, 4)} s")
    columns = (("planned", points.planned), ("ok", points.ok), ("failed", points.failed))
    rates = [(said(f"plot.{name}"), column) for name, column in columns]
    times = [("p50", points.p50), ("p99", points.p99)]
    panels = [
        _panel(said, said("plot.rates"), [(n, [v / step for v in c]) for n, c in rates], "/s", over),
        _panel(said, said("plot.times"), [(n, _ms(c)) for n, c in times], "ms", over),
    ]
    curve = [(row.p, row.value) for row in each.response.percentiles if row.value is not None]
    if len(curve) > 1 and any(p for p, _ in curve):
        panels.append(_percentiles(said, curve))
    transport = "grpc" if each.transport == "grpc" else "rest"
    title = said("plot.title", name=each.name, model=each.model, transport=transport)
    kind = "open" if each.loop == "open" else "closed"
    sentence = said(f"plot.{kind}", verdict=each.verdict, reason=each.reason)
    return Plot(title, sentence, tuple(panels))


def _ms(column: Sequence[float | None]) -> list[float | None]:
    return [None if value is None else value * 1e3 for value in column]


def _panel(
    said: Sentences, title: str, columns: Sequence[tuple[str, Sequence[float | None]]], unit: str, over: tuple[str, str]
) -> Panel:
    top = max((value for _, column in columns for value in column if value is not None), default=0.0) or 1.0
    lines = []
    for tone, (name, column) in enumerate(columns):
        width = WIDTH / max(1, len(column) - 1)
        places = [(at * width, value) for at, value in enumerate(column) if value is not None]
        lines.append(Line(_points([(x, value / top) for x, value in places]), tone, name))
    return Panel(title, f"{said.figure(top, 4)} {unit}", *over, tuple(lines))


def _percentiles(said: Sentences, curve: Sequence[tuple[float, float]]) -> Panel:
    """Percentiles on an axis of nines, as HdrHistogram draws them."""
    last = max(-math.log10(1 - p) for p, _ in curve)
    top = max(value for _, value in curve) or 1.0
    points = [(-math.log10(1 - p) / last * WIDTH, value / top) for p, value in curve]
    names = (f"p{said.figure(curve[0][0] * 100)}", f"p{said.figure(curve[-1][0] * 100)}")
    line = Line(_points(points), 1, said("plot.percentile"))
    return Panel(said("plot.percentiles"), f"{said.figure(top * 1e3, 4)} ms", *names, (line,))


def _points(places: Sequence[tuple[float, float]]) -> str:
    """Places (x in pixels, y as a share of the height) as SVG wants them; numbers only."""
    return " ".join(f"{x:.1f},{HEIGHT - 4 - y * (HEIGHT - 8):.1f}" for x, y in places if math.isfinite(x + y))
