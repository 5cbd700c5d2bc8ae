"""Valid inputs at the edge of their types, and ids, that do not come back as they were sent."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

import numpy as np

from harness.reference.extensions import binary
from harness.reference.faults.adversarial import Body, document_of, inputs_of, is_rest, kills
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

# Smallest normal and largest number.
_TINY = {"FP16": 2.0**-14, "FP32": 2.0**-126, "FP64": 2.0**-1022}
_LARGEST = {"FP32": (2 - 2.0**-23) * 2.0**127}
_MAXIMUM = {"INT8": 2**7 - 1, "INT32": 2**31 - 1, "UINT8": 2**8 - 1, "UINT16": 2**16 - 1}
FLOATS = ("echo-fp32", "echo-fp64")
TEXTS = ("echo-bytes", "text")
CHANGE, CRASH = "policy:no-silent-change", "policy:no-crash"
Elements = Callable[[str, list[Any]], list[Any]]
_BIDI = dict.fromkeys([0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def _elements(change: Elements, *datatypes: str) -> Install:
    """Change the elements of inputs that travel as JSON."""

    def edit(_: str, datatype: str, flat: list[Any]) -> list[Any]:
        return change(datatype, flat) if not datatypes or datatype in datatypes else flat

    return lambda hooks: hooks.elements.append(edit)


def _each_text(change: Callable[[str], str]) -> Install:
    return _elements(lambda _, flat: [change(each) if isinstance(each, str) else each for each in flat], "BYTES")


def _numbers(change: Callable[[str, Any], Any], *datatypes: str) -> Install:
    def edit(datatype: str, flat: list[Any]) -> list[Any]:
        return [change(datatype, each) if type(each) in (int, float) else each for each in flat]

    return _elements(edit, *datatypes)


def _is_denormal(datatype: str, value: float) -> bool:
    try:
        return 0 < abs(value) < _TINY[datatype]
    except OverflowError:
        return False


def _has_denormal(call: Call) -> bool:
    return any(
        type(value) is float and entry.get("datatype") in ("FP16", "FP32", "FP64")
        and _is_denormal(entry["datatype"], value)
        for entry in inputs_of(document_of(call) or {}) for value in entry["data"]
    )  # fmt: skip


def _half(flat: list[Any]) -> list[Any]:
    return [float(np.float16(each)) if type(each) is float and abs(each) < 60000 else each for each in flat]


def _maximum_less_one(datatype: str, value: Any) -> Any:
    return value - 1 if value == _MAXIMUM[datatype] else value


def _clipped(datatype: str, value: Any) -> Any:
    limit = _LARGEST[datatype]
    return max(-limit, min(limit, value)) if type(value) is float else value


fault(
    "denormal-ends-process",
    CRASH,
    "TDATA-16",
    text="a denormal number ends the process",
    models=("echo-fp32", "echo-fp64", "matrix"),
    effect="crash",
)(kills(_has_denormal))
fault("denormals-become-zero", CHANGE, "TDATA-16", text="denormal numbers become zero in JSON", models=FLOATS)(
    _numbers(lambda datatype, value: 0.0 if _is_denormal(datatype, value) else value, "FP32", "FP64")
)
fault("negative-zero-loses-sign", CHANGE, text="-0.0 becomes 0.0 in JSON", models=FLOATS)(
    _numbers(lambda _, value: 0.0 if value == 0 else value, "FP32", "FP64")
)
fault(
    "float16-above-8-elements",
    CHANGE,
    "TDATA-16",
    text="tensors of more than 8 floats pass through half precision",
    models=(*FLOATS, "echo-grid"),
)(_elements(lambda _, flat: _half(flat) if len(flat) > 8 else flat, "FP32", "FP64"))
fault(
    "float-overflow-clipped",
    CHANGE,
    "TDATA-12",
    text="floats too large for FP32 become its largest",
    models=("echo-fp32", "echo-grid"),
)(_numbers(_clipped, "FP32"))
fault(
    "int64-through-double-beside-negative",
    CHANGE,
    "TDATA-15",
    text="a tensor with a negative number in it passes through doubles",
    models=("echo-int64",),
)(
    _elements(
        lambda _, flat: (
            [min(int(float(each)), 2**63 - 1) if type(each) is int else each for each in flat]
            if any(type(each) is int and each < 0 for each in flat)
            else flat
        ),
        "INT64",
    )
)
fault("uint64-top-bit-lost", CHANGE, "TDATA-15", text="UINT64 loses its highest bit in JSON", models=("echo-uint64",))(
    _numbers(lambda _, value: value % 2**63 if 0 <= value < 2**64 else value, "UINT64")
)
fault(
    "maximum-loses-one",
    CHANGE,
    text="the largest integer of a type comes back as the one below",
    models=("echo-int8", "echo-int32", "echo-uint16", "echo-uint8"),
)(_numbers(_maximum_less_one, "INT8", "INT32", "UINT16", "UINT8"))
fault("bidi-marks-lost", CHANGE, "BYTES-03", text="marks of writing direction are taken out of texts", models=TEXTS)(
    _each_text(lambda text: text.translate(_BIDI))
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
    "nan-answered-as-null",
    CHANGE,
    "TDATA-14",
    text="the token NaN is taken and answered as null",
    models=("echo-fp32", "echo-fp64"),
)
def nan_answered_as_null(hooks: Hooks) -> None:
    hooks.rules.constants = True
    places: dict[str, list[bool]] = {}

    def answer(call: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        for index, each in enumerate(outputs):
            places.pop(each.name, None)
            if is_rest(call) and each.datatype.startswith("FP") and not binary.wanted_binary(request, each.name):
                lost = np.isnan(each.values)
                places[each.name] = list(lost)
                kept = np.where(lost, each.values.dtype.type(0), each.values)
                outputs[index] = Tensor(each.name, each.datatype, each.shape, kept)
        return outputs

    def spell(output: Tensor, elements: list[Any]) -> list[Any]:
        lost = places.pop(output.name, [])
        return [None if gone else each for each, gone in zip(elements, lost, strict=True)] if any(lost) else elements

    hooks.answers.append(answer)
    hooks.spells.append(spell)


def _id(change: Callable[[str], str]) -> Install:
    def edit(_: Call, body: Body) -> None:
        if isinstance(body.get("id"), str):
            body["id"] = change(body["id"])

    return lambda hooks: hooks.on("infer")(edit)


fault("id-ends-at-nul", CHANGE, "REST-RESP-04", text="an id ends at its first NUL")(
    _id(lambda text: text.partition("\0")[0])
)
fault("id-cut-above-4096", CHANGE, "REST-RESP-04", text="ids end after 4096 characters")(_id(lambda text: text[:4096]))
fault("id-normalised", CHANGE, "REST-RESP-04", text="ids come back in their composed form, without marks of direction")(
    _id(lambda text: unicodedata.normalize("NFKC", text.translate(_BIDI)))
)
fault("id-line-ends-unified", CHANGE, "REST-RESP-04", text="CRLF in an id comes back as LF")(
    _id(lambda text: text.replace("\r\n", "\n"))
)
