"""The same tensor by several ways: what of an answer may not depend on how it travelled.

Values are compared bit for bit in their data type. Both sides are rounded to it first, so that FP32 written in JSON at
double precision is the same FP32.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from harness.wire.datatypes import DATATYPES
from harness.wire.raw import as_bytes, to_raw
from harness.wire.tensor import Tensor


def answers_differ(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> str | None:
    """Where two answers differ first in names, data types, shapes or bits, in words; None if they agree.

    The order of outputs is free. NaN is one value, whatever its payload, and null is how some servers write it in JSON.
    """
    if set(first) != set(second):
        return f"outputs {sorted(first)} against {sorted(second)}"
    for name, one in first.items():
        other = second[name]
        if one.datatype != other.datatype:
            return f"output {name!r} is {one.datatype} against {other.datatype}"
        if one.shape != other.shape:
            return f"output {name!r} has shape {list(one.shape)} against {list(other.shape)}"
        found = bits_differ(one.datatype, one.elements, other.elements)
        if found is not None:
            return f"output {name!r}: {found}"
    return None


def bits_differ(datatype: str, first: Sequence[object], second: Sequence[object]) -> str | None:
    """Where two flat lists of a data type's elements differ first, in words; None if they hold the same values."""
    if len(first) != len(second):
        return f"{len(first)} elements against {len(second)}"
    if datatype in DATATYPES and _bits(datatype, first) == _bits(datatype, second) is not None:
        return None
    for index, (one, other) in enumerate(zip(first, second, strict=True)):
        if not _same(datatype, one, other):
            return f"element {index} is {one!r} against {other!r}"
    return None


def _same(datatype: str, one: object, other: object) -> bool:
    if datatype not in DATATYPES:
        return one == other
    if DATATYPES[datatype].kind == "float" and _is_nan(one) and _is_nan(other):
        return True
    bits = _bits(datatype, [one])
    return one == other if bits is None else bits == _bits(datatype, [other])


def _bits(datatype: str, elements: Sequence[object]) -> bytes | None:
    """The elements as raw bytes; None where one of them is no value of the data type."""
    try:
        return to_raw(datatype, [_plain(DATATYPES[datatype].kind, each) for each in elements])
    except ValueError:
        return None


def _plain(kind: str, element: object) -> object:
    """An element as its data type has it; JSON says less about numbers than Python keeps.

    Raises:
        ValueError: no element of that kind.
    """
    if kind == "bytes":
        return as_bytes(element)
    if kind == "float" and element is None:
        return math.nan
    if not isinstance(element, int | float):
        raise ValueError(f"{element!r} is no number")  # noqa: TRY004 -- a matter of what was sent, not of our types
    if kind == "float":
        return float(element)  # keeps the sign of -0, which numpy would drop from an integer
    if not math.isfinite(element) or element != int(element) or (kind == "bool" and element not in (0, 1)):
        raise ValueError(f"{element!r} is out of place")
    return int(element)


def _is_nan(element: object) -> bool:
    return element is None or (isinstance(element, float) and math.isnan(element))
