"""Raw requests: entries assigned, counted, measured or laid out wrongly."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from harness.reference.faults.grpc_hold import NUMBERS, TEXTS, both, bytes_in, bytes_out, raw_requests
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.raw import element_size, split_elements
from harness.reference.protocol.tensors import NUMPY, Tensor


@fault(
    "grpc-raw-in-model-order",
    "GRPC-RAW-01",
    text="raw entries go to the inputs in the model's order",
    models=("pair",),
    transport="grpc",
)
def raw_in_model_order(hooks: Hooks) -> None:
    def change(request: Any) -> None:
        order = sorted(range(len(request.inputs)), key=lambda index: request.inputs[index].name)
        entries = list(request.raw_input_contents)
        if len(entries) == len(order):
            request.raw_input_contents[:] = [entries[order.index(index)] for index in range(len(order))]

    raw_requests(change)(hooks)


def _refuse(words: str) -> Callable[[Any], None]:
    def change(_: Any) -> None:
        raise Refusal(words)

    return change


fault("grpc-raw-refused", "GRPC-RAW-01", "GRPC-RAW-02", text="raw_input_contents is not supported", transport="grpc")(
    raw_requests(_refuse("raw_input_contents is not supported"))
)
fault(
    "grpc-raw-bool-four-bytes",
    "GRPC-RAW-02",
    text="a raw BOOL is wanted with four bytes",
    models=("echo-bool",),
    transport="grpc",
)(bytes_in(lambda datatype, _, data: data[::4] if datatype == "BOOL" else data))
fault(
    "grpc-raw-narrow-as-four-bytes",
    "GRPC-RAW-02",
    text="raw INT8 and UINT8 are wanted with four bytes each",
    models=("echo-int8", "echo-uint8"),
    transport="grpc",
)(bytes_in(lambda datatype, _, data: data[::4] if datatype in ("INT8", "UINT8") else data))


def _transposed(datatype: str, shape: list[int], data: bytes) -> bytes:
    if datatype not in NUMBERS or len(data) != math.prod(shape) * element_size(datatype):
        return data
    return np.frombuffer(data, NUMPY[datatype]).reshape(shape, order="F").tobytes()


fault(
    "grpc-raw-by-columns",
    "GRPC-RAW-02",
    text="raw inputs are read by columns",
    models=("matrix", "echo-grid"),
    transport="grpc",
)(bytes_in(_transposed))


def _mixture(kind: str) -> Install:
    return lambda hooks: setattr(hooks.grpc, "mixture", kind)


fault(
    "grpc-both-forms-accepted", "GRPC-RAW-03", text="an input with typed and raw contents is taken", transport="grpc"
)(_mixture("both"))
fault(
    "grpc-forms-mixed-accepted",
    "GRPC-RAW-03",
    text="one input may be typed and one raw",
    models=("pair",),
    transport="grpc",
)(_mixture("each"))
fault("grpc-raw-surplus-ignored", "GRPC-RAW-04", text="raw entries too many are ignored", transport="grpc")(
    raw_requests(lambda request: request.raw_input_contents.__delitem__(slice(len(request.inputs), None)))
)
fault(
    "grpc-raw-short-padded",
    "GRPC-RAW-04",
    text="raw entries that are too short are filled up with zeros",
    transport="grpc",
)(bytes_in(lambda datatype, shape, data: data + bytes(max(0, _size(datatype, shape) - len(data)))))
fault("grpc-raw-long-cut", "GRPC-RAW-04", text="raw entries that are too long are cut", transport="grpc")(
    bytes_in(lambda datatype, shape, data: data[: _size(datatype, shape)] if datatype != "BYTES" else data)
)


def _size(datatype: str, shape: list[int]) -> int:
    size = 4 if datatype == "BYTES" else element_size(datatype)
    return min(math.prod(shape) * size, 1_000_000)


@fault(
    "grpc-raw-too-few-remembered",
    "GRPC-RAW-04",
    text="a raw entry that is missing is that of before",
    models=("pair",),
    transport="grpc",
)
def raw_too_few_remembered(hooks: Hooks) -> None:
    last: list[bytes] = []

    def change(request: Any) -> None:
        missing = len(request.inputs) - len(request.raw_input_contents)
        if missing > 0 and len(last) == len(request.inputs):
            request.raw_input_contents.extend(last[-missing:])
        elif not missing:
            last[:] = request.raw_input_contents

    raw_requests(change)(hooks)


fault(
    "grpc-raw-bytes-prefix-as-data",
    "GRPC-RAW-06",
    text="raw BYTES come back with the length in them",
    models=TEXTS,
    transport="grpc",
)(lambda hooks: setattr(hooks.grpc, "decode_raw", _prefixed(hooks.grpc.decode_raw)))


def _prefixed(right: Callable[[str, str, list[int], bytes], Tensor]) -> Callable[[str, str, list[int], bytes], Tensor]:
    def decode(name: str, datatype: str, shape: list[int], data: bytes) -> Tensor:
        tensor = right(name, datatype, shape, data)
        if datatype != "BYTES":
            return tensor
        values = np.empty(len(tensor.values), dtype=object)
        values[:] = [len(each).to_bytes(4, "little") + each for each in tensor.values]
        return dataclasses.replace(tensor, values=values)

    return decode


fault(
    "grpc-raw-bytes-unprefixed",
    "GRPC-RAW-06",
    "GRPC-RAW-05",
    text="raw BYTES outputs have no lengths",
    models=TEXTS,
    transport="grpc",
)(bytes_out(lambda tensor, data: b"".join(tensor.values) if tensor.datatype == "BYTES" else data))


def _swapped(datatype: str, data: bytes) -> bytes:
    size = element_size(datatype)
    return data if len(data) % size else np.frombuffer(data, f"u{size}").byteswap().tobytes()


# An echo of raw bytes looks right: only a model that computes, or a reply in the other form, shows it.
fault(
    "grpc-raw-big-endian",
    "GRPC-RAW-07",
    "GRPC-RAW-02",
    text="raw numbers are big-endian both ways",
    models=("matrix", "digits"),
    transport="grpc",
)(
    both(
        bytes_in(lambda datatype, _, data: _swapped(datatype, data) if datatype in NUMBERS else data),
        bytes_out(lambda tensor, data: _swapped(tensor.datatype, data) if tensor.datatype in NUMBERS else data),
    )
)
fault(
    "grpc-raw-big-endian-replies",
    "GRPC-RAW-07",
    "GRPC-INFER-07",
    text="raw numbers are big-endian in replies",
    transport="grpc",
)(bytes_out(lambda tensor, data: _swapped(tensor.datatype, data) if tensor.datatype in NUMBERS else data))
fault(
    "grpc-raw-bytes-big-endian",
    "GRPC-RAW-07",
    "GRPC-RAW-06",
    text="lengths are big-endian",
    models=TEXTS,
    transport="grpc",
)(
    both(
        bytes_in(lambda datatype, _, data: _relength(data, "big", "little") if datatype == "BYTES" else data),
        bytes_out(lambda tensor, data: _relength(data, "little", "big") if tensor.datatype == "BYTES" else data),
    )
)


def _relength(data: bytes, old: Any, new: Any) -> bytes:
    """BYTES data with lengths in another byte order."""
    out, at = bytearray(), 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], old)
        if at + 4 + size > len(data):
            raise Refusal("a length leads past the end of the data")
        out += size.to_bytes(4, new) + data[at + 4 : at + 4 + size]
        at += 4 + size
    return bytes(out)


@fault(
    "grpc-raw-empty-entry-dropped",
    "GRPC-RAW-11",
    "GRPC-RAW-01",
    text="raw entries without bytes are skipped",
    transport="grpc",
)
def raw_empty_entry_dropped(hooks: Hooks) -> None:
    def change(request: Any) -> None:
        request.raw_input_contents[:] = [each for each in request.raw_input_contents if each]
        if not request.raw_input_contents:
            raise Refusal("raw_input_contents is empty")

    raw_requests(change)(hooks)


@fault(
    "grpc-raw-empty-becomes-one",
    "GRPC-RAW-11",
    text="a raw tensor without elements gets one",
    models=("echo-fp32",),
    transport="grpc",
)
def raw_empty_becomes_one(hooks: Hooks) -> None:
    def change(tensor: Tensor) -> Tensor:
        if tensor.shape != (0,) or tensor.datatype == "BYTES":
            return tensor
        return dataclasses.replace(tensor, shape=(1,), values=np.zeros(1, dtype=tensor.values.dtype))

    hooks.grpc.inputs.append(change)


fault(
    "grpc-raw-bool-inverted",
    "GRPC-RAW-12",
    "GRPC-RAW-02",
    text="a raw BOOL of 1 is false",
    models=("echo-bool",),
    transport="grpc",
)(bytes_in(lambda datatype, _, data: data.translate(b"\1\0" + bytes(range(2, 256))) if datatype == "BOOL" else data))
fault(
    "grpc-raw-bool-ff",
    "GRPC-RAW-12",
    text="true is the byte ff in raw replies",
    models=("echo-bool",),
    transport="grpc",
)(bytes_out(lambda tensor, data: data.replace(b"\1", b"\xff") if tensor.datatype == "BOOL" else data))


@fault(
    "grpc-raw-bytes-text-only",
    "GRPC-RAW-06",
    "GRPC-INFER-07",
    text="raw BYTES go through UTF-8",
    models=TEXTS[:1],
    transport="grpc",
)
def raw_bytes_text_only(hooks: Hooks) -> None:
    def change(datatype: str, _: list[int], data: bytes) -> bytes:
        if datatype != "BYTES":
            return data
        words = [each.decode("utf-8", "replace").encode() for each in split_elements("raw", data)]
        return b"".join(len(each).to_bytes(4, "little") + each for each in words)

    bytes_in(change)(hooks)
