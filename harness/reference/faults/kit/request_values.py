"""Helpers for faults of valid inputs at the edge of their types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.faults.registry import Install

Elements = Callable[[str, list[Any]], list[Any]]
# Smallest normal and largest number.
_TINY = {"FP16": 2.0**-14, "FP32": 2.0**-126, "FP64": 2.0**-1022}


BIDI = dict.fromkeys([0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def change_elements(change: Elements, *datatypes: str) -> Install:
    """Change the elements of inputs that travel as JSON."""

    def edit(_: str, datatype: str, flat: list[Any]) -> list[Any]:
        return change(datatype, flat) if not datatypes or datatype in datatypes else flat

    return lambda hooks: hooks.elements.append(edit)


def change_numbers(change: Callable[[str, Any], Any], *datatypes: str) -> Install:
    def edit(datatype: str, flat: list[Any]) -> list[Any]:
        return [change(datatype, each) if type(each) in (int, float) else each for each in flat]

    return change_elements(edit, *datatypes)


def is_denormal(datatype: str, value: float) -> bool:
    try:
        return 0 < abs(value) < _TINY[datatype]
    except OverflowError:
        return False
