"""Extension binary_tensor_data: bytes after the JSON of a REST body.

Source: Triton ``extension_binary_data.md``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from harness.reference.messages import Carried, Reply
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.raw import decode_raw, element_size
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Spec, Tensor

HEADER = "inference-header-content-length"
# No more digits than any length has: int() of thousands of them would be slow, or refused by the interpreter.
_LENGTH = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Frame:
    """A body, taken apart: the JSON, the bytes behind it, and whether the header said where they begin."""

    document: bytes
    tail: bytes = b""
    announced: bool = False

    @property
    def raw(self) -> bool:
        """Whether the body is nothing but the data of the only input."""
        return self.announced and not self.document


def split_body(body: bytes, header: str | None) -> Frame:
    """Take ``body`` apart at the length that ``header`` gives.

    Raises:
        Refusal: the header is no number, or larger than the body.
    """
    if header is None:
        return Frame(body)
    if not _LENGTH.fullmatch(header):
        raise Refusal("Inference-Header-Content-Length is no length")
    length = int(header)
    if length > len(body):
        raise Refusal(f"Inference-Header-Content-Length is {length}, the body has {len(body)} bytes")
    return Frame(body[:length], body[length:], announced=True)


class Parts:
    """Which bytes behind the JSON belong to which input: those of the binary inputs, in the order of ``inputs``.

    Raises:
        Refusal: a size that is none, stands beside data, has no header, or does not add up with the others.
    """

    def __init__(self, document: Any, frame: Frame) -> None:
        entries = document.get("inputs") if isinstance(document, dict) else None
        sizes = [_size(entry) for entry in entries] if isinstance(entries, list) else []
        total = sum(size or 0 for size in sizes)
        if any(size is not None for size in sizes) and not frame.announced:
            raise Refusal("inputs are announced as binary, and the header Inference-Header-Content-Length is missing")
        if total != len(frame.tail):
            raise Refusal(f"the binary inputs announce {total} bytes, {len(frame.tail)} follow the JSON")
        ends = list(accumulate(size or 0 for size in sizes))
        self._parts = [
            None if size is None else frame.tail[end - size : end] for size, end in zip(sizes, ends, strict=True)
        ]

    def of(self, index: int) -> bytes | None:
        """The bytes of the input at ``index``; None if it has none."""
        return self._parts[index] if index < len(self._parts) else None


def _size(entry: Any) -> int | None:
    parameters = entry.get("parameters") if isinstance(entry, dict) else None
    if not isinstance(parameters, dict) or "binary_data_size" not in parameters:
        return None
    size = parameters["binary_data_size"]
    if type(size) is not int or size < 0:
        raise Refusal("binary_data_size is no number of bytes")
    if "data" in entry:
        raise Refusal("an input has both data and binary_data_size")
    return size


def raw_request(data: bytes, inputs: tuple[Spec, ...]) -> InferRequest:
    """The request that a body without JSON makes: ``data`` is the only input, every output is wanted in binary.

    One dimension may be variable and follows from the number of bytes; of more, the leading one is a batch of one.

    Raises:
        Refusal: the model has more inputs, the bytes do not fit, or the shape does not follow from their number.
    """
    if len(inputs) != 1:
        raise Refusal(f"a raw binary request needs a model with one input, this one has {len(inputs)}")
    spec = inputs[0]
    tensor = _only_text(spec, data) if spec.datatype == "BYTES" else _only_numbers(spec, data)
    return InferRequest(None, {spec.name: tensor}, None, {"binary_data_output": True})


def _only_text(spec: Spec, data: bytes) -> Tensor:
    shape = tuple(abs(size) for size in spec.shape)
    if math.prod(shape) != 1:
        raise Refusal(f"a raw binary request is one BYTES element, input {spec.name!r} has {math.prod(shape)}")
    values = np.empty(1, dtype=object)
    values[0] = data
    return Tensor(spec.name, "BYTES", shape, values)


def _only_numbers(spec: Spec, data: bytes) -> Tensor:
    shape = list(spec.shape)
    if shape.count(-1) > 1:
        shape[shape.index(-1)] = 1
    if shape.count(-1) > 1:
        raise Refusal(f"the shape of input {spec.name!r} does not follow from a number of bytes")
    if -1 in shape:
        others = element_size(spec.datatype) * -math.prod(shape)
        shape[shape.index(-1)] = len(data) // max(others, 1)
    return decode_raw(spec.name, spec.datatype, shape, data)


def check_wishes(request: InferRequest) -> None:
    """Raises Refusal where binary outputs are asked for with anything but true and false."""
    wishes = [request.parameters.get("binary_data_output", False)]
    wishes += [own.get("binary_data", False) for own in request.output_parameters.values()]
    if not all(isinstance(wish, bool) for wish in wishes):
        raise Refusal("binary_data and binary_data_output are true or false")


def wanted_binary(request: InferRequest, name: str) -> bool:
    """Whether output ``name`` is to come as bytes: its own setting, else that of the request."""
    general = request.parameters.get("binary_data_output", False)
    return bool(request.output_parameters.get(name, {}).get("binary_data", general))


def place(reply: Reply) -> None:
    """Put what is said of the carried outputs into their entries, in place of the data.

    Last of all edits of the document, so that none of them meets an output without data.
    """
    outputs = reply.document.get("outputs") if isinstance(reply.document, dict) else None
    entries = [each for each in outputs if isinstance(each, dict)] if isinstance(outputs, list) else []
    found = {str(each.get("name")): each for each in entries}
    reply.carried = {name: each for name, each in reply.carried.items() if name in found}
    for entry in entries:
        carried = reply.carried.get(str(entry.get("name")))
        if carried is not None:
            entry.pop("data", None)
            entry["parameters"] = {**(entry.get("parameters") or {}), **carried.parameters}


def parts_of(reply: Reply) -> list[bytes] | None:
    """The bytes behind the JSON, in the order of the outputs; None if no output is binary."""
    binary = {name: each.part for name, each in reply.carried.items() if each.part is not None}
    if not binary:
        return None
    names = [str(each.get("name")) for each in reply.document["outputs"] if isinstance(each, dict)]
    return [binary[name] for name in names if name in binary]


def carried(part: bytes) -> Carried:
    """An output of these bytes."""
    return Carried({"binary_data_size": len(part)}, part)
