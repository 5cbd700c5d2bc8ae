"""Seeded faults that the checks of ``suites/conformance/grpc/test_grpc_parameters.py`` find."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from harness.reference.faults.kit.grpc_messages import refuses
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.protocol.tensors import Tensor


def _parameters(request: Any) -> list[Any]:
    holders = (request, *request.inputs, *request.outputs)
    return [each for holder in holders for each in holder.parameters.values()]


def _kind(kind: str, value: object) -> Callable[[Any], bool]:
    """Whether a request has a parameter of that kind and value."""
    return lambda request: any(
        each.WhichOneof("parameter_choice") == kind and getattr(each, kind) == value for each in _parameters(request)
    )


fault(
    "grpc-parameter-empty-text-internal",
    "PARAM-06",
    text="an empty text as a parameter ends INTERNAL",
    transport="grpc",
)(refuses(_kind("string_param", ""), "INTERNAL", "string index out of range"))

fault(
    "grpc-parameter-false-unset", "PARAM-06", text="false and 0 as parameters are taken for no value", transport="grpc"
)(
    refuses(
        lambda request: _kind("bool_param", False)(request) or _kind("int64_param", 0)(request),
        "INVALID_ARGUMENT",
        "a parameter has no value",
    )
)

fault("grpc-parameters-of-inputs-refused", "PARAM-06", text="parameters of inputs are refused", transport="grpc")(
    refuses(
        lambda request: any(each.parameters for each in request.inputs), "INVALID_ARGUMENT", "unexpected parameters"
    )
)

fault(
    "grpc-parameters-of-outputs-refused",
    "PARAM-06",
    text="parameters of requested outputs are refused",
    transport="grpc",
)(
    refuses(
        lambda request: any(each.parameters for each in request.outputs), "INVALID_ARGUMENT", "unexpected parameters"
    )
)


@fault(
    "grpc-parameter-changes-answer",
    "PARAM-02",
    text="over gRPC, an unknown parameter doubles every output",
    transport="grpc",
)
def parameter_changes_answer(hooks: Hooks) -> None:
    def edit(call: Call, outputs: list[Tensor]) -> list[Tensor]:
        return [_doubled(each) for each in outputs] if call.request["parameters"] else outputs

    hooks.grpc.outputs.append(edit)


def _doubled(tensor: Tensor) -> Tensor:
    return dataclasses.replace(tensor, values=~tensor.values if tensor.datatype == "BOOL" else tensor.values * 2)


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


@fault(
    "grpc-uint64-parameter-changes-answer",
    "PARAM-02",
    text="over gRPC, a parameter of the kind uint64 on an input doubles every output",
    transport="grpc",
)
def uint64_parameter_changes_answer(hooks: Hooks) -> None:
    changed: list[bool] = []

    def look(_: Call, message: Any) -> None:
        found = (each.WhichOneof("parameter_choice") for entry in message.inputs for each in entry.parameters.values())
        changed[:] = [True] if "uint64_param" in found else []

    hooks.grpc.asked("infer")(look)
    hooks.grpc.outputs.append(lambda _, outputs: [_doubled(each) for each in outputs] if changed else outputs)
