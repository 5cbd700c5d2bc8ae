"""Extension classification: the largest elements of an output, with their indices and labels.

Source: Triton ``extension_classification.md``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.tensors import Tensor

Classify = Callable[[Tensor, int, Sequence[str]], Tensor]
"""``(output, how many classes, labels or none) -> BYTES tensor``."""


def wanted_classes(parameters: Mapping[str, Any]) -> int | None:
    """The output parameter ``classification``; raises Refusal if it is no number from 1."""
    if "classification" not in parameters:
        return None
    count = parameters["classification"]
    if type(count) is not int or count < 1:
        raise Refusal("the parameter classification is no integer from 1")
    return count


def classify(output: Tensor, count: int, labels: Sequence[str] = ()) -> Tensor:
    """``value:index`` or ``value:index:label`` of the ``count`` largest elements, largest first.

    An output of one dimension is one classification; of more, each row is one, and its index runs over the flat row.
    Equal elements stand in the order of their indices; of fewer elements than ``count``, all are returned.

    Raises:
        Refusal: a BYTES output has no largest element.
    """
    if output.datatype == "BYTES":
        raise Refusal(f"output {output.name!r} is BYTES and cannot be classified")
    rows = output.shape[0] if len(output.shape) > 1 else 1
    width = math.prod(output.shape[1:]) if len(output.shape) > 1 else output.count
    table = output.values.reshape((rows, width))
    kept = min(count, width)
    found = np.empty(rows * kept, dtype=object)
    found[:] = [
        ":".join([str(row[index]), str(index), *labels[index : index + 1]]).encode()
        for row in table
        for index in _largest_first(row)[:kept]
    ]
    return Tensor(output.name, "BYTES", (rows, kept) if len(output.shape) > 1 else (kept,), found)


def _largest_first(row: Any) -> list[int]:
    """Indices by falling value; not-a-number last."""
    # Python's numbers: negating an unsigned or boolean numpy value would wrap or fail.
    keys = [(each != each, 0 if each != each else -each) for each in row.tolist()]  # noqa: PLR0124 - only NaN is unequal
    return sorted(range(len(keys)), key=keys.__getitem__)
