"""Values at the edges of each data type: what must, or should, survive a round trip through JSON or gRPC."""

from __future__ import annotations

import math
from typing import Any

from harness.wire.datatypes import DATATYPES, round_to

Scalar = bool | int | float | str

BOOLEANS: tuple[Scalar, ...] = (True, False, True)
# Integer literals belong into float tensors too; 1e10 is exact in FP32, and too large for FP16.
FLOATS: tuple[Scalar, ...] = (1, -2.5, 1e10, 0.0)
HALVES: tuple[Scalar, ...] = (1.5, -2)
ASCII: tuple[Scalar, ...] = ("abc",)
TEXTS: tuple[Scalar, ...] = ("\u20ac", "", "a\u0000b", "line\n")
PRECISION: dict[str, tuple[Scalar, ...]] = {
    "INT64": (9007199254740993, -9007199254740993, -9223372036854775808, 9223372036854775807),
    "UINT64": (9007199254740993, 18446744073709551615, 0),
    "FP64": (0.1, 1.7976931348623157e308, 5e-324, 2.2250738585072014e-308),
    "FP32": (1.1, 3.4028235e38, 1e-45),
}


def integer_range(datatype: str) -> tuple[Scalar, ...]:
    """Smallest, largest and the values around zero of an integer type."""
    entry = DATATYPES[datatype]
    assert entry.minimum is not None
    assert entry.maximum is not None
    low, high = int(entry.minimum), int(entry.maximum)
    return (low, -1, 0, high) if low < 0 else (0, 1, high)


# Bytes that are no text in UTF-8: a lone byte above 7f, a NUL after it, a sequence that is cut short.
NOT_UTF8: tuple[bytes, ...] = (b"\xff\x00", b"ok", b"\xc3", b"\xed\xa0\x80")
MANY_BYTES: tuple[bytes, ...] = (b"\x00", "\u20ac".encode(), b"", b"a\x00b", b" line\r\n", b"\x04\x00\x00\x00abcd")
NOT_FINITE: tuple[float, ...] = (math.inf, -math.inf, math.nan, 1.0)


def full_range(datatype: str) -> tuple[Any, ...]:
    """Values across the whole range of a data type, each of which it holds exactly; BYTES as bytes of UTF-8 text.

    Integers around zero, above 2^53 where there are such, and at both ends; floats with both zeros, the largest, the
    smallest normal and the smallest denormal one.
    """
    entry = DATATYPES[datatype]
    if entry.kind == "bytes":
        return MANY_BYTES
    if entry.kind == "bool":
        return (True, False, True, True, False)
    assert entry.minimum is not None
    assert entry.maximum is not None
    if entry.kind == "float":
        normal, denormal = _SMALLEST[datatype]
        tenth = round_to(datatype, 0.1)
        return (1.0, -2.5, tenth, 0.0, -0.0, entry.maximum, entry.minimum, normal, denormal, -denormal, 3 * denormal)
    low, high = int(entry.minimum), int(entry.maximum)
    exact = 2**53 + 1
    beyond = tuple(each for each in (exact, -exact, high - 1) if entry.size == 8 and low <= each <= high)
    return (*((low, -1) if low else ()), 0, 1, *beyond, high)


_SMALLEST = {
    "FP16": (2.0**-14, 2.0**-24),
    "BF16": (2.0**-126, 2.0**-133),
    "FP32": (2.0**-126, 2.0**-149),
    "FP64": (2.0**-1022, 2.0**-1074),
}
