"""Values at the edges of each data type: what must, or should, survive a round trip through JSON."""

from __future__ import annotations

from harness.wire.datatypes import DATATYPES

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
