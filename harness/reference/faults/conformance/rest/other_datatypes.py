"""Seeded faults that the checks of ``suites/conformance/rest/test_other_datatypes.py`` find."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from harness.reference.faults.kit.common import Body, inputs_of, reread
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

CHANGE = "policy:no-silent-change"
FLOATS = ("matrix", "echo-fp32", "digits")


@fault(
    "datatype-reinterpreted",
    "DTYPE-04",
    text="another datatype of the same kind of tensor is read as if its bits were the model's",
)
def datatype_reinterpreted(hooks: Hooks) -> None:
    hooks.rules.converts_datatype = True

    def edit(call: Call, _: ModelVersion, request: InferRequest) -> None:
        for entry in call.request["inputs"]:
            tensor = request.inputs.get(entry.get("name"))
            if tensor is None or entry["datatype"] == tensor.datatype or tensor.datatype in ("BOOL", "BYTES"):
                continue
            bits = tensor.values.astype(np.float64 if tensor.datatype.startswith("INT") else np.int64)
            values = bits.view(np.int64 if bits.dtype == np.float64 else np.float64)
            request.inputs[tensor.name] = dataclasses.replace(tensor, values=(values % 97).astype(tensor.values.dtype))

    hooks.requests.append(edit)


def _texts_zeroed(document: Body) -> bool:
    texts = [each for each in inputs_of(document) if each.get("datatype") == "BYTES"]
    for entry in texts:
        entry["datatype"], entry["data"] = "FP32", [0.0 for _ in entry["data"]]
    return bool(texts)


fault(
    "texts-read-as-zeros",
    CHANGE,
    "DTYPE-04",
    text="a tensor of texts for a model of numbers is read as zeros",
    models=("matrix", "echo-fp32"),
)(reread(_texts_zeroed))


def _literals_zeroed(document: Body) -> bool:
    whole = [each for each in inputs_of(document) if each.get("datatype") == "FP32" and _all_whole(each["data"])]
    for entry in whole:
        entry["data"] = [0.0 for _ in entry["data"]]
    return bool(whole)


def _all_whole(data: list[Any]) -> bool:
    return bool(data) and all(type(each) is int for each in data)


fault(
    "whole-literals-read-as-zeros",
    CHANGE,
    text="numbers for FP32 that are written without a fraction are read as zeros",
    models=("matrix", "echo-fp32"),
)(reread(_literals_zeroed))


@fault(
    "overflow-answered-with-null",
    "TDATA-12",
    text="a number beyond FP32 is taken, and each number that is computed with it answered as null",
    models=("matrix", "echo-fp32"),
)
def overflow_answered_with_null(hooks: Hooks) -> None:
    lost: list[bool] = []

    def elements(_: str, datatype: str, flat: list[Any]) -> list[Any]:
        beyond = [datatype == "FP32" and type(each) is float and abs(each) > 3.5e38 for each in flat]
        lost[:] = [True] if any(beyond) else []
        return [0.0 if gone else each for gone, each in zip(beyond, flat, strict=True)]

    def spell(_: Tensor, spelled: list[Any]) -> list[Any]:
        return [None for _ in spelled] if lost else spelled

    hooks.elements.append(elements)
    hooks.spells.append(spell)
