"""What a JSON text would cost to hold, and how deep it is nested: told in one pass, before anything is built of it.

No regular expression and no loop over characters: whole pieces of the text are counted at once, and each byte is looked
at once, so sixteen megabytes of whatever kind take a fraction of a second and a few megabytes of memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

PIECE = 1 << 18
# Bytes that CPython takes for each: a place in a list and the number in it, an empty text, a list, an object.
_VALUE, _TEXT, _LIST, _OBJECT = 40, 56, 96, 240

Mask = NDArray[np.bool_]


@dataclass(slots=True)
class Scan:
    """What was counted up to the end of the first value.

    Attributes:
        depth: the deepest nesting.
        values: how many there are at least: what commas stand between, and one.
        cost: an estimate of the bytes that they take in memory; texts without their characters.
    """

    depth: int = 0
    values: int = 1
    cost: int = 0


@dataclass(slots=True)
class _State:
    """What one piece of the text leaves to the next."""

    depth: int = 0
    in_text: bool = False
    escaped: bool = False


def scan(text: bytes, start: int = 0) -> Scan:
    """Count what stands in the JSON value that begins at ``start``; what follows its end is not looked at."""
    found, state = Scan(), _State()
    if text[start : start + 1] not in (b"[", b"{"):
        return found
    whole = np.frombuffer(text, np.uint8)
    for begin in range(start, len(text), PIECE):
        if _piece(whole[begin : begin + PIECE], found, state):
            break
    return found


def _piece(data: NDArray[np.uint8], found: Scan, state: _State) -> bool:
    """Count one piece; whether the value ended in it."""
    marks = (data == 0x22) & ~_escaped(data, state)
    inside = (np.cumsum(marks, dtype=np.uint8) & 1).astype(bool) ^ state.in_text
    state.in_text = bool(inside[-1])
    plain = np.where(inside, np.uint8(0), data)
    lists, objects = plain == 0x5B, plain == 0x7B
    opens, closes = lists | objects, (plain == 0x5D) | (plain == 0x7D)
    depths = np.cumsum(opens.astype(np.int8) - closes.astype(np.int8), dtype=np.int32) + state.depth
    state.depth = int(depths[-1])
    ends = np.flatnonzero(closes & (depths <= 0))
    until = int(ends[0]) + 1 if ends.size else len(data)
    found.depth = max(found.depth, int(depths[:until].max()))
    commas = _count(plain[:until] == 0x2C)
    found.values += commas
    found.cost += (commas + _count(opens[:until])) * _VALUE + _count(marks[:until]) // 2 * _TEXT
    found.cost += _count(lists[:until]) * _LIST + _count(objects[:until]) * _OBJECT
    return bool(ends.size)


def _escaped(data: NDArray[np.uint8], state: _State) -> Mask:
    """Where a character stands behind a backslash that is not behind one itself."""
    found = np.zeros(len(data), bool)
    slashes = data == 0x5C
    if state.escaped:
        found[0], slashes[0], state.escaped = True, False, False
    places = np.flatnonzero(slashes)
    if not places.size:
        return found
    first = np.ones(len(places), bool)
    first[1:] = np.diff(places) != 1
    runs = np.maximum.accumulate(np.where(first, places, 0))
    escaping = places[(places - runs) % 2 == 0]
    state.escaped = bool(escaping[-1] == len(data) - 1)
    found[escaping[escaping < len(data) - 1] + 1] = True
    return found


def _count(mask: Any) -> int:  # noqa: ANN401 -- an array of booleans
    return int(np.count_nonzero(mask))
