"""Valid requests with other members: what the protocol permits, in the bytes that a client would send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import cycle, islice
from typing import Any

from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor
from harness.wire.varied import merged, vary, wished

_PLACE = "art15-place-of-a-parameter"


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


def with_elements(request: InferRequest, name: str, elements: tuple[Any, ...]) -> InferRequest:
    """The request with other elements in one input of rank one, whose shape follows; other inputs are cut to fit.

    Inputs of rank one usually share their length, so all of them take the new one.
    """
    count = len(elements)
    inputs = []
    for tensor in request.inputs:
        if tensor.name == name:
            inputs.append(Tensor(tensor.name, tensor.datatype, _shape(tensor, count), elements))
        else:
            filled = tuple(islice(cycle(tensor.elements), count))
            inputs.append(Tensor(tensor.name, tensor.datatype, _shape(tensor, count), filled))
    return vary(request, inputs=inputs)


def _shape(tensor: Tensor, count: int) -> tuple[int, ...]:
    return (count,) if len(tensor.shape) <= 1 else (count, *(1 for _ in tensor.shape[1:]))


def encoded(value: object) -> bytes:
    """Compact UTF-8 JSON; NaN is written as the token, for the checks that are about it.

    Raises:
        UnicodeEncodeError: a text has a lone surrogate, which UTF-8 cannot hold.
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
