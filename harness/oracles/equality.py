"""Whether two sets of outputs say the same, and if not, where they differ first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from operator import is_not
from unicodedata import normalize

from harness.wire.datatypes import DATATYPES, round_to
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor

# Servers may compute a batch with another kernel than a single row; more than this is another answer.
RELATIVE_TOLERANCE = 1e-3
ABSOLUTE_TOLERANCE = 1e-4
# Elements that are compared at a time.
STRETCH = 1 << 14

Outputs = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class Tolerance:
    """By how much two floats may differ: by the share of the larger one, or by the amount."""

    relative: float = RELATIVE_TOLERANCE
    absolute: float = ABSOLUTE_TOLERANCE


USUAL = Tolerance()


def difference(first: Outputs, second: Outputs, *, exact: bool = True, tolerance: Tolerance = USUAL) -> str | None:
    """The first difference in words, matching outputs by name and comparing flattened; None if there is none.

    Shapes are not compared: flat and nested spellings of one tensor are the same tensor.
    """
    if set(first) != set(second):
        return f"outputs {sorted(first)} against {sorted(second)}"
    for name, tensor in first.items():
        found = elements_differ(tensor.elements, second[name].elements, exact=exact, tolerance=tolerance)
        if found is not None:
            return f"output {name!r}: {found}"
    return None


def form_differs(first: Outputs, second: Outputs) -> str | None:
    """Which output has another data type or shape, in words: of answers to the same bytes, which have one form."""
    for name, tensor in first.items():
        other = second.get(name, tensor)
        if tensor.datatype != other.datatype:
            return f"output {name!r} is {tensor.datatype} against {other.datatype}"
        if tensor.shape != other.shape:
            return f"output {name!r} has shape {list(tensor.shape)} against {list(other.shape)}"
    return None


def elements_differ(
    first: Sequence[object], second: Sequence[object], *, exact: bool = True, tolerance: Tolerance = USUAL
) -> str | None:
    """Where two flat lists differ first, in words; None if they are the same."""
    if len(first) != len(second):
        return f"{len(first)} elements against {len(second)}"
    for index, one, other in _unlike(first, second):
        if not _same(one, other, None if exact else tolerance):
            return f"element {index} is {one!r} against {other!r}"
    return None


def _unlike(first: Sequence[object], second: Sequence[object]) -> Iterator[tuple[int, object, object]]:
    """The elements, with their place, of those stretches of two lists that are not the same at first sight.

    Millions of elements are compared one by one only where they differ. To Python, true is 1: so types count as well.
    """
    for start in range(0, len(first), STRETCH):
        one, other = first[start : start + STRETCH], second[start : start + STRETCH]
        if one != other or any(map(is_not, map(type, one), map(type, other))):
            yield from zip(count(start), one, other, strict=False)


def _same(one: object, other: object, tolerance: Tolerance | None) -> bool:
    one, other = _plain(one), _plain(other)
    if isinstance(one, bool) or isinstance(other, bool) or not _number(one) or not _number(other):
        return one == other and isinstance(one, bool) == isinstance(other, bool)
    assert isinstance(one, int | float)
    assert isinstance(other, int | float)
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    if one == other:
        return True
    return tolerance is not None and math.isclose(one, other, rel_tol=tolerance.relative, abs_tol=tolerance.absolute)


def _plain(value: object) -> object:
    """Text as its UTF-8 bytes: JSON carries BYTES as text, the binary forms as bytes."""
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def preserved(datatype: str, sent: Sequence[object], returned: Sequence[object]) -> str | None:
    """Whether an echoed tensor kept its values at the precision of its data type; the first loss in words.

    Floats are compared after rounding both sides to the data type, so that 1.1 and 1.100000023841858 are the same
    FP32. Integers are exact, whatever their size. A BOOL may come back as 1 or 0.
    """
    if len(sent) != len(returned):
        return f"{len(sent)} elements sent, {len(returned)} returned"
    for index, one, other in _unlike(sent, returned):
        if not _kept(datatype, one, other):
            # Texts that only differ in how their characters are composed look alike.
            alike = isinstance(one, str) and isinstance(other, str) and normalize("NFC", one) == normalize("NFC", other)
            words = ascii if alike else repr
            return f"element {index}: sent {words(one)}, returned {words(other)}"
    return None


def _kept(datatype: str, sent: object, returned: object) -> bool:
    kind = DATATYPES[datatype].kind
    if kind == "float":
        if not isinstance(sent, int | float) or not isinstance(returned, int | float) or isinstance(returned, bool):
            return False
        return round_to(datatype, float(sent)) == round_to(datatype, float(returned))
    if kind == "bool":
        return returned in (True, False) and bool(returned) == bool(sent)
    if kind in ("int", "uint"):
        # 7.0 is the same JSON number as 7; a lossy float of a large integer is not.
        return isinstance(returned, int | float) and not isinstance(returned, bool) and returned == sent
    return _plain(returned) == _plain(sent)


def echoed(request: InferRequest, outputs: Outputs) -> set[tuple[str, str]]:
    """Pairs of input and output of one data type with the same values."""
    return {
        (sent.name, name)
        for sent in request.inputs
        for name, tensor in outputs.items()
        if tensor.datatype == sent.datatype
        and sent.datatype in DATATYPES
        and preserved(sent.datatype, sent.elements, tensor.elements) is None
    }
