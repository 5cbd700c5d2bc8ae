"""Typed contents: the repeated fields of ``InferTensorContents``.

Source: ``open_inference_grpc.proto``, InferTensorContents; elements are flat and row-major.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.tensors import NUMPY, Tensor

FIELDS: dict[str, str] = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
"""Data type -> field; FP16 has none and travels raw only."""


def filled_fields(contents: Any) -> list[str]:
    """Names of the fields that have elements."""
    return [field.name for field, _ in contents.ListFields()]


def decode_typed(name: str, datatype: str, shape: list[int], contents: Any) -> Tensor:
    """The tensor that typed contents hold.

    Raises:
        Refusal: elements in another field than the data type's own, a wrong number of them, or one out of range.
    """
    own = FIELDS.get(datatype)
    if own is None:
        raise Refusal(f"input {name!r}: {datatype} has no typed contents, send it in raw_input_contents")
    others = [field for field in filled_fields(contents) if field != own]
    if others:
        raise Refusal(f"input {name!r}: elements of {datatype} belong in {own}, not in {others[0]}")
    elements = list(getattr(contents, own))
    if len(elements) != math.prod(shape):
        raise Refusal(f"input {name!r}: shape {shape} needs {math.prod(shape)} elements, {own} has {len(elements)}")
    return typed_tensor(name, datatype, shape, elements)


def typed_tensor(name: str, datatype: str, shape: list[int], elements: list[Any]) -> Tensor:
    """``elements`` as a tensor; raises Refusal if an integer is outside the range of a narrower data type."""
    if datatype == "BYTES":
        values = np.empty(len(elements), dtype=object)
        values[:] = elements
        return Tensor(name, datatype, tuple(shape), values)
    kind = NUMPY[datatype]
    if elements and issubclass(kind, np.integer):
        limits = np.iinfo(kind)
        if min(elements) < limits.min or max(elements) > limits.max:
            raise Refusal(f"input {name!r}: an element is outside the range of {datatype}")
    return Tensor(name, datatype, tuple(shape), np.array(elements, dtype=kind))


def encode_typed(tensor: Tensor, contents: Any) -> None:
    """Fill ``contents`` with the elements of ``tensor``; the reverse of :func:`decode_typed`."""
    # Present although empty, so that a tensor without elements also says in which form it came.
    contents.SetInParent()
    elements = [bytes(each) for each in tensor.values] if tensor.datatype == "BYTES" else tensor.values.tolist()
    getattr(contents, FIELDS[tensor.datatype]).extend(elements)
