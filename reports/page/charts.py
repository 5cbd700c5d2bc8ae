"""Charts as plain shapes with axes: numbers from the evidence and words of our own, drawn by a template.

Nothing of the endpoint's words gets into a picture, and a number that is none is left out of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reports.text.formats import span
from reports.text.sentences import Sentences

WIDTH, LEFT, RIGHT = 720, 62, 14
TOP, PLOT, BOTTOM = 52, 130, 38
_END, _FLOOR = WIDTH - RIGHT, TOP + PLOT
_LINE = "M1,5h26"
SAMPLES = {
    **dict.fromkeys(("offered", "answered", "bad", "wrong", "median", "slowest"), _LINE),
    **dict.fromkeys(("held", "recorded"), "M14,5h0"),
    **dict.fromkeys(("share", "reach"), _LINE),
    "broke": "M10,1l8,8m0,-8l-8,8",
    "not_run": "M10,5h8",
    "tester": "M10,1h8v8h-8z",
    "supports": "M14,5h0",
    "contradicts": "M10,1l8,8m0,-8l-8,8",
    "inconclusive": "M9,5l5,-5l5,5l-5,5z",
    "measured": "M9,5h10",
    "whisker": "M14,0v10m-4,0h8m-8,-10h8",
    "ideal": _LINE,
}
"""How each tone looks, for the key beside a picture of 28 by 10."""
# Pixels that a sign of the picture's text takes, about.
_SIGN = 6.4


@dataclass(frozen=True, slots=True)
class Tick:
    """A value beside an axis, where it stands in pixels."""

    at: str
    words: str


@dataclass(frozen=True, slots=True)
class Shade:
    """A stretch of the picture from top to bottom; ``words`` stand above it where there is room."""

    x: str
    width: str
    middle: str
    tone: str
    words: str


@dataclass(frozen=True, slots=True)
class Moment:
    """An upright line with its words on one side of it."""

    x: str
    y: int
    anchor: str
    words: str


@dataclass(frozen=True, slots=True)
class Curve:
    """A line in pieces, or marks, as the path of an SVG; ``tone`` gives colour and form, ``name`` its words."""

    path: str
    tone: str
    name: str


@dataclass(frozen=True, slots=True)
class Bound:
    """A level line with its words above it."""

    y: str
    words_y: str
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture that answers one question, with the same in words.

    Attributes:
        name: unique on the page, of letters and hyphens.
        title: the question; ``told``: what is to be seen.
        along: what the lower axis counts; the other one has its unit at each tick.
        plot: how high the part between the axes is.
    """

    name: str
    title: str
    told: str
    along: str
    rows: tuple[Tick, ...]
    columns: tuple[Tick, ...]
    curves: tuple[Curve, ...]
    shades: tuple[Shade, ...] = ()
    moments: tuple[Moment, ...] = ()
    bounds: tuple[Bound, ...] = ()
    plot: int = PLOT

    @property
    def above(self) -> int:
        """Where the picture begins: without moments there is nothing to write above it."""
        return 0 if self.moments else TOP - 16

    @property
    def height(self) -> int:
        """Where it ends."""
        return TOP + self.plot + BOTTOM


@dataclass(frozen=True, slots=True)
class Axis:
    """Places values between two ends, in pixels; ``by_tens`` on a scale of powers of ten."""

    low: float
    high: float
    begin: float
    end: float
    by_tens: bool = False

    def at(self, value: float) -> float:
        """The pixel of a value; of one beyond an end, that end."""
        held = min(max(value, self.low), self.high)
        if self.by_tens:
            share = math.log10(held / self.low) / math.log10(self.high / self.low)
        else:
            share = (held - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)

    def ticks(self) -> list[float]:
        """Round values over its length, a handful."""
        if self.by_tens:
            tens = round(math.log10(self.high / self.low))
            return [self.low * 10**each for each in range(tens + 1)]
        step = round_step((self.high - self.low) / (10 if self.end > self.begin else 4))
        return [self.low + step * each for each in range(int((self.high - self.low) / step + 1e-6) + 1)]


def across(seconds: float, begin: float = 0.0) -> Axis:
    """The axis from left to right."""
    return Axis(begin, max(seconds, begin + 1e-3), LEFT, _END)


def upright(top: float) -> Axis:
    """The axis from the ground up, from nothing to a round value that ``top`` fits below."""
    step = round_step(max(top, 1e-3) / 4)
    return Axis(0.0, math.ceil(max(top, 1e-3) / step + 1e-9) * step, _FLOOR, TOP)


def upright_share() -> Axis:
    """The axis from the ground up, from nothing to all."""
    return Axis(0.0, 1.0, _FLOOR, TOP)


def upright_by_tens(least: float, most: float) -> Axis:
    """The axis from the ground up, between powers of ten."""
    low = math.floor(math.log10(max(least, 1e-6)) + 1e-9)
    high = max(low + 1, math.ceil(math.log10(max(most, 1e-6)) - 1e-9))
    return Axis(10.0**low, 10.0**high, _FLOOR, TOP, by_tens=True)


def round_step(least: float) -> float:
    """The next of 1, 2 and 5 times a power of ten."""
    ten = 10.0 ** math.floor(math.log10(least))
    return next(each * ten for each in (1, 2, 5, 10) if each * ten >= least * (1 - 1e-9))


def ticks(said: Sentences, axis: Axis, unit: str = "") -> tuple[Tick, ...]:
    """Its ticks in words with their unit; seconds as people read them."""
    return tuple(
        Tick(pixel(axis.at(each)), span(said, each) if unit == "s" else f"{said.figure(each, 4)}{unit}")
        for each in axis.ticks()
    )


def pieces(places: Sequence[tuple[float, float]], apart: float, x: Axis, y: Axis) -> str:
    """A curve through places; where two are further apart than this along x, it is broken."""
    path: list[str] = []
    before: float | None = None
    for place, value in places:
        if not math.isfinite(place + value):
            continue
        point = f"{pixel(x.at(place))},{pixel(y.at(value))}"
        # A piece of one place alone is a dot.
        path.append(f"M{point}h0" if before is None or place - before > apart else f"L{point}")
        before = place
    return "".join(path)


def shade(x: Axis, begin: float, end: float, tone: str, words: str) -> Shade:
    """A stretch of time."""
    left, right = x.at(begin), x.at(end)
    fits = right - left >= len(words) * _SIGN
    return Shade(pixel(left), pixel(right - left), pixel((left + right) / 2), tone, words if fits else "")


def moments(x: Axis, first: tuple[float, str], second: tuple[float, str]) -> tuple[Moment, Moment]:
    """Two moments, the words of the first before it and of the second after it, so that they never meet."""
    (one, words), (two, others) = first, second
    left, right = x.at(one), x.at(two)
    before = left - len(words) * _SIGN >= 0
    after = right + len(others) * _SIGN <= WIDTH
    meet = (not before and right < left + len(words) * _SIGN) or (not after and right - len(others) * _SIGN < left)
    return (
        Moment(pixel(left), TOP - 24, "end" if before else "start", words),
        Moment(pixel(right), TOP - 40 if meet else TOP - 24, "start" if after else "end", others),
    )


def bound(y: Axis, value: float, words: str) -> Bound:
    """A level that is allowed."""
    at = y.at(value)
    return Bound(pixel(at), pixel(at - 4 if at > TOP + 14 else at + 13), words)


def pixel(value: float) -> str:
    """A place in the picture."""
    return f"{value:.1f}".removesuffix(".0")
