"""Inference over gRPC: what is asked for, what is taken, and what the reply says of itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from harness.reference.faults.registry import Install, fault
from harness.reference.grpc.failed import Failed
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import NUMPY, Tensor

MANY = ("pair", "text", "digits", "cancer")


def _asks(change: Callable[[Any], Any]) -> Install:
    """Edit, or refuse, the request message of an inference."""

    def edit(_: Call, request: Any) -> None:
        change(request)

    return lambda hooks: hooks.grpc.asked("infer")(edit)


def _reply(change: Callable[[Any], Any]) -> Install:
    """Edit the reply message of an inference."""
    return lambda hooks: hooks.grpc.on("infer")(lambda _, reply: change(reply))


def _outputs(change: Callable[[Any], Any]) -> Install:
    def edit(reply: Any) -> None:
        for output in reply.outputs:
            change(output)

    return _reply(edit)


def _takes(**members: bool) -> Install:
    """Set switches of :class:`harness.reference.grpc.points.Points`."""

    def install(hooks: Hooks) -> None:
        for member, value in members.items():
            setattr(hooks.grpc, member, value)

    return install


def _refuses(wanted: Callable[[Any], bool], code: str, details: str) -> Install:
    def change(request: Any) -> None:
        if wanted(request):
            raise Failed(code, details)

    return _asks(change)


fault("grpc-id-required", "GRPC-INFER-01", text="an inference without id is refused", transport="grpc")(
    _refuses(lambda request: not request.id, "INVALID_ARGUMENT", "id must not be empty")
)
fault(
    "grpc-outputs-required",
    "GRPC-INFER-01",
    "GRPC-INFER-04",
    text="an inference that names no outputs is refused",
    transport="grpc",
)(_refuses(lambda request: not request.outputs, "INVALID_ARGUMENT", "outputs must not be empty"))
fault("grpc-version-required", "GRPC-INFER-01", text="an inference without model_version is refused", transport="grpc")(
    _refuses(lambda request: not request.model_version, "NOT_FOUND", "there is no version ''")
)
fault(
    "grpc-reply-without-model-name",
    "GRPC-INFER-02",
    "REST-RESP-03",
    text="the reply has no model_name",
    transport="grpc",
)(_reply(lambda reply: reply.ClearField("model_name")))
fault(
    "grpc-reply-datatype-prefixed",
    "GRPC-INFER-02",
    text="outputs are of the datatype TYPE_FP32 and the like",
    transport="grpc",
)(_outputs(lambda output: setattr(output, "datatype", f"TYPE_{output.datatype}")))
fault("grpc-reply-datatype-missing", "GRPC-INFER-02", text="outputs have no datatype", transport="grpc")(
    _outputs(lambda output: output.ClearField("datatype"))
)
fault("grpc-reply-shape-from-metadata", "GRPC-INFER-02", text="the first dimension of outputs is -1", transport="grpc")(
    _outputs(lambda output: output.shape.__setitem__(0, -1))
)
fault("grpc-reply-name-missing", "GRPC-INFER-02", text="outputs have no name", transport="grpc")(
    _outputs(lambda output: output.ClearField("name"))
)


@fault(
    "grpc-reply-garbage-after",
    "GRPC-INFER-02",
    text="a byte too many follows the reply, which cannot be decoded",
    transport="grpc",
)
def reply_garbage_after(hooks: Hooks) -> None:
    hooks.grpc.sent.append(lambda call, data: data + b"\xff" if call.op == "infer" else data)


@fault(
    "grpc-other-model-every-tenth",
    "REST-RESP-03",
    text="every tenth reply over gRPC names another model",
    transport="grpc",
)
def other_model_every_tenth(hooks: Hooks) -> None:
    count = {"replies": 0}

    def edit(_: Call, reply: Any) -> None:
        count["replies"] += 1
        if count["replies"] % 10 == 0:
            reply.model_name = "other"

    hooks.grpc.on("infer")(edit)


fault(
    "grpc-version-ignored",
    "VERS-04",
    text="model_version of a request is ignored: the newest answers",
    transport="grpc",
)(lambda hooks: hooks.grpc.asked("infer")(lambda call, _: setattr(call, "version", None)))
fault("grpc-id-dropped", "REST-RESP-04", text="the id does not come back over gRPC", transport="grpc")(
    _reply(lambda reply: reply.ClearField("id"))
)
fault("grpc-id-dropped-when-raw", "REST-RESP-04", text="only raw replies lose the id", transport="grpc")(
    _reply(lambda reply: reply.ClearField("id") if reply.raw_output_contents else None)
)


@fault(
    "grpc-id-of-other-request",
    "REST-RESP-04",
    text="every fourth id over gRPC is that of the request before",
    transport="grpc",
)
def id_of_other_request(hooks: Hooks) -> None:
    seen = ["first"]

    def edit(_: Call, reply: Any) -> None:
        if reply.id:
            seen.append(reply.id)
            reply.id = seen[-2] if len(seen) % 4 == 0 else reply.id

    hooks.grpc.on("infer")(edit)


fault(
    "grpc-first-output-only",
    "GRPC-INFER-04",
    text="without outputs, only the first output comes back",
    models=MANY,
    transport="grpc",
)(
    lambda hooks: hooks.answers.append(
        lambda call, request, outputs: outputs if request.outputs or not _over_grpc(call) else outputs[:1]
    )
)


@fault(
    "grpc-other-output-returned",
    "GRPC-INFER-04",
    text="one output asked for, another one comes back",
    models=MANY,
    transport="grpc",
)
def other_output_returned(hooks: Hooks) -> None:
    def edit(call: Call, version: ModelVersion, request: InferRequest) -> None:
        if _over_grpc(call) and request.outputs and len(request.outputs) == 1:
            request.outputs = [next(spec.name for spec in version.outputs if spec.name != request.outputs[0])]

    hooks.requests.append(edit)


def _over_grpc(call: Call) -> bool:
    return call.path.startswith("/inference.")


fault(
    "grpc-output-filter-ignored",
    "GRPC-INFER-05",
    text="all outputs come back, whichever were asked for",
    models=MANY,
    transport="grpc",
)(_asks(lambda request: request.ClearField("outputs")))
fault(
    "grpc-unknown-output-ignored",
    "GRPC-INFER-05",
    "REST-ERR-07",
    text="outputs that do not exist are ignored",
    transport="grpc",
)(_takes(unknown_outputs=True))
fault("grpc-unknown-input-ignored", "GRPC-INFER-06", text="inputs that do not exist are ignored", transport="grpc")(
    _takes(unknown_inputs=True, any_raw_count=True)
)
fault(
    "grpc-any-datatype-accepted",
    "GRPC-INFER-06",
    "DTYPE-03",
    "REST-ERR-07",
    text="the datatype is not looked at",
    transport="grpc",
)(_takes(any_datatype=True))
fault(
    "grpc-repeated-input-accepted",
    "REST-ERR-07",
    text="an input given twice is refused over REST only",
    transport="grpc",
)(_takes(repeated_inputs=True))


@fault(
    "grpc-missing-input-zeros",
    "GRPC-INFER-06",
    text="a missing second input is taken as zeros",
    models=("pair",),
    transport="grpc",
)
def missing_input_zeros(hooks: Hooks) -> None:
    hooks.grpc.missing_inputs = True

    def edit(call: Call, version: ModelVersion, request: InferRequest) -> None:
        shape = next((tensor.shape for tensor in request.inputs.values()), (1,))
        for spec in version.inputs:
            if spec.name not in request.inputs and _over_grpc(call):
                values = np.zeros(shape, dtype=NUMPY[spec.datatype]).ravel()
                request.inputs[spec.name] = Tensor(spec.name, spec.datatype, shape, values)

    hooks.requests.append(edit)


@fault(
    "grpc-negative-dimension-echoed",
    "GRPC-INFER-06",
    "GRPC-INFER-02",
    text="a dimension of -1 is sent back",
    transport="grpc",
)
def negative_dimension_echoed(hooks: Hooks) -> None:
    """Read as the size that fits, and put into the reply as it came."""
    asked: list[list[int]] = []

    def ask(_: Call, request: Any) -> None:
        asked[:] = [list(entry.shape) for entry in request.inputs if -1 in entry.shape]
        for entry in request.inputs if asked else ():
            sizes = [len(value) for _, value in entry.contents.ListFields()] or [1]
            rest = int(np.prod([size for size in entry.shape if size != -1]))
            entry.shape[:] = [sizes[0] // max(rest, 1) if size == -1 else size for size in entry.shape]

    def edit(_: Call, reply: Any) -> None:
        for output in reply.outputs if asked else ():
            output.shape[0] = -1

    hooks.grpc.asked("infer")(ask)
    hooks.grpc.on("infer")(edit)


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
)(_refuses(_kind("string_param", ""), "INTERNAL", "string index out of range"))
fault(
    "grpc-parameter-false-unset", "PARAM-06", text="false and 0 as parameters are taken for no value", transport="grpc"
)(
    _refuses(
        lambda request: _kind("bool_param", False)(request) or _kind("int64_param", 0)(request),
        "INVALID_ARGUMENT",
        "a parameter has no value",
    )
)
fault("grpc-parameters-of-inputs-refused", "PARAM-06", text="parameters of inputs are refused", transport="grpc")(
    _refuses(
        lambda request: any(each.parameters for each in request.inputs), "INVALID_ARGUMENT", "unexpected parameters"
    )
)
fault(
    "grpc-parameters-of-outputs-refused",
    "PARAM-06",
    text="parameters of requested outputs are refused",
    transport="grpc",
)(
    _refuses(
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
