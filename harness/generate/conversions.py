"""Elements of another JSON type than their data type's, and the value each of them evidently means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.wire.datatypes import DATATYPES

Scalar = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Conversion:
    """What is sent, and what it can only mean."""

    sent: Scalar
    meant: Scalar


def conversions(datatype: str) -> Iterator[Conversion]:
    """Conversions worth asking for a data type (TDATA-11)."""
    kind = DATATYPES[datatype].kind if datatype in DATATYPES else None
    if kind == "float":
        yield Conversion("1.5", 1.5)
        yield Conversion(True, 1.0)
    elif kind in ("int", "uint"):
        yield Conversion(1.0, 1)
        yield Conversion("7", 7)
        yield Conversion(True, 1)
    elif kind == "bool":
        yield Conversion(1, True)
        yield Conversion(0, False)
    elif kind == "bytes":
        yield Conversion(12, "12")


def _out_of_range() -> dict[str, tuple[tuple[Scalar, tuple[int, ...]], ...]]:
    """Per integer type: values it cannot hold, with the results of truncating, saturating and wrapping."""
    table: dict[str, tuple[tuple[Scalar, tuple[int, ...]], ...]] = {}
    for name, datatype in DATATYPES.items():
        if datatype.kind not in ("int", "uint") or datatype.size is None or datatype.size > 4:
            continue
        low, high = int(datatype.minimum or 0), int(datatype.maximum or 0)
        span = 1 << (8 * datatype.size)
        rows: list[tuple[Scalar, tuple[int, ...]]] = [(1.5, (1, 2))]
        for value in (high + 45, low - 1):
            wrapped = (value - low) % span + low
            rows.append((value, (wrapped, high if value > high else low, value)))
        table[name] = tuple(rows)
    return table


# An output of the value itself is listed too: an echo in a wider type has lost nothing.
OUT_OF_RANGE = _out_of_range()
