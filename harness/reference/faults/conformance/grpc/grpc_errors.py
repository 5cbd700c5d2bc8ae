"""Seeded faults that the checks of ``suites/conformance/grpc/test_grpc_errors.py`` find."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.reference.faults.kit.grpc_errors import on_failure
from harness.reference.faults.kit.grpc_messages import accepts, over_grpc
from harness.reference.faults.registry import fault
from harness.reference.grpc.failed import Failed
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import NUMPY, Tensor

TRACE = 'Traceback (most recent call last):\n  File "/srv/app/server.py", line 88, in infer\nValueError: {}'


def _says(failed: Failed, *words: str) -> bool:
    return any(word in failed.details for word in words)


def _told_in_ok(call: Call, failed: Failed, blank: Any) -> Any:
    blank.model_name = call.model
    blank.parameters["error"].string_param = failed.details
    return blank


fault(
    "grpc-errors-with-ok",
    "GRPC-ERR-01",
    text="inferences that fail are OK, with the error as a parameter",
    transport="grpc",
)(on_failure(_told_in_ok))

fault(
    "grpc-unknown-model-infer-ok",
    "GRPC-ERR-01",
    "REST-ERR-07",
    text="an unknown model gives OK without outputs",
    transport="grpc",
)(on_failure(lambda call, failed, blank: _told_in_ok(call, failed, blank) if _says(failed, "no model") else failed))

fault("grpc-errors-internal", "GRPC-ERR-03", text="whatever the client does wrong is INTERNAL", transport="grpc")(
    on_failure(lambda _, failed, __: Failed("INTERNAL", failed.details))
)

fault(
    "grpc-shape-error-internal",
    "GRPC-ERR-03",
    text="a shape that does not fit is INTERNAL without explanation",
    transport="grpc",
)(on_failure(lambda _, failed, __: Failed("INTERNAL", "") if failed.kind == "shape" else failed))

fault("grpc-wrong-datatype-unknown", "GRPC-ERR-03", text="a wrong datatype is UNKNOWN", transport="grpc")(
    on_failure(
        lambda _, failed, __: Failed("UNKNOWN", failed.details) if _says(failed, "data type", ", not ") else failed
    )
)

fault(
    "grpc-unknown-model-unknown",
    "GRPC-ERR-03",
    text="an unknown model is UNKNOWN, as an exception of the framework",
    transport="grpc",
)(
    on_failure(
        lambda _, failed, __: (
            Failed("UNKNOWN", f"Unexpected <class 'KeyError'>: {failed.details}")
            if _says(failed, "there is no model")
            else failed
        ),
        "infer",
        "model-metadata",
    )
)

fault("grpc-details-empty", "GRPC-ERR-03", text="errors have no details", transport="grpc")(
    on_failure(lambda _, failed, __: Failed(failed.code, ""), "infer", "model-metadata", "model-ready")
)

fault("grpc-details-blank", "GRPC-ERR-03", text="the details of errors are a space", transport="grpc")(
    on_failure(lambda _, failed, __: Failed(failed.code, " "), "infer", "model-metadata", "model-ready")
)

fault(
    "grpc-details-stack-trace",
    "GRPC-ERR-03",
    text="the details of errors are a stack trace, and the code UNKNOWN",
    transport="grpc",
)(on_failure(lambda _, failed, __: Failed("UNKNOWN", TRACE.format(failed.details))))


@fault("grpc-error-breaks-next", "REST-ERR-06", text="the first inference after a refused one fails", transport="grpc")
def error_breaks_next(hooks: Hooks) -> None:
    broken: set[object] = set()

    def ask(call: Call, _: Any) -> None:
        if call.connection in broken:
            broken.discard(call.connection)
            raise Failed("UNAVAILABLE", "the worker is being restarted", kind="broken")

    def note(call: Call, failed: Failed, _: Any) -> Failed:
        if failed.kind != "broken":
            broken.add(call.connection)
        return failed

    hooks.grpc.asked("infer")(ask)
    on_failure(note)(hooks)


@fault(
    "grpc-error-changes-next",
    "REST-ERR-06",
    text="the first OK after a refused request has outputs of no elements",
    transport="grpc",
)
def error_changes_next(hooks: Hooks) -> None:
    broken: set[str] = set()

    def note(call: Call, failed: Failed, _: Any) -> Failed:
        broken.add(call.model)
        return failed

    def edit(call: Call, reply: Any) -> None:
        if call.model in broken:
            broken.discard(call.model)
            del reply.raw_output_contents[:]
            for output in reply.outputs:
                output.ClearField("contents")
                output.shape[:] = [0] * len(output.shape)

    on_failure(note)(hooks)
    hooks.grpc.on("infer")(edit)


fault("grpc-unknown-input-ignored", "GRPC-INFER-06", text="inputs that do not exist are ignored", transport="grpc")(
    accepts(unknown_inputs=True, any_raw_count=True)
)

fault(
    "grpc-any-datatype-accepted",
    "GRPC-INFER-06",
    "DTYPE-03",
    "REST-ERR-07",
    text="the datatype is not looked at",
    transport="grpc",
)(accepts(any_datatype=True))


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
            if spec.name not in request.inputs and over_grpc(call):
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
