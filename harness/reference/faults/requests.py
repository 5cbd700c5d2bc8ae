"""Requests that the server should refuse and takes, or should take and refuses."""

from __future__ import annotations

import json
import time
from typing import Any

from harness.reference.faults.registry import fault, relaxes
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.request import InferRequest

fault("requires-id", "REST-INFER-01", text="a request without id is refused")(relaxes("require_id"))
fault("requires-outputs", "REST-INFER-01", text="a request without outputs is refused")(relaxes("require_outputs"))
fault(
    "id-number-accepted", "REST-INFER-04", "REST-RESP-10", text="an id of another type is taken and sent back as it is"
)(relaxes("number_ids"))
fault("shape-string-accepted", "REST-INFER-04", text="shape may be a text")(relaxes("any_shape"))
fault(
    "inputs-object-accepted", "REST-INFER-04", text="inputs may be an object of arrays", models=("echo-fp32", "pair")
)(relaxes("inputs_object"))
fault("outputs-string-accepted", "REST-INFER-04", text="outputs of a wrong type is taken for none")(
    relaxes("wrong_outputs_type")
)
fault("unknown-input-ignored", "REST-INFER-06", text="inputs the model does not know are ignored")(
    relaxes("unknown_inputs")
)
fault("inputs-by-position", "REST-INFER-06", "REST-INFER-07", text="inputs are taken by position, names ignored")(
    relaxes("inputs_by_position")
)
fault("extra-member-refused", "REST-INFER-09", text="members the schema does not know are refused")(
    relaxes("refuse_extra_members")
)
fault("input-parameters-refused", "PARAM-01", text="parameters are refused as an unknown member")(
    relaxes("refuse_parameters")
)
fault("parameter-kind-refused", "PARAM-03", text="a parameter with a fraction is refused")(
    relaxes("refuse_fractional_parameters")
)
fault("unknown-datatype-accepted", "DTYPE-03", "DTYPE-04", text="the datatype of an input is not looked at")(
    relaxes("any_datatype")
)


@fault("missing-inputs-accepted", "REST-INFER-02", text="without inputs, zeros are made up")
def missing_inputs_accepted(hooks: Hooks) -> None:
    hooks.rules.no_inputs = True
    hooks.requests.append(_fill_missing)


@fault("missing-input-defaulted", "REST-INFER-06", text="a missing second input is taken as zeros", models=("pair",))
def missing_input_defaulted(hooks: Hooks) -> None:
    hooks.rules.missing_inputs = True
    hooks.requests.append(_fill_missing)


def _fill_missing(_: Call, version: ModelVersion, request: InferRequest) -> None:
    """Zeros of one row, or of as many rows as the inputs that are there have."""
    import numpy as np  # noqa: PLC0415

    from harness.reference.protocol.tensors import NUMPY, Tensor  # noqa: PLC0415

    rows = next((tensor.shape[0] for tensor in request.inputs.values() if tensor.shape), 1)
    for spec in version.inputs:
        if spec.name not in request.inputs:
            shape = tuple(rows if size == -1 else size for size in spec.shape)
            values = np.zeros(int(np.prod(shape)), dtype=NUMPY[spec.datatype])
            if spec.datatype == "BYTES":
                values[:] = b""
            request.inputs[spec.name] = Tensor(spec.name, spec.datatype, shape, values)


@fault("input-without-data-zeros", "REST-INFER-03", text="an input without data is taken as zeros")
def input_without_data_zeros(hooks: Hooks) -> None:
    hooks.rules.guesses_data = True


def _substitute(hooks: Hooks, wanted: Any) -> None:
    """Where ``wanted(body)`` holds, infer on a tensor of ones instead of refusing."""

    def route(call: Call) -> Reply | None:
        if call.op != "infer" or not wanted(call.body):
            return None
        document = {"model_name": call.model, "model_version": call.version or "2", "outputs": []}
        return Reply(200, document)

    hooks.gates.append(route)


@fault("empty-body-accepted", "REST-INFER-05", text="an empty body is answered 200")
def empty_body_accepted(hooks: Hooks) -> None:
    _substitute(hooks, lambda body: not body.strip())


@fault("malformed-accepted", "REST-INFER-05", text="a body that is no JSON is answered 200")
def malformed_accepted(hooks: Hooks) -> None:
    _substitute(hooks, lambda body: body.strip() and not _is_json(body))


@fault(
    "malformed-hangs",
    "REST-INFER-05",
    "TDATA-17",
    models=("pair",),
    text="a body that is no JSON holds the whole server up for 20 s",
    effect="hang",
)
def malformed_hangs(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        if call.op == "infer" and call.body.strip() and not _is_json(call.body):
            time.sleep(20)
        return None

    hooks.gates.append(gate)


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


@fault(
    "input-order-matters",
    "REST-INFER-07",
    text="inputs in another order than the metadata's are mixed up",
    models=("pair",),
)
def input_order_matters(hooks: Hooks) -> None:
    def swap(_: Call, version: ModelVersion, request: InferRequest) -> None:
        if list(request.inputs) != [spec.name for spec in version.inputs if spec.name in request.inputs]:
            for name, tensor in request.inputs.items():
                request.inputs[name] = type(tensor)(tensor.name, tensor.datatype, tensor.shape, tensor.values[::-1] * 0)

    hooks.requests.append(swap)


@fault("duplicate-input-hangs-up", "REST-INFER-08", "REST-ERR-06", text="an input given twice ends the connection")
def duplicate_input_hangs_up(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        text = reply.document.get("error", "") if isinstance(reply.document, dict) else ""
        if call.op == "infer" and "given twice" in str(text):
            # Announces more than it sends, so that the server itself breaks the connection off.
            reply.headers["content-length"] = "100000"

    hooks.documents.append(edit)


@fault(
    "untyped-request-hangs-up",
    "REST-HTTP-10",
    text="a body with another label than application/json breaks the connection off",
)
def untyped_request_hangs_up(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and "json" not in call.headers.get("content-type", ""):
            reply.headers["content-length"] = "100000"

    hooks.documents.append(edit)


@fault("wrong-verb-accepted", "REST-HTTP-04", text="GET, PUT and POST are the same everywhere")
def wrong_verb_accepted(hooks: Hooks) -> None:
    hooks.routes["wrong-verb"] = lambda call: Reply(200, {"name": call.model, "outputs": []})


@fault("unknown-path-200", "REST-HTTP-07", text="an unknown path answers 200")
def unknown_path_200(hooks: Hooks) -> None:
    hooks.routes["unknown"] = lambda _: Reply(200, {})


@fault(
    "infer-404", "REST-HTTP-01", "REST-HTTP-03", "REST-INFER-01", text="infer is not routed, with a version or without"
)
def infer_404(hooks: Hooks) -> None:
    hooks.routes["infer"] = lambda _: error(404, "not found")


@fault("unknown-parameter-changes-answer", "PARAM-02", "PARAM-01", text="a request parameter reverses the outputs")
def unknown_parameter_changes_answer(hooks: Hooks) -> None:
    hooks.answers.append(
        lambda _, request, outputs: (
            [
                type(each)(
                    each.name, each.datatype, each.shape, each.values * 2 if each.datatype != "BOOL" else ~each.values
                )
                for each in outputs
            ]
            if request.parameters
            else outputs
        )
    )


@fault("null-id-becomes-text", "REST-INFER-10", text="an id of null comes back as the text None")
def null_id_becomes_text(hooks: Hooks) -> None:
    hooks.rules.null_optionals = True
    hooks.on("infer")(
        lambda call, body: {**body, "id": "None"} if "id" in call.request and call.request["id"] is None else body
    )
