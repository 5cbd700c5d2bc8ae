"""The same values under a datatype that the model does not declare, or in another spelling of numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor
from harness.wire.varied import vary

# By kind of the declared datatype, which ones it is mistaken for.
_OTHERS = {
    "float": ("INT32", "INT64", "FP64", "FP32", "BYTES"),
    "int": ("FP32", "INT64", "INT32", "UINT8", "BYTES"),
    "uint": ("FP32", "INT64", "INT32", "BYTES"),
    "bool": ("INT8", "UINT8", "INT64"),
}
# Above the largest number of a datatype, and below that of the next.
BEYOND = {"FP16": 1e6, "FP32": 1e39}


@dataclass(frozen=True, slots=True)
class Neighbours:
    """A request of small whole numbers in the declared datatype, and what is like it.

    Attributes:
        declared: the values in the datatype of the model.
        zeros: zeros in it.
        others: by the datatype that the request says, the same values.
        literals: whole numbers without a fraction for a float; None for other kinds.
        beyond: a number in the first place that the datatype cannot hold; None where none is asked.
    """

    declared: InferRequest
    zeros: InferRequest
    others: dict[str, InferRequest]
    literals: InferRequest | None
    beyond: InferRequest | None


def neighbours(base: InferRequest) -> Neighbours | None:
    """What is like the first input of a request that has elements; None for texts."""
    place = next((n for n, tensor in enumerate(base.inputs) if tensor.elements), None)
    if place is None or base.inputs[place].datatype not in DATATYPES:
        return None
    tensor = base.inputs[place]
    kind = DATATYPES[tensor.datatype].kind
    if kind not in _OTHERS:
        return None
    values = [(n % 2 if kind == "bool" else 1 + n % 3) for n in range(1, len(tensor.elements) + 1)]

    def made(datatype: str, elements: Iterator[Any]) -> InferRequest:
        other = Tensor(tensor.name, datatype, tensor.shape, tuple(elements), tensor.parameters)
        return vary(base, inputs=[other if n == place else each for n, each in enumerate(base.inputs)])

    beyond = BEYOND.get(tensor.datatype)
    return Neighbours(
        declared=made(tensor.datatype, (_spelled(tensor.datatype, each) for each in values)),
        zeros=made(tensor.datatype, (_spelled(tensor.datatype, 0) for _ in values)),
        others={
            other: made(other, (_spelled(other, each) for each in values))
            for other in _OTHERS[kind]
            if other != tensor.datatype
        },
        literals=made(tensor.datatype, iter(values)) if kind == "float" else None,
        beyond=None if beyond is None else made(tensor.datatype, iter([beyond, *map(float, values[1:])])),
    )


def _spelled(datatype: str, value: int) -> bool | int | float | str:
    """A small whole number as elements of a datatype usually are: some servers take no 1 for 1.0."""
    kind = DATATYPES[datatype].kind
    if kind == "bytes":
        return f"{value:.1f}"
    return {"bool": bool, "float": float}.get(kind, int)(value)


def as_numbers(outputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Outputs with texts that are numbers read as such: a model that gives texts back has kept what they say."""
    return {name: replace(each, elements=tuple(map(_number, each.elements))) for name, each in outputs.items()}


def _number(element: object) -> object:
    if isinstance(element, bool):
        return int(element)
    try:
        return float(element) if isinstance(element, str | bytes) else element
    except ValueError:
        return element
