"""Seeded faults that the checks of ``suites/conformance/rest/test_tensor_data.py`` find."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from harness.reference.faults.kit.request_elements import each_element
from harness.reference.faults.kit.structure import each_input
from harness.reference.faults.registry import fault, relaxes
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply
from harness.reference.protocol.jsonwrite import Lexeme
from harness.reference.protocol.request import InferRequest

WIDE = ("matrix", "digits", "cancer", "diabetes", "echo-grid", "fixed")
INTEGERS = (
    "echo-int8",
    "echo-int16",
    "echo-int32",
    "echo-int64",
    "echo-uint8",
    "echo-uint16",
    "echo-uint32",
    "echo-uint64",
)
FLOATS = ("echo-fp16", "echo-fp32", "echo-fp64")


fault("nested-refused", "TDATA-02", text="data must be flat", models=WIDE)(relaxes("refuse_nested"))


@fault("extra-nesting-reversed", "TDATA-07", text="data nested too deeply is read backwards")
def extra_nesting_reversed(hooks: Hooks) -> None:
    hooks.rules.any_nesting = True

    def change(entry: dict[str, Any], tensor: Any) -> Any:
        depth, level = 0, entry["data"]
        while isinstance(level, list) and level:
            depth, level = depth + 1, level[0]
        return dataclasses.replace(tensor, values=tensor.values[::-1]) if depth > len(tensor.shape) else tensor

    each_input(hooks, change)


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


def _is_number(datatype: str) -> bool:
    return "INT" in datatype or datatype.startswith("FP")


fault(
    "string-as-character-code", "TDATA-11", text="text in a numeric tensor is read as the code of its first character"
)(
    each_element(
        lambda datatype, each: ord(each[0]) if isinstance(each, str) and each and _is_number(datatype) else each
    )
)

fault("boolean-as-zero", "TDATA-11", text="true and false in a numeric tensor are read as zero")(
    each_element(lambda datatype, each: 0 if isinstance(each, bool) and _is_number(datatype) else each)
)

fault("number-as-false", "TDATA-11", text="numbers in a BOOL tensor are read as false", models=("echo-bool",))(
    each_element(
        lambda _, each: False if isinstance(each, int | float) and not isinstance(each, bool) else each, "BOOL"
    )
)

fault(
    "number-as-type-name",
    "TDATA-11",
    text="a number in a BYTES tensor becomes the word int",
    models=("echo-bytes", "text"),
)(each_element(lambda _, each: type(each).__name__ if isinstance(each, int | float) else each, "BYTES"))

fault("out-of-range-becomes-other", "TDATA-12", text="integers out of range become 42", models=INTEGERS)(
    lambda hooks: hooks.elements.append(
        lambda _, datatype, flat: [42 if _outside(datatype, each) else each for each in flat]
    )
)


def _outside(datatype: str, each: Any) -> bool:
    if "INT" not in datatype or isinstance(each, bool) or not isinstance(each, int | float):
        return False
    limits = np.iinfo(datatype.lower())
    return not limits.min <= each <= limits.max or each != int(each)


@fault("nan-becomes-zero", "TDATA-14", text="the token NaN is read as zero", models=FLOATS)
def nan_becomes_zero(hooks: Hooks) -> None:
    hooks.rules.constants = True
    each_element(lambda _, each: 0.0 if isinstance(each, float) and not np.isfinite(each) else each)(hooks)


@fault("infinity-becomes-the-largest-number", "TDATA-14", text="outputs are clipped to finite numbers", models=FLOATS)
def infinity_becomes_the_largest_number(hooks: Hooks) -> None:
    def edit(_: Call, __: InferRequest, outputs: list[Any]) -> list[Any]:
        return [
            dataclasses.replace(each, values=np.nan_to_num(each.values)) if each.datatype.startswith("FP") else each
            for each in outputs
        ]

    hooks.answers.append(edit)


@fault(
    "negative-zero-unsigned-in-json",
    "policy:no-silent-change",
    text="JSON is written by a printer that knows one zero",
    models=FLOATS,
)
def negative_zero_unsigned_in_json(hooks: Hooks) -> None:
    hooks.spells.append(lambda _, elements: [Lexeme("0.0") if each == "-0.0" else each for each in elements])
