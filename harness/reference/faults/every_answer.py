"""Wrong answers to requests that no check of errors or of disclosure makes; only a look at every answer meets them."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.reference.faults.adversarial import is_rest
from harness.reference.faults.registry import fault
from harness.reference.faults.security_disclosure import LEAK, PYTHON
from harness.reference.grpc.failed import Failed
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.protocol.tensors import Tensor

LONG_HEADER, DEEP, LARGE = 4096, 200, 256 * 1024


def _beyond_latin_1(text: object) -> bool:
    return isinstance(text, str) and any(ord(each) > 0xFF for each in text)


@fault("stack-trace-for-id-beyond-latin-1", LEAK, text="an id beyond Latin-1 is a 500 with the stack of the server")
def stack_trace_for_id(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and isinstance(reply.document, dict) and _beyond_latin_1(reply.document.get("id")):
            reply.status, reply.document = 500, {"error": PYTHON}
            reply.carried.clear()

    hooks.documents.append(edit)


@fault("stack-trace-for-get-on-infer", LEAK, text="a GET on the path of an inference brings the stack of the server")
def stack_trace_for_get(hooks: Hooks) -> None:
    hooks.gates.append(lambda call: error(405, PYTHON) if _get_on_infer(call) else None)


@fault("get-on-infer-500", "REST-ERR-05", text="a GET on the path of an inference is a 500")
def get_on_infer(hooks: Hooks) -> None:
    hooks.gates.append(lambda call: error(500, "internal error") if _get_on_infer(call) else None)


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


def _get_on_infer(call: Call) -> bool:
    return call.op == "infer" and call.method == "GET" and is_rest(call)
