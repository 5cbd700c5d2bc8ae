"""Seeded faults that the checks of ``suites/conformance/rest/test_refusals.py`` find."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import Any

import numpy as np

from harness.reference.faults.kit.request_elements import each_element
from harness.reference.faults.kit.structure import each_input
from harness.reference.faults.registry import fault, relaxes
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import NUMPY, Tensor

WIDE = ("matrix", "digits", "cancer", "diabetes", "echo-grid", "fixed")


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


fault("data-scalar-accepted", "TDATA-04", text="data may be a bare value")(relaxes("single_value_data"))

fault("negative-dimension-guessed", "TDATA-10", text="-1 in a request shape is worked out from the data")(
    relaxes("guesses_negative")
)

fault("dimensions-cast", "TDATA-10", text='dimensions like "2", 1.5 and true are cast to integers')(
    relaxes("any_shape")
)


@fault(
    "ragged-tail-accepted", "TDATA-06", "TDATA-05", text="short rows are filled up with the last element", models=WIDE
)
def ragged_tail_accepted(hooks: Hooks) -> None:
    hooks.rules.any_nesting = hooks.rules.any_count = True
    each_input(hooks, _resized)


@fault("count-unchecked", "TDATA-05", text="too few elements are repeated, too many are cut")
def count_unchecked(hooks: Hooks) -> None:
    hooks.rules.any_count = True
    each_input(hooks, _resized)


@fault("count-checked-only-upwards", "TDATA-05", text="too many elements are refused, too few are repeated")
def count_checked_only_upwards(hooks: Hooks) -> None:
    hooks.rules.any_count = True

    def change(entry: dict[str, Any], tensor: Any) -> Any:
        if len(tensor.values) > tensor.count:
            raise Refusal("more elements than the shape has")
        return _resized(entry, tensor)

    each_input(hooks, change)


@fault(
    "count-unchecked-for-second-input",
    "TDATA-05",
    text="only the first input's element count is checked",
    models=("pair",),
)
def count_unchecked_for_second_input(hooks: Hooks) -> None:
    hooks.rules.any_count = True

    def edit(_: Call, version: ModelVersion, request: InferRequest) -> None:
        for name, tensor in request.inputs.items():
            if name == version.inputs[0].name and len(tensor.values) != tensor.count:
                raise Refusal("the data does not fill the shape")
            request.inputs[name] = _resized({}, tensor)

    hooks.requests.append(edit)


def _resized(_: dict[str, Any], tensor: Any) -> Any:
    if len(tensor.values) == 0 and tensor.count:
        raise Refusal("there is nothing to fill up with")
    return dataclasses.replace(tensor, values=np.resize(tensor.values, tensor.count))


fault("null-as-zero", "TDATA-13", text="null elements are read as zero, false or empty text")(
    each_element(lambda datatype, each: {"BOOL": False, "BYTES": ""}.get(datatype, 0) if each is None else each)
)

fault("null-as-zero-in-int8", "TDATA-13", text="null is read as zero, in INT8 tensors only", models=("echo-int8",))(
    each_element(lambda _, each: 0 if each is None else each, "INT8")
)

fault("unknown-output-ignored", "REST-OUT-04", text="outputs the model does not have are ignored")(
    relaxes("unknown_outputs")
)

fault("nameless-output-accepted", "REST-OUT-06", text="a requested output without a name is ignored")(
    relaxes("unnamed_outputs")
)
