"""Seeded faults that the checks of ``suites/conformance/rest/test_every_error.py`` find."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.reference.faults.kit.common import is_rest
from harness.reference.faults.kit.every_answer import is_get_on_infer
from harness.reference.faults.kit.labels import label
from harness.reference.faults.registry import fault
from harness.reference.grpc.failed import Failed
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.protocol.tensors import Tensor

LONG_HEADER = 4096
DEEP = 200
LARGE = 256 * 1024
LEAK = "policy:no-leak"
PYTHON = (
    "Traceback (most recent call last):\n"
    '  File "/srv/app/serving/handlers.py", line 212, in infer\n    outputs = self.model.predict(inputs)\n'
    "ValueError: cannot reshape array"
)


fault("errors-labelled-html", "REST-HTTP-07", text="error objects are labelled text/html")(
    label("text/html", "infer", "model-metadata", status=400)
)


@fault("get-on-infer-500", "REST-ERR-05", text="a GET on the path of an inference is a 500")
def get_on_infer(hooks: Hooks) -> None:
    hooks.gates.append(lambda call: error(500, "internal error") if is_get_on_infer(call) else None)


@fault("long-header-500", "REST-ERR-05", text="a header above 4 KiB is a 500")
def long_header(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        long = any(len(value) > LONG_HEADER for value in call.headers.values())
        return error(500, "internal error") if long and is_rest(call) else None

    hooks.gates.append(gate)


@fault("error-of-deep-json-plain", "REST-ERR-02", text="only JSON nested too deeply is refused in plain text")
def deep_json_plain(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        deep = call.op == "infer" and call.verb_fits and call.body.count(b"[") > DEEP
        return Reply(422, body=b"cannot parse", media_type="text/plain") if deep and is_rest(call) else None

    hooks.gates.append(gate)


@fault("error-413-empty", "REST-ERR-02", text="a body above 256 KiB is a 413 without a body")
def error_413_empty(hooks: Hooks) -> None:
    hooks.settings.max_body = LARGE

    def edit(_: Call, reply: Reply) -> None:
        if reply.status == 413:
            reply.body, reply.media_type = b"", None

    hooks.bodies.append(edit)


@fault("error-labelled-plain", "REST-HTTP-07", text="error objects of unknown outputs are labelled text/plain")
def error_labelled_plain(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and reply.status >= 400 and "output" in str(reply.document):
            reply.media_type = "text/plain"

    hooks.documents.append(edit)


@fault(
    "grpc-stack-trace-for-nan",
    "GRPC-ERR-03",
    LEAK,
    text="NaN among the inputs of a call is INTERNAL, with the stack",
    models=("echo-fp32", "matrix"),
    transport="grpc",
)
def grpc_stack_trace_for_nan(hooks: Hooks) -> None:
    def refuse(tensor: Tensor) -> Tensor:
        values: Any = tensor.values
        if values.dtype.kind == "f" and np.isnan(values).any():
            raise Failed("INTERNAL", PYTHON)
        return tensor

    hooks.grpc.inputs.append(refuse)
