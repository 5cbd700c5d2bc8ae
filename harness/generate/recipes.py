"""What fills a tensor, said in a few drawn numbers instead of a million elements, so that shrinking works.

A recipe fills any number of elements; single values are planted into it. Small tensors are listed element by element.
"""

from __future__ import annotations

import random
import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.wire.datatypes import DATATYPES, round_to

Element = bool | int | float | str
# Whole numbers that every float datatype but BF16 holds exactly, and sums of which stay exact in FP32.
LARGEST_RAMP = 1 << 11
TEXT_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Repeated:
    """A text of ``times`` times ``unit``: a huge element in two numbers."""

    unit: str
    times: int

    @property
    def text(self) -> str:
        """The text itself."""
        return self.unit * self.times


@dataclass(frozen=True, slots=True)
class Enumerated:
    """Every element by itself."""

    values: tuple[Any, ...]

    def elements(self, datatype: str, count: int) -> tuple[Element, ...]:
        """The values.

        Raises:
            ValueError: there are not ``count`` of them.
        """
        if len(self.values) != count:
            raise ValueError(f"{len(self.values)} values for {count} elements of {datatype}")
        return tuple(map(plain, self.values))


@dataclass(frozen=True, slots=True)
class Fill:
    """One value everywhere."""

    value: Any

    def elements(self, datatype: str, count: int) -> tuple[Element, ...]:
        """``count`` times the value, whatever the datatype."""
        del datatype
        return (plain(self.value),) * count


@dataclass(frozen=True, slots=True)
class Ramp:
    """``start``, ``start + step``, ...: whole numbers that wrap within the datatype, or numbered texts."""

    start: int
    step: int

    def elements(self, datatype: str, count: int) -> tuple[Element, ...]:
        """The first ``count`` values as the datatype has them."""
        return tuple(numbered(datatype, self.start + index * self.step) for index in range(count))


@dataclass(frozen=True, slots=True)
class Noise:
    """Values without a pattern, the same for the same seed."""

    seed: int

    def elements(self, datatype: str, count: int) -> tuple[Element, ...]:
        """``count`` moderate values of the datatype."""
        chance = random.Random(self.seed)  # noqa: S311 -- test data, no secret
        return tuple(_random(datatype, chance) for _ in range(count))


Base = Enumerated | Fill | Ramp | Noise


@dataclass(frozen=True, slots=True)
class Recipe:
    """What fills a tensor.

    Attributes:
        base: fills every element.
        planted: ``(position, value)``, put in its place afterwards; positions count modulo the number of elements.
    """

    base: Base
    planted: tuple[tuple[int, Any], ...] = field(default=())

    def elements(self, datatype: str, count: int) -> tuple[Element, ...]:
        """``count`` elements, flat.

        Raises:
            ValueError: the base lists another number of values.
        """
        filled = self.base.elements(datatype, count)
        if not self.planted or not count:
            return filled
        changed = list(filled)
        for position, value in self.planted:
            changed[position % count] = plain(value)
        return tuple(changed)


def plain(value: Any) -> Element:  # noqa: ANN401 -- an element, or a run of text
    """The element that a drawn value stands for."""
    element: Element = value.text if isinstance(value, Repeated) else value
    return element


def numbered(datatype: str, number: int) -> Element:
    """An element of the datatype made from a whole number, which it holds exactly."""
    entry = DATATYPES[datatype]
    if entry.kind == "bool":
        return number % 2 == 1
    if entry.kind == "bytes":
        return f"t{number}"
    if entry.kind == "float":
        span = 1 << 7 if datatype == "BF16" else LARGEST_RAMP
        return float((number + span) % (2 * span) - span)
    low, high = int(entry.minimum or 0), int(entry.maximum or 0)
    return (number - low) % (high - low + 1) + low


def _random(datatype: str, chance: random.Random) -> Element:
    kind = DATATYPES[datatype].kind
    if kind == "bytes":
        return "".join(chance.choices(string.ascii_letters, k=chance.randrange(1, TEXT_LENGTH)))
    if kind == "float":
        return round_to(datatype, chance.uniform(-100, 100))
    return numbered(datatype, chance.randrange(1 << 63))


def distinct(elements: Sequence[Element], limit: int = 64) -> list[Element]:
    """The first distinct elements; -0.0 and 0.0, 1 and true are told apart."""
    return list({repr(each): each for each in elements}.values())[:limit]
