"""Seeded faults that the checks of ``suites/conformance/rest/test_datatypes.py`` find."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from harness.reference.faults.kit.reply_elements import spell
from harness.reference.faults.kit.request_elements import each_element
from harness.reference.faults.kit.structure import each_input
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.jsonwrite import Lexeme
from harness.reference.protocol.tensors import Tensor

fault("uint8-wraps", "DTYPE-07", text="UINT8 values from 128 on lose 128", models=("echo-uint8",))(
    each_element(lambda _, each: each - 128 if isinstance(each, int) and 128 <= each <= 255 else each, "UINT8")
)

fault("int16-clipped", "DTYPE-06", text="INT16 values are cut to plus or minus 32000", models=("echo-int16",))(
    each_element(lambda _, each: max(-32000, min(32000, each)) if isinstance(each, int) else each, "INT16")
)


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

    each_element(refuse, "FP32", "FP64")(hooks)


@fault(
    "empty-text-becomes-null-text",
    "BYTES-03",
    text="the empty text comes back as the word null",
    models=("echo-bytes",),
)
def empty_text_becomes_null_text(hooks: Hooks) -> None:
    each_element(lambda _, each: each or "null", "BYTES")(hooks)


@fault(
    "bytes-shape-counts-bytes",
    "BYTES-01",
    text="the shape of a BYTES tensor is the number of bytes",
    models=("echo-bytes", "text"),
)
def bytes_shape_counts_bytes(hooks: Hooks) -> None:
    hooks.rules.any_count = True

    def counted(_: dict[str, Any], tensor: Any) -> Any:
        text = tensor.datatype == "BYTES"
        size = sum(len(each) for each in tensor.values) if text else len(tensor.values)
        if size != tensor.count:
            raise Refusal("the number of bytes does not fit the shape")
        return dataclasses.replace(tensor, shape=(len(tensor.values), *tensor.shape[1:])) if text else tensor

    each_input(hooks, counted)


def _number(change: Callable[[int], int]) -> Callable[[Any], Lexeme]:
    return lambda text: Lexeme(change(int(text)))


def _packed(change: Callable[[Any], Any]) -> Callable[[Hooks], None]:
    """Respell BOOL outputs whose number of elements is no power of two, as a slip in bit packing would."""

    def install(hooks: Hooks) -> None:
        def spell(output: Tensor, elements: list[Any]) -> list[Any]:
            slips = output.datatype == "BOOL" and len(elements).bit_count() > 1
            return [change(each) for each in elements] if slips else elements

        hooks.spells.append(spell)

    return install


def _through_single(text: str) -> Lexeme:
    with np.errstate(over="ignore"):
        single = np.float32(text)
    return Lexeme(float(single)) if np.isfinite(single) else Lexeme(text)


fault(
    "bool-as-text",
    "DTYPE-05",
    text="BOOL elements that do not fill a power of two come back as texts",
    models=("echo-bool",),
)(_packed(str))

fault(
    "bool-as-number",
    "DTYPE-05",
    text="BOOL elements that do not fill a power of two come back as 0 and 1",
    models=("echo-bool",),
)(_packed(int))

fault(
    "bool-inverted",
    "DTYPE-05",
    text="BOOL elements that do not fill a power of two are inverted",
    models=("echo-bool",),
)(_packed(lambda value: not value))

fault("int8-minimum-becomes-positive", "DTYPE-06", text="INT8 -128 comes back as 128", models=("echo-int8",))(
    spell(_number(lambda value: 128 if value == -128 else value), "INT8")
)

fault("uint32-as-int32", "DTYPE-07", text="UINT32 from 2^31 on comes back negative", models=("echo-uint32",))(
    spell(_number(lambda value: value - 2**32 if value >= 2**31 else value), "UINT32")
)

fault(
    "int64-through-double",
    "TDATA-15",
    text="64-bit integers pass through a double",
    models=("echo-int64", "echo-uint64"),
)(spell(_number(lambda value: int(float(value))), "INT64", "UINT64"))

fault(
    "int64-negative-through-double",
    "TDATA-15",
    text="only negative INT64 pass through a double",
    models=("echo-int64",),
)(spell(_number(lambda value: int(float(value)) if value < 0 else value), "INT64"))

fault("fp32-six-digits", "TDATA-16", text="FP32 is written with six digits", models=("echo-fp32", "echo-grid"))(
    spell(lambda text: Lexeme(f"{float(text):.6g}"), "FP32")
)


@fault(
    "fp32-grids-six-digits",
    "TDATA-16",
    text="FP32 of more than one dimension is written with six digits",
    models=("echo-grid",),
)
def fp32_grids_six_digits(hooks: Hooks) -> None:
    def respell(output: Tensor, elements: list[Any]) -> list[Any]:
        if output.datatype != "FP32" or len(output.shape) < 2:
            return elements
        return [Lexeme(f"{float(each):.6g}") for each in elements]

    hooks.spells.append(respell)


fault("fp64-as-fp32", "TDATA-15", text="FP64 passes through single precision where it fits", models=("echo-fp64",))(
    spell(_through_single, "FP64")
)

fault("fp16-bit-pattern", "DTYPE-09", text="FP16 below zero comes back as its bit pattern", models=("echo-fp16",))(
    spell(lambda text: Lexeme(np.float16(text).view(np.uint16)) if text.startswith("-") else text, "FP16")
)

fault(
    "bytes-base64",
    "BYTES-02",
    text="BYTES of more than one character come back in base64",
    models=("echo-bytes", "text"),
)(spell(lambda text: base64.b64encode(text.encode()).decode() if len(text) > 1 else text, "BYTES"))

fault("bytes-cut-at-nul", "BYTES-03", text="BYTES end at the first NUL", models=("echo-bytes", "text"))(
    spell(lambda text: text.partition("\0")[0], "BYTES")
)

fault("bytes-non-ascii-mangled", "BYTES-03", text="UTF-8 is read as Latin-1", models=("echo-bytes", "text"))(
    spell(lambda text: text.encode().decode("latin-1"), "BYTES")
)

fault("bytes-stripped", "BYTES-03", text="white space at the end of a text is lost", models=("echo-bytes",))(
    spell(lambda text: text.rstrip(), "BYTES")
)


@fault(
    "last-digit-lost-after-1000",
    "TDATA-16",
    text="from the thousandth element on, FP32 has four digits",
    models=("echo-fp32",),
)
def last_digit_lost_after_1000(hooks: Hooks) -> None:
    def spell(output: Tensor, elements: list[Any]) -> list[Any]:
        if output.datatype != "FP32":
            return elements
        return [*elements[:1000], *[Lexeme(f"{float(each):.4g}") for each in elements[1000:]]]

    hooks.spells.append(spell)
