"""Seeded faults that the checks of ``suites/adversarial/test_values_kept.py`` find."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any

import numpy as np

from harness.reference.faults.kit.common import Body, reread
from harness.reference.faults.kit.request_values import BIDI, change_elements, change_numbers, is_denormal
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks

_MAXIMUM = {"INT8": 2**7 - 1, "INT32": 2**31 - 1, "UINT8": 2**8 - 1, "UINT16": 2**16 - 1}
_LARGEST = {"FP32": (2 - 2.0**-23) * 2.0**127}
CHANGE = "policy:no-silent-change"
FLOATS = ("echo-fp32", "echo-fp64")
TEXTS = ("echo-bytes", "text")


def _each_text(change: Callable[[str], str]) -> Install:
    return change_elements(lambda _, flat: [change(each) if isinstance(each, str) else each for each in flat], "BYTES")


def _half(flat: list[Any]) -> list[Any]:
    return [float(np.float16(each)) if type(each) is float and abs(each) < 60000 else each for each in flat]


def _maximum_less_one(datatype: str, value: Any) -> Any:
    return value - 1 if value == _MAXIMUM[datatype] else value


def _clipped(datatype: str, value: Any) -> Any:
    limit = _LARGEST[datatype]
    return max(-limit, min(limit, value)) if type(value) is float else value


fault("denormals-become-zero", CHANGE, "TDATA-16", text="denormal numbers become zero in JSON", models=FLOATS)(
    change_numbers(lambda datatype, value: 0.0 if is_denormal(datatype, value) else value, "FP32", "FP64")
)

fault(
    "float16-above-8-elements",
    CHANGE,
    "TDATA-16",
    text="tensors of more than 8 floats pass through half precision",
    models=(*FLOATS, "echo-grid"),
)(change_elements(lambda _, flat: _half(flat) if len(flat) > 8 else flat, "FP32", "FP64"))

fault(
    "float-overflow-clipped",
    CHANGE,
    "TDATA-12",
    text="floats too large for FP32 become its largest",
    models=("echo-fp32", "echo-grid"),
)(change_numbers(_clipped, "FP32"))

fault(
    "int64-through-double-beside-negative",
    CHANGE,
    "TDATA-15",
    text="a tensor with a negative number in it passes through doubles",
    models=("echo-int64",),
)(
    change_elements(
        lambda _, flat: (
            [min(int(float(each)), 2**63 - 1) if type(each) is int else each for each in flat]
            if any(type(each) is int and each < 0 for each in flat)
            else flat
        ),
        "INT64",
    )
)

fault("uint64-top-bit-lost", CHANGE, "TDATA-15", text="UINT64 loses its highest bit in JSON", models=("echo-uint64",))(
    change_numbers(lambda _, value: value % 2**63 if 0 <= value < 2**64 else value, "UINT64")
)

fault(
    "maximum-loses-one",
    CHANGE,
    text="the largest integer of a type comes back as the one below",
    models=("echo-int8", "echo-int32", "echo-uint16", "echo-uint8"),
)(change_numbers(_maximum_less_one, "INT8", "INT32", "UINT16", "UINT8"))

fault("bidi-marks-lost", CHANGE, "BYTES-03", text="marks of writing direction are taken out of texts", models=TEXTS)(
    _each_text(lambda text: text.translate(BIDI))
)

fault("text-normalised", CHANGE, "BYTES-03", text="texts are brought to their composed form", models=TEXTS)(
    _each_text(lambda text: unicodedata.normalize("NFC", text))
)

fault("astral-text-mangled", CHANGE, "BYTES-03", text="characters beyond U+FFFF become question marks", models=TEXTS)(
    _each_text(lambda text: re.sub("[\U00010000-\U0010ffff]", "?", text))
)

fault("long-text-cut", CHANGE, "BYTES-03", text="texts end after 1000 characters", models=TEXTS)(
    _each_text(lambda text: text[:1000])
)

fault("noncharacters-lost", CHANGE, "BYTES-03", text="control characters are taken out of texts", models=TEXTS)(
    _each_text(lambda text: re.sub("[\x01-\x08\x0e-\x1f\x7f]", "", text))
)


@fault(
    "lone-surrogate-replaced", CHANGE, "BYTES-03", text="half a surrogate pair becomes a question mark", models=TEXTS
)
def lone_surrogate_replaced(hooks: Hooks) -> None:
    def change(document: Body) -> bool:
        return re.search("[\ud800-\udfff]", json.dumps(document, ensure_ascii=False)) is not None

    reread(change)(hooks)
