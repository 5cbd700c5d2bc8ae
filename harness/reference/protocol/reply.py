"""From output tensors to a reply document."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.jsonwrite import Lexeme
from harness.reference.protocol.tensors import Tensor

Spell = Callable[[Tensor, list[Any]], list[Any]]
"""``(output, spelled elements) -> spelled elements``: what a fault or variant makes of the elements of a reply."""


def spelled(output: Tensor) -> list[Any]:
    """The elements as JSON values; numbers as the shortest text that reads back to the same value of their type.

    Raises:
        Refusal: NaN or infinity (JSON has no number for them), or BYTES that are no UTF-8 text.
    """
    if output.datatype == "BOOL":
        return [bool(each) for each in output.values]
    if output.datatype == "BYTES":
        try:
            return [bytes(each).decode("utf-8") for each in output.values]
        except UnicodeDecodeError as error:
            raise Refusal(f"output {output.name!r} is no UTF-8 text", kind="values", status=500) from error
    if output.datatype.startswith("FP") and not np.isfinite(output.values).all():
        raise Refusal(f"output {output.name!r} holds a value that JSON cannot express", kind="values")
    return [Lexeme(each) for each in map(str, output.values)]


def nest(elements: list[Any], shape: tuple[int, ...]) -> list[Any]:
    """Row-major ``elements`` as nested lists of ``shape``."""
    if len(shape) < 2:
        return elements
    step = math.prod(shape[1:])
    return [nest(elements[row * step : (row + 1) * step], shape[1:]) for row in range(shape[0])]


def output_document(output: Tensor, spells: list[Spell], *, nested: bool = False) -> dict[str, Any]:
    """One entry of ``outputs``."""
    elements = spelled(output)
    for spell in spells:
        elements = spell(output, elements)
    return {
        "name": output.name,
        "datatype": output.datatype,
        "shape": list(output.shape),
        "data": nest(elements, output.shape) if nested else elements,
    }
