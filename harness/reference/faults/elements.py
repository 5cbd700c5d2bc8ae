"""Elements that become other values on the way in."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.request import InferRequest

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


def _each(change: Callable[[str, Any], Any], *datatypes: str) -> Callable[[Hooks], None]:
    """Change every element of the given data types (all, if none is given)."""

    def install(hooks: Hooks) -> None:
        hooks.elements.append(
            lambda _, datatype, flat: (
                [change(datatype, each) for each in flat] if not datatypes or datatype in datatypes else flat
            )
        )

    return install


def _is_number(datatype: str) -> bool:
    return "INT" in datatype or datatype.startswith("FP")


fault("null-as-zero", "TDATA-13", text="null elements are read as zero, false or empty text")(
    _each(lambda datatype, each: {"BOOL": False, "BYTES": ""}.get(datatype, 0) if each is None else each)
)
fault("null-as-zero-in-int8", "TDATA-13", text="null is read as zero, in INT8 tensors only", models=("echo-int8",))(
    _each(lambda _, each: 0 if each is None else each, "INT8")
)
fault(
    "string-as-character-code", "TDATA-11", text="text in a numeric tensor is read as the code of its first character"
)(_each(lambda datatype, each: ord(each[0]) if isinstance(each, str) and each and _is_number(datatype) else each))
fault("boolean-as-zero", "TDATA-11", text="true and false in a numeric tensor are read as zero")(
    _each(lambda datatype, each: 0 if isinstance(each, bool) and _is_number(datatype) else each)
)
fault("number-as-false", "TDATA-11", text="numbers in a BOOL tensor are read as false", models=("echo-bool",))(
    _each(lambda _, each: False if isinstance(each, int | float) and not isinstance(each, bool) else each, "BOOL")
)
fault(
    "number-as-type-name",
    "TDATA-11",
    text="a number in a BYTES tensor becomes the word int",
    models=("echo-bytes", "text"),
)(_each(lambda _, each: type(each).__name__ if isinstance(each, int | float) else each, "BYTES"))
fault("uint8-wraps", "DTYPE-07", text="UINT8 values from 128 on lose 128", models=("echo-uint8",))(
    _each(lambda _, each: each - 128 if isinstance(each, int) and 128 <= each <= 255 else each, "UINT8")
)
fault("int16-clipped", "DTYPE-06", text="INT16 values are cut to plus or minus 32000", models=("echo-int16",))(
    _each(lambda _, each: max(-32000, min(32000, each)) if isinstance(each, int) else each, "INT16")
)
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
    _each(lambda _, each: 0.0 if isinstance(each, float) and not np.isfinite(each) else each)(hooks)


@fault(
    "integer-literal-refused-in-float",
    "DTYPE-08",
    text="1 is no FP32 or FP64 value, 1.0 is",
    models=("echo-fp32", "echo-fp64"),
)
def integer_literal_refused_in_float(hooks: Hooks) -> None:
    def refuse(datatype: str, each: Any) -> Any:
        if isinstance(each, int):
            raise Refusal(f"expected a fractional number in a {datatype} tensor")
        return each

    _each(refuse, "FP32", "FP64")(hooks)


@fault(
    "empty-text-becomes-null-text",
    "BYTES-03",
    text="the empty text comes back as the word null",
    models=("echo-bytes",),
)
def empty_text_becomes_null_text(hooks: Hooks) -> None:
    _each(lambda _, each: each or "null", "BYTES")(hooks)


@fault(
    "bytes-shape-counts-bytes",
    "BYTES-01",
    text="the shape of a BYTES tensor is the number of bytes",
    models=("echo-bytes", "text"),
)
def bytes_shape_counts_bytes(hooks: Hooks) -> None:
    def refuse(name: str, datatype: str, flat: list[Any]) -> list[Any]:
        if datatype == "BYTES" and any(isinstance(each, str) and len(each) != 1 for each in flat):
            raise Refusal(f"input {name!r}: the number of bytes does not fit the shape")
        return flat

    hooks.elements.append(refuse)


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
