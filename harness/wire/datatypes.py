"""The tensor datatypes of the Open Inference Protocol and how values round in them.

Source: inference_rest.md, "Tensor Data Types"; typed gRPC fields from open_inference_grpc.proto.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Kind = Literal["bool", "uint", "int", "float", "bytes"]


@dataclass(frozen=True, slots=True)
class DataType:
    """One datatype.

    Attributes:
        size: bytes of one element in raw form; None for BYTES, whose elements carry their length.
        minimum, maximum: least and greatest finite value; None for BYTES.
        numpy: name of the numpy dtype of the same values; None where numpy has none (BF16, BYTES).
        grpc_field: field of InferTensorContents; None where only the raw form exists.
        standard: stands in the datatype table; BF16 is named in the prose only.
    """

    name: str
    size: int | None
    kind: Kind
    minimum: float | int | None
    maximum: float | int | None
    numpy: str | None
    grpc_field: str | None
    standard: bool = True


def _integer(name: str, field: str) -> DataType:
    bits = int(name.lstrip("UINT"))
    low, high = (0, 2**bits - 1) if name[0] == "U" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return DataType(name, bits // 8, "uint" if name[0] == "U" else "int", low, high, name.lower(), field)


def _float(name: str, size: int, largest: float, numpy: str | None, field: str | None) -> DataType:
    return DataType(name, size, "float", -largest, largest, numpy, field, standard=name != "BF16")


_MAX_FP16 = 65504.0
_MAX_BF16 = (2 - 2**-7) * 2.0**127
_MAX_FP32 = (2 - 2**-23) * 2.0**127
_MAX_FP64 = (2 - 2**-52) * 2.0**1023

DATATYPES: Mapping[str, DataType] = MappingProxyType(
    {
        datatype.name: datatype
        for datatype in (
            DataType("BOOL", 1, "bool", 0, 1, "bool", "bool_contents"),
            _integer("UINT8", "uint_contents"),
            _integer("UINT16", "uint_contents"),
            _integer("UINT32", "uint_contents"),
            _integer("UINT64", "uint64_contents"),
            _integer("INT8", "int_contents"),
            _integer("INT16", "int_contents"),
            _integer("INT32", "int_contents"),
            _integer("INT64", "int64_contents"),
            _float("FP16", 2, _MAX_FP16, "float16", None),
            _float("FP32", 4, _MAX_FP32, "float32", "fp32_contents"),
            _float("FP64", 8, _MAX_FP64, "float64", "fp64_contents"),
            DataType("BYTES", None, "bytes", None, None, None, "bytes_contents"),
            _float("BF16", 2, _MAX_BF16, None, None),
        )
    }
)


def round_to(datatype: str, value: float) -> float:
    """The value that a float datatype holds for ``value``: nearest, ties to even; infinite above the range.

    Raises:
        ValueError: not a float datatype.
    """
    if datatype == "FP64":
        return float(value)
    if datatype == "BF16":
        return _bfloat16(float(value))
    if datatype not in _PACKED:
        raise ValueError(f"{datatype} is not a float datatype")
    try:
        rounded: float = struct.unpack(_PACKED[datatype], struct.pack(_PACKED[datatype], value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return rounded


_PACKED = {"FP16": "<e", "FP32": "<f"}


def _bfloat16(value: float) -> float:
    """Rounds once, from double: going by way of FP32 would round twice and miss ties."""
    if value == 0 or not math.isfinite(value):
        return value
    exponent = math.frexp(value)[1]
    step = math.ldexp(1.0, max(exponent - 8, -133))  # 8 significant bits; subnormals end at 2**-133
    rounded = round(value / step) * step  # exact but for the rounding: step is a power of two
    if abs(rounded) > _MAX_BF16:
        return math.copysign(math.inf, value)
    return math.copysign(rounded, value)
