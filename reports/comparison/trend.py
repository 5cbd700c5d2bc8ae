"""A number over many runs as plain shapes: everything is a number by the time it reaches the template."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reports.evidence.comparison import Measured

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 170, 70, 16, 14, 30


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One run: where its value lies, and its bounds as a path; ``number`` is that of the run."""

    number: int
    x: str
    d: str


@dataclass(frozen=True, slots=True)
class TrendPicture:
    """A picture: ``line`` joins the values, ``ticks`` are labels with their height."""

    title: str
    line: str
    marks: tuple[TrendPoint, ...]
    ticks: tuple[tuple[str, str], ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    base: int = HEIGHT - BOTTOM


def trend(title: str, seen: Sequence[Measured | None]) -> TrendPicture:
    """The picture of a number of each run, in their order; runs without it have no mark."""
    points = [(number, each) for number, each in enumerate(seen, 1) if each is not None and math.isfinite(each.value)]
    ends = [bound for _, each in points for bound in (each.lower, each.value, each.upper)
            if bound is not None and math.isfinite(bound)]  # fmt: skip
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    spread = high - low
    if not spread or not math.isfinite(spread):
        low, spread = low - 0.5, 1.0

    def x(number: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (number - 0.5) / len(seen)

    def y(value: float) -> float:
        share = min(1.0, max(0.0, (value - low) / spread))
        return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)

    marks = tuple(TrendPoint(number, f"{x(number):.1f}", _shape(x(number), each, y)) for number, each in points)
    line = " ".join(f"{x(number):.1f},{y(each.value):.1f}" for number, each in points)
    ticks = tuple((f"{low + share * spread:.4g}", f"{y(low + share * spread):.1f}") for share in (0.0, 0.5, 1.0))
    return TrendPicture(title, line, marks, ticks)


def _shape(at: float, seen: Measured, y: Callable[[float], float]) -> str:
    top = seen.upper if seen.upper is not None and math.isfinite(seen.upper) else seen.value
    foot = seen.lower if seen.lower is not None and math.isfinite(seen.lower) else seen.value
    cross = f"M{at - 3:.1f} {y(seen.value):.1f}h6"
    return f"M{at:.1f} {y(foot):.1f}V{y(top):.1f}{cross}"
