"""Valid requests with other members: what the protocol permits, in the bytes that a client would send."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from itertools import cycle, islice
from typing import Any

from harness.wire.messages import InferRequest, TensorMetadata
from harness.wire.tensor import Tensor
from harness.wire.varied import merged, vary, wished

_PLACE = "art15-place-of-a-parameter"
# Elements of an input that only goes along with the one that matters.
_MOST_BESIDE = 100_000


def with_members(request: InferRequest, *, of_inputs: Mapping[str, Any] | None = None, **members: object) -> bytes:
    """The request with members set at top level and, with ``of_inputs``, on each input.

    Parameters come beside those that are there, and outputs asked for keep what was said of them.
    """
    value = merged(request.to_value(), members)
    outputs = members.get("outputs")
    if isinstance(outputs, list):
        value["outputs"] = [wished(request, each) if isinstance(each, dict) else each for each in outputs]
    if of_inputs:
        value["inputs"] = [merged(entry, of_inputs) for entry in value["inputs"]]
    return encoded(value)


def with_data(request: InferRequest, data: object, **members: object) -> bytes:
    """The request with other ``data`` (any JSON value) and other members in its first input."""
    value = request.to_value()
    value["inputs"][0] = {**value["inputs"][0], "data": data, **members}
    return encoded(value)


def with_parameter_text(plain: bytes, text: bytes) -> bytes:
    """The body with a parameter whose JSON text is ``text``, which may be no JSON."""
    value = json.loads(plain)
    parameters = {**(value.pop("parameters", None) or {}), "art15": _PLACE}
    return encoded({"parameters": parameters, **value}).replace(f'"{_PLACE}"'.encode(), text, 1)


def with_elements(
    request: InferRequest, name: str, elements: tuple[Any, ...], declared: Sequence[TensorMetadata] = ()
) -> InferRequest:
    """The request with other elements in one input of variable length, whose shape follows; the rest is cut to fit.

    Where a row has several elements, the last row is filled up with the first of them, and so is an input of a fixed
    number of rows; it takes no more than these. Inputs whose first dimension
    varies usually share their length, so all of them take the new one. What metadata declare as fixed stays as it is,
    and so does an input that would become very large.
    """
    shapes = {each.name: each.shape for each in declared}
    row = tuple(max(size, 1) for size in shapes.get(name, ())[1:])
    rows = shapes.get(name, ())[:1]
    count = -(-len(elements) // math.prod(row)) if rows in ((), (-1,)) else rows[0]
    inputs = []
    for tensor in request.inputs:
        if tensor.name == name:
            shape = (count, *(row or (1 for _ in tensor.shape[1:])))
            filled = tuple(islice(cycle(elements), math.prod(shape)))
            inputs.append(Tensor(tensor.name, tensor.datatype, shape, filled))
        else:
            fixed = shapes.get(tensor.name, (-1,))[:1] != (-1,)
            inputs.append(tensor if fixed else _as_long(tensor, count))
    return vary(request, inputs=inputs)


def carried(request: InferRequest, name: str) -> tuple[Any, ...]:
    """The elements of an input."""
    return next(each.elements for each in request.inputs if each.name == name)


def _as_long(tensor: Tensor, count: int) -> Tensor:
    shape = (count, *tensor.shape[1:])
    if not tensor.shape or not tensor.elements or math.prod(shape) > _MOST_BESIDE:
        return tensor
    filled = tuple(islice(cycle(tensor.elements), math.prod(shape)))
    return Tensor(tensor.name, tensor.datatype, shape, filled)


def encoded(value: object) -> bytes:
    """Compact UTF-8 JSON; NaN is written as the token, for the checks that are about it.

    Raises:
        UnicodeEncodeError: a text has a lone surrogate, which UTF-8 cannot hold.
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
