"""Replies that have too much or too little data, or have it in both forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.faults.grpc_hold import MANY, TEXTS, bytes_out, raw_replies
from harness.reference.faults.registry import Install, fault
from harness.reference.grpc.contents import filled_fields
from harness.reference.hooks import Hooks
from harness.reference.messages import Call

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


@fault(
    "grpc-remembers-last-id",
    "GRPC-INFER-03",
    text="a reply to a request without id has the id of the one before",
    transport="grpc",
)
def remembers_last_id(hooks: Hooks) -> None:
    last = [""]

    def edit(_: Call, reply: Any) -> None:
        last[0] = reply.id = reply.id or last[0]

    hooks.grpc.on("infer")(edit)


@fault(
    "grpc-parameter-in-field-nine",
    "PARAM-05",
    text="replies have a parameter whose value is in a field of its own",
    transport="grpc",
)
def parameter_in_field_nine(hooks: Hooks) -> None:
    def edit(_: Call, reply: Any) -> None:
        reply.parameters["seconds"].MergeFromString(b"\x48\x01")  # field 9, the number 1

    hooks.grpc.on("infer")(edit)
