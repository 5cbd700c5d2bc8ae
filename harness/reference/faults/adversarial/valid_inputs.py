"""Seeded faults that the checks of ``suites/adversarial/test_valid_inputs.py`` find."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from harness.reference.faults.kit.common import document_of, inputs_of, kills
from harness.reference.faults.kit.reply_elements import spell
from harness.reference.faults.kit.request_values import change_numbers, is_denormal
from harness.reference.faults.kit.structure import each_input
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.protocol.jsonwrite import Lexeme
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

WIDE = ("matrix", "digits", "cancer", "diabetes", "echo-grid", "fixed")
CRASH = "policy:no-crash"
CHANGE = "policy:no-silent-change"
FLOATS = ("echo-fp32", "echo-fp64")
LEAK = "policy:no-leak"


@fault("column-major", "TDATA-03", text="flat data is read column by column", models=WIDE[:-1])
def column_major(hooks: Hooks) -> None:
    def change(entry: dict[str, Any], tensor: Any) -> Any:
        if any(isinstance(each, list) for each in entry["data"]):
            return tensor
        return dataclasses.replace(tensor, values=tensor.values.reshape(tensor.shape, order="F").ravel())

    each_input(hooks, change)


def _through_half(text: str) -> Lexeme:
    with np.errstate(over="ignore"):
        half = np.float16(text)
    return Lexeme(half) if np.isfinite(half) else Lexeme(text)


fault("fp32-as-fp16", "TDATA-16", text="FP32 passes through half precision where it fits", models=("echo-fp32",))(
    spell(_through_half, "FP32")
)


def _has_denormal(call: Call) -> bool:
    return any(
        type(value) is float and entry.get("datatype") in ("FP16", "FP32", "FP64")
        and is_denormal(entry["datatype"], value)
        for entry in inputs_of(document_of(call) or {}) for value in entry["data"]
    )  # fmt: skip


fault(
    "denormal-ends-process",
    CRASH,
    "TDATA-16",
    text="a denormal number ends the process",
    models=("echo-fp32", "echo-fp64", "matrix"),
    effect="crash",
)(kills(_has_denormal))

fault("negative-zero-loses-sign", CHANGE, text="-0.0 becomes 0.0 in JSON", models=FLOATS)(
    change_numbers(lambda _, value: 0.0 if value == 0 else value, "FP32", "FP64")
)


@fault("empty-tensor-answers-previous", LEAK, "TDATA-09", text="zero rows are answered with the rows answered before")
def empty_tensor_answers_previous(hooks: Hooks) -> None:
    kept: dict[tuple[str, str], Tensor] = {}

    def answer(call: Call, _: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        found = []
        for each in outputs:
            key = (call.model, each.name)
            found.append(kept.get(key, each) if not len(each.values) else each)
            if len(each.values):
                kept[key] = each
        return found

    hooks.answers.append(answer)
