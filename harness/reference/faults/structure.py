"""Shapes, counts and nesting of request data."""

from __future__ import annotations

import dataclasses
import os
import re
import time
from typing import Any

import numpy as np

from harness.reference.faults.registry import fault, relaxes
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.request import InferRequest

_BEHIND_NUL = re.compile(rb'("(?:name|datatype)"\s*:\s*"[^"\\]*)\\u0000[^"]*"')
WIDE = ("matrix", "digits", "cancer", "diabetes", "echo-grid", "fixed")

fault("flat-refused", "TDATA-01", text="data must be nested", models=WIDE)(relaxes("refuse_flat"))
fault("nested-refused", "TDATA-02", text="data must be flat", models=WIDE)(relaxes("refuse_nested"))
fault("data-scalar-accepted", "TDATA-04", text="data may be a bare value")(relaxes("single_value_data"))
fault("ragged-accepted", "TDATA-06", text="nested data is flattened before anything is checked", models=WIDE)(
    relaxes("any_nesting")
)
fault("negative-dimension-guessed", "TDATA-10", text="-1 in a request shape is worked out from the data")(
    relaxes("guesses_negative")
)
fault("dimensions-cast", "TDATA-10", text='dimensions like "2", 1.5 and true are cast to integers')(
    relaxes("any_shape")
)


def _each_input(hooks: Hooks, change: Any) -> None:
    def edit(call: Call, _: ModelVersion, request: InferRequest) -> None:
        for index, (name, tensor) in enumerate(request.inputs.items()):
            request.inputs[name] = change(call.request["inputs"][index], tensor)

    hooks.requests.append(edit)


@fault(
    "ragged-tail-accepted", "TDATA-06", "TDATA-05", text="short rows are filled up with the last element", models=WIDE
)
def ragged_tail_accepted(hooks: Hooks) -> None:
    hooks.rules.any_nesting = hooks.rules.any_count = True
    _each_input(hooks, _resized)


@fault("count-unchecked", "TDATA-05", text="too few elements are repeated, too many are cut")
def count_unchecked(hooks: Hooks) -> None:
    hooks.rules.any_count = True
    _each_input(hooks, _resized)


@fault("count-checked-only-upwards", "TDATA-05", text="too many elements are refused, too few are repeated")
def count_checked_only_upwards(hooks: Hooks) -> None:
    hooks.rules.any_count = True

    def change(entry: dict[str, Any], tensor: Any) -> Any:
        if len(tensor.values) > tensor.count:
            raise Refusal("more elements than the shape has")
        return _resized(entry, tensor)

    _each_input(hooks, change)


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


@fault("column-major", "TDATA-03", text="flat data is read column by column", models=WIDE[:-1])
def column_major(hooks: Hooks) -> None:
    def change(entry: dict[str, Any], tensor: Any) -> Any:
        if any(isinstance(each, list) for each in entry["data"]):
            return tensor
        return dataclasses.replace(tensor, values=tensor.values.reshape(tensor.shape, order="F").ravel())

    _each_input(hooks, change)


@fault("extra-nesting-reversed", "TDATA-07", text="data nested too deeply is read backwards")
def extra_nesting_reversed(hooks: Hooks) -> None:
    hooks.rules.any_nesting = True

    def change(entry: dict[str, Any], tensor: Any) -> Any:
        depth, level = 0, entry["data"]
        while isinstance(level, list) and level:
            depth, level = depth + 1, level[0]
        return dataclasses.replace(tensor, values=tensor.values[::-1]) if depth > len(tensor.shape) else tensor

    _each_input(hooks, change)


@fault("scalar-becomes-empty", "TDATA-08", text="shape [] is answered with no element")
def scalar_becomes_empty(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        if call.op == "infer" and b'"shape":[]' in call.body.replace(b" ", b""):
            outputs = [{"name": "y", "datatype": "FP32", "shape": [0], "data": []}]
            return Reply(200, {"model_name": call.model, "outputs": outputs})
        return None

    hooks.gates.append(gate)


@fault("empty-tensor-answers-values", "TDATA-09", text="zero rows are answered with one row of zeros")
def empty_tensor_answers_values(hooks: Hooks) -> None:
    def edit(_: Call, request: InferRequest, outputs: list[Any]) -> list[Any]:
        if any(tensor.count for tensor in request.inputs.values()):
            return outputs
        return [
            dataclasses.replace(
                each,
                shape=(shape := tuple(size or 1 for size in each.shape)),
                values=np.array([b""] * int(np.prod(shape)), dtype=object)
                if each.datatype == "BYTES"
                else np.zeros(int(np.prod(shape)), dtype=each.values.dtype),
            )
            for each in outputs
        ]

    hooks.answers.append(edit)


@fault("empty-tensor-refused", "TDATA-09", text="zero rows end in a 500")
def empty_tensor_refused(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        empty = call.op == "infer" and b'"shape":[0' in call.body.replace(b" ", b"")
        return Reply(500, {"error": "division by zero"}) if empty else None

    hooks.gates.append(gate)


@fault("names-end-at-nul", "REST-INFER-06", "DTYPE-03", text="names of inputs and datatypes end at their first NUL")
def names_end_at_nul(hooks: Hooks) -> None:
    def gate(call: Call) -> None:
        if call.op == "infer" and b"\\u0000" in call.body:
            call.body = _BEHIND_NUL.sub(rb'\1"', call.body)

    hooks.gates.append(gate)


@fault("deep-nesting-kills", "TDATA-17", text="data nested 500 deep ends the process", effect="crash")
def deep_nesting_kills(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        if b"[" * 500 in call.body:
            os._exit(139)
        return None

    hooks.gates.append(gate)


@fault(
    "huge-shape-hangs",
    "TDATA-17",
    text="a shape of 2^40 elements and more holds the whole server up for 20 s",
    effect="hang",
)
def huge_shape_hangs(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        digits = [part for part in call.body.replace(b"]", b",").replace(b"[", b",").split(b",") if part.isdigit()]
        if call.op == "infer" and any(len(part) > 9 for part in digits) and len(call.body) < 2000:
            time.sleep(20)
        return None

    hooks.gates.append(gate)
