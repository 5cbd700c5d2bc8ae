"""Different requests of one shape, made from one that a model has accepted.

Only values change, and only to values of the kind that was accepted, so that the model has no reason to refuse: other
numbers of the same size, the same texts in another order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from random import Random
from typing import Any

from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor, product
from harness.wire.varied import vary

SCALES = (1.0, 1.0, 8.0, 0.125, 1.0, 64.0)
# What is added for the number of a request stays below 1.
MOST_NUMBERS = 4096
# Elements of a tensor that change.
VARIED = 1 << 16
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def distinct(base: InferRequest, count: int) -> Iterator[InferRequest]:
    """Up to ``count`` requests with different values, the accepted one first."""
    # Their hashes: of large tensors the elements themselves would be held.
    seen: set[int] = set()

    def new(number: int) -> InferRequest | None:
        inputs = tuple(_varied(tensor, number, place) for place, tensor in enumerate(base.inputs))
        key = hash(tuple(tensor.elements for tensor in inputs))
        if key in seen:
            return None
        seen.add(key)
        return vary(base, inputs=inputs)

    # Small data types run out of values: BOOL [1] has two of them. No generator: its frame would hold the last one.
    return islice(filter(None, map(new, range(4 * count))), count)


def drawn(bases: Sequence[InferRequest], draw: Random) -> Iterator[InferRequest]:
    """Requests without end, each drawn by itself: one of the bases, every input of it with other values."""
    while True:
        base = draw.choice(bases)
        yield vary(base, inputs=tuple(_varied(each, draw.randrange(MOST_NUMBERS), 0) for each in base.inputs))


def pool_of_rows(base: InferRequest, count: int) -> list[InferRequest]:
    """Up to ``count`` different requests of one row each; empty where an input has no leading dimension."""
    if any(not tensor.shape or tensor.shape[0] < 1 for tensor in base.inputs):
        return []
    singles = tuple(
        replace(tensor, shape=(1, *tensor.shape[1:]), elements=tensor.elements[: product(tensor.shape[1:])])
        for tensor in base.inputs
    )
    return list(distinct(vary(base, inputs=singles), count))


def joined(rows: list[InferRequest]) -> InferRequest:
    """One batch of single rows, in their order."""
    first = rows[0]
    inputs = tuple(
        replace(
            tensor,
            shape=(len(rows), *tensor.shape[1:]),
            elements=tuple(element for row in rows for element in row.inputs[place].elements),
        )
        for place, tensor in enumerate(first.inputs)
    )
    return vary(first, inputs=inputs)


def _varied(tensor: Tensor, number: int, place: int) -> Tensor:
    if number == 0 or tensor.datatype not in DATATYPES:
        return tensor
    kind = DATATYPES[tensor.datatype].kind
    # Of a large tensor the first elements change; the others are the very same objects.
    rest = tensor.elements[VARIED:]
    elements = [
        _other(kind, element, number, index + 3 * place) for index, element in enumerate(tensor.elements[:VARIED])
    ]
    if tensor.datatype in ("FP32", "FP64"):
        # More than half precision holds: a value that was rounded on its way is another one.
        elements = [element + number / 4096 if abs(element) < 64 else element for element in elements]
    if number % 4 == 3 and len(elements) > 2:
        # A cache that looks at shape and ends only is seen to.
        elements[0], elements[-1] = tensor.elements[0], tensor.elements[-1] if not rest else elements[-1]
    return replace(tensor, elements=(*elements, *rest))


def _other(kind: str, element: Any, number: int, index: int) -> Any:  # noqa: ANN401 -- an element of any data type
    """Another value near ``element``; where it stands and ``number`` say which."""
    if kind == "bool":
        return bool((int(element) + (number >> (index % 8))) % 2)
    if kind in ("int", "uint"):
        # Near zero, where indices and codes are valid if they are anywhere.
        return (int(element) + number * (1 + index % 3)) % 11 if 0 <= element < 11 else element - number % 5
    if kind == "float":
        if abs(element) >= 64:
            return element
        # Binary fractions: the same in every precision, and in JSON. Several sizes: models differ in what is large.
        return (float(element) + ((number * (3 + index % 4)) % 16 - 4) / 4) * SCALES[number % len(SCALES)]
    return LETTERS[(number * (1 + index % 5)) % 26] + (element if isinstance(element, str) else "")
