"""Elements that become other values on the way out."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy as np

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.protocol.jsonwrite import Lexeme
from harness.reference.protocol.tensors import Tensor


def _spell(change: Callable[[Any], Any], *datatypes: str) -> Callable[[Hooks], None]:
    """Respell every element of outputs of the given data types."""

    def install(hooks: Hooks) -> None:
        hooks.spells.append(
            lambda output, elements: [change(each) for each in elements] if output.datatype in datatypes else elements
        )

    return install


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


def _through_half(text: str) -> Lexeme:
    with np.errstate(over="ignore"):
        half = np.float16(text)
    return Lexeme(half) if np.isfinite(half) else Lexeme(text)


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
    _spell(_number(lambda value: 128 if value == -128 else value), "INT8")
)
fault("uint32-as-int32", "DTYPE-07", text="UINT32 from 2^31 on comes back negative", models=("echo-uint32",))(
    _spell(_number(lambda value: value - 2**32 if value >= 2**31 else value), "UINT32")
)
fault(
    "int64-through-double",
    "TDATA-15",
    text="64-bit integers pass through a double",
    models=("echo-int64", "echo-uint64"),
)(_spell(_number(lambda value: int(float(value))), "INT64", "UINT64"))
fault(
    "int64-negative-through-double",
    "TDATA-15",
    text="only negative INT64 pass through a double",
    models=("echo-int64",),
)(_spell(_number(lambda value: int(float(value)) if value < 0 else value), "INT64"))
fault("fp32-six-digits", "TDATA-16", text="FP32 is written with six digits", models=("echo-fp32", "echo-grid"))(
    _spell(lambda text: Lexeme(f"{float(text):.6g}"), "FP32")
)
fault("fp32-as-fp16", "TDATA-16", text="FP32 passes through half precision where it fits", models=("echo-fp32",))(
    _spell(_through_half, "FP32")
)
fault("fp64-as-fp32", "TDATA-15", text="FP64 passes through single precision where it fits", models=("echo-fp64",))(
    _spell(_through_single, "FP64")
)
fault("fp16-bit-pattern", "DTYPE-09", text="FP16 below zero comes back as its bit pattern", models=("echo-fp16",))(
    _spell(lambda text: Lexeme(np.float16(text).view(np.uint16)) if text.startswith("-") else text, "FP16")
)
fault(
    "bytes-base64",
    "BYTES-02",
    text="BYTES of more than one character come back in base64",
    models=("echo-bytes", "text"),
)(_spell(lambda text: base64.b64encode(text.encode()).decode() if len(text) > 1 else text, "BYTES"))
fault("bytes-cut-at-nul", "BYTES-03", text="BYTES end at the first NUL", models=("echo-bytes", "text"))(
    _spell(lambda text: text.partition("\0")[0], "BYTES")
)
fault("bytes-non-ascii-mangled", "BYTES-03", text="UTF-8 is read as Latin-1", models=("echo-bytes", "text"))(
    _spell(lambda text: text.encode().decode("latin-1"), "BYTES")
)
fault("bytes-stripped", "BYTES-03", text="white space at the end of a text is lost", models=("echo-bytes",))(
    _spell(lambda text: text.rstrip(), "BYTES")
)
fault(
    "numbers-as-text",
    "REST-RESP-06",
    "TDATA-11",
    text="64-bit integers come back as texts",
    models=("echo-int64", "echo-uint64"),
)(_spell(str.__str__, "INT64", "UINT64"))


@fault(
    "nan-token-in-reply",
    "REST-HTTP-05",
    text="the first float of every reply is the token NaN",
    models=("echo-fp32", "matrix", "digits"),
)
def nan_token_in_reply(hooks: Hooks) -> None:
    def spell(output: Tensor, elements: list[Any]) -> list[Any]:
        return [Lexeme("NaN"), *elements[1:]] if output.datatype.startswith("FP") and elements else elements

    hooks.spells.append(spell)


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
