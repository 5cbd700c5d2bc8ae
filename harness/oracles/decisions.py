"""What an answer decides: the class of each row, or the label; and where another answer decides otherwise.

A text, a whole number and a truth value are labels. Floats are a decision where each row is a distribution over two
or more classes: then it is the class with the largest share. Any other float decides nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from harness.wire.datatypes import DATATYPES
from harness.wire.tensor import Tensor

# Shares of a distribution that was rounded to half precision add up to 1 so nearly.
SUM_TOLERANCE = 5e-3

Outputs = Mapping[str, Tensor]


def deciding(outputs: Outputs) -> list[str]:
    """Names of the outputs that are decisions."""
    return [name for name, tensor in outputs.items() if _labels(tensor) or _is_distribution(tensor)]


def other_decision(found: Outputs, due: Outputs, names: Sequence[str]) -> str | None:
    """The first decision of an answer that is not the one that is due, in words; None if there is none.

    Args:
        names: of the outputs that are decisions in ``due``.
    """
    for name in names:
        if name not in found:
            return f"output {name!r} is missing"
        one, other = _decided(due[name], due[name]), _decided(found[name], due[name])
        if len(one) != len(other):
            return f"output {name!r}: {len(one)} decisions against {len(other)}"
        for place, (first, second) in enumerate(zip(one, other, strict=True)):
            if first != second:
                return f"output {name!r}, decision {place}: {first!r} against {second!r}"
    return None


def _decided(tensor: Tensor, due: Tensor) -> Sequence[object]:
    """The decisions of a tensor, taken as the one that is due is taken."""
    if _labels(due):
        return [each.encode("utf-8", "surrogatepass") if isinstance(each, str) else each for each in tensor.elements]
    return [max(range(len(row)), key=row.__getitem__) for row in _rows(tensor, due.shape[-1])]


def _labels(tensor: Tensor) -> bool:
    return tensor.datatype in DATATYPES and DATATYPES[tensor.datatype].kind != "float"


def _is_distribution(tensor: Tensor) -> bool:
    width = tensor.shape[-1] if tensor.shape else 0
    if width < 2 or not tensor.elements or len(tensor.elements) % width:
        return False
    return all(
        all(0 <= each <= 1 for each in row) and math.isclose(sum(row), 1, abs_tol=SUM_TOLERANCE)
        for row in _rows(tensor, width)
    )


def _rows(tensor: Tensor, width: int) -> Iterator[list[float]]:
    """Rows of numbers; what is none is not a number."""
    numbers = [
        float(each) if isinstance(each, int | float) and not isinstance(each, bool) else math.nan
        for each in tensor.elements
    ]
    for begin in range(0, len(numbers), width):
        yield numbers[begin : begin + width]
