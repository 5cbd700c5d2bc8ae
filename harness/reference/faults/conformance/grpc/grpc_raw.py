"""Seeded faults that the checks of ``suites/conformance/grpc/test_grpc_raw.py`` find."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from harness.reference.faults.kit.grpc_raw import MANY, NUMBERS, TEXTS, bytes_in, bytes_out, raw_replies, raw_requests
from harness.reference.faults.kit.grpc_values import raw_only, through_double
from harness.reference.faults.registry import Install, fault
from harness.reference.grpc.contents import filled_fields
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.raw import element_size
from harness.reference.protocol.tensors import NUMPY, Tensor

fault(
    "grpc-int64-through-double-when-raw",
    "GRPC-INFER-07",
    "GRPC-RAW-02",
    text="INT64 goes through double precision in raw replies only",
    models=("echo-int64",),
    transport="grpc",
)(raw_only(through_double, "INT64"))


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


fault("grpc-raw-padded", "GRPC-RAW-02", "GRPC-RAW-05", text="raw outputs are padded to 64 bytes", transport="grpc")(
    bytes_out(lambda _, data: data + bytes(-len(data) % 64))
)

fault(
    "grpc-reply-raw-entry-missing",
    "GRPC-RAW-05",
    text="raw replies lack the entry of the last output",
    models=MANY,
    transport="grpc",
)(raw_replies(lambda reply: reply.raw_output_contents.__delitem__(slice(max(1, len(reply.outputs) - 1), None))))

fault("grpc-reply-raw-surplus", "GRPC-RAW-05", text="raw replies have an entry too many", transport="grpc")(
    raw_replies(lambda reply: reply.raw_output_contents.append(reply.raw_output_contents[0]))
)

fault("grpc-reply-raw-short", "GRPC-RAW-05", text="raw outputs lack their last byte", transport="grpc")(
    bytes_out(lambda _, data: data[:-1])
)

fault(
    "grpc-reply-raw-bytes-count",
    "GRPC-RAW-05",
    text="raw BYTES outputs have one element more",
    models=TEXTS,
    transport="grpc",
)(bytes_out(lambda tensor, data: data + bytes(4) if tensor.datatype == "BYTES" else data))


def _first_typed(hooks: Hooks, reply: Any) -> None:
    """The first output typed, the others raw."""
    output, data = reply.outputs[0], reply.raw_output_contents[0]
    if output.datatype == "FP16" or len(reply.outputs) < 2:
        return
    tensor = hooks.grpc.decode_raw(output.name, output.datatype, list(output.shape), data)
    hooks.grpc.encode_typed(tensor, output.contents)
    del reply.raw_output_contents[0]


def _also_typed(hooks: Hooks, reply: Any) -> None:
    """Every output in both forms."""
    for output, data in zip(reply.outputs, reply.raw_output_contents, strict=True):
        if output.datatype != "FP16":
            tensor = hooks.grpc.decode_raw(output.name, output.datatype, list(output.shape), data)
            hooks.grpc.encode_typed(tensor, output.contents)


fault(
    "grpc-reply-forms-mixed",
    "GRPC-RAW-05",
    text="the first output is typed and the others are raw",
    models=MANY,
    transport="grpc",
)(lambda hooks: raw_replies(lambda reply: _first_typed(hooks, reply))(hooks))

fault("grpc-reply-both-forms", "GRPC-RAW-05", text="raw replies have their outputs typed as well", transport="grpc")(
    lambda hooks: raw_replies(lambda reply: _also_typed(hooks, reply))(hooks)
)


def _typed_reply(change: Callable[[Any], Any]) -> Install:
    """Edit the contents of every output of a typed reply."""

    def edit(_: Call, reply: Any) -> None:
        for output in reply.outputs if not reply.raw_output_contents else ():
            change(output.contents)

    return lambda hooks: hooks.grpc.on("infer")(edit)


def _one_more(contents: Any) -> None:
    for field in filled_fields(contents):
        getattr(contents, field).append(getattr(contents, field)[-1])


fault("grpc-reply-typed-surplus", "GRPC-RAW-05", text="typed outputs have their last element twice", transport="grpc")(
    _typed_reply(_one_more)
)

fault("grpc-reply-without-data", "GRPC-RAW-05", text="typed outputs have no contents", transport="grpc")(
    _typed_reply(lambda contents: contents.Clear())
)
