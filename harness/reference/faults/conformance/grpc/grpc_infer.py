"""Seeded faults that the checks of ``suites/conformance/grpc/test_grpc_infer.py`` find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.faults.kit.grpc_messages import accepts, change_request, on_infer_reply, over_grpc, refuses
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.request import InferRequest

MANY = ("pair", "text", "digits", "cancer")


def _outputs(change: Callable[[Any], Any]) -> Install:
    def edit(reply: Any) -> None:
        for output in reply.outputs:
            change(output)

    return on_infer_reply(edit)


fault("grpc-id-required", "GRPC-INFER-01", text="an inference without id is refused", transport="grpc")(
    refuses(lambda request: not request.id, "INVALID_ARGUMENT", "id must not be empty")
)

fault(
    "grpc-outputs-required",
    "GRPC-INFER-01",
    "GRPC-INFER-04",
    text="an inference that names no outputs is refused",
    transport="grpc",
)(refuses(lambda request: not request.outputs, "INVALID_ARGUMENT", "outputs must not be empty"))

fault("grpc-version-required", "GRPC-INFER-01", text="an inference without model_version is refused", transport="grpc")(
    refuses(lambda request: not request.model_version, "NOT_FOUND", "there is no version ''")
)

fault(
    "grpc-reply-without-model-name",
    "GRPC-INFER-02",
    "REST-RESP-03",
    text="the reply has no model_name",
    transport="grpc",
)(on_infer_reply(lambda reply: reply.ClearField("model_name")))

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


fault(
    "grpc-first-output-only",
    "GRPC-INFER-04",
    text="without outputs, only the first output comes back",
    models=MANY,
    transport="grpc",
)(
    lambda hooks: hooks.answers.append(
        lambda call, request, outputs: outputs if request.outputs or not over_grpc(call) else outputs[:1]
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
        if over_grpc(call) and request.outputs and len(request.outputs) == 1:
            request.outputs = [next(spec.name for spec in version.outputs if spec.name != request.outputs[0])]

    hooks.requests.append(edit)


fault(
    "grpc-output-filter-ignored",
    "GRPC-INFER-05",
    text="all outputs come back, whichever were asked for",
    models=MANY,
    transport="grpc",
)(change_request(lambda request: request.ClearField("outputs")))

fault(
    "grpc-unknown-output-ignored",
    "GRPC-INFER-05",
    "REST-ERR-07",
    text="outputs that do not exist are ignored",
    transport="grpc",
)(accepts(unknown_outputs=True))
