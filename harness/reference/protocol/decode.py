"""From the ``data`` member of a request to a tensor."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.rules import Rules
from harness.reference.protocol.tensors import NUMPY, Tensor

Elements = Callable[[str, str, list[Any]], list[Any]]
"""``(tensor name, datatype, elements) -> elements``: what a fault or variant makes of the elements."""

MAX_DIMENSION = 2**63 - 1

_JSON_TYPES: dict[str, frozenset[type]] = {
    "BOOL": frozenset({bool}),
    "BYTES": frozenset({str}),
    **{name: frozenset({int}) for name in NUMPY if "INT" in name},
    **{name: frozenset({int, float}) for name in NUMPY if name.startswith("FP")},
}
_LARGEST = {name: float(np.finfo(kind).max) for name, kind in NUMPY.items() if issubclass(kind, np.floating)}
_RANGES = {
    name: (int(np.iinfo(kind).min), int(np.iinfo(kind).max))
    for name, kind in NUMPY.items()
    if issubclass(kind, np.integer)
}


def decode_tensor(
    name: str, datatype: str, shape: list[int], data: list[Any], rules: Rules, edits: list[Elements]
) -> Tensor:
    """Check and convert one input.

    Raises:
        Refusal: an element of the wrong kind or out of range, a ragged or half-flattened array, a wrong count.
    """
    flat = _flatten(name, shape, data, rules)
    for edit in edits:
        flat = edit(name, datatype, flat)
    if -1 in shape and rules.guesses_negative:
        known = math.prod(dimension for dimension in shape if dimension != -1)
        shape = [dimension if dimension != -1 else len(flat) // max(known, 1) for dimension in shape]
    if len(flat) != math.prod(shape) and not rules.any_count:
        raise Refusal(f"input {name!r}: shape {shape} needs {math.prod(shape)} elements, data has {len(flat)}")
    return Tensor(name, datatype, tuple(shape), to_array(name, datatype, flat))


def to_array(name: str, datatype: str, flat: list[Any]) -> NDArray[Any]:
    """``flat`` as a one-dimensional array of ``datatype``.

    Raises:
        Refusal: an element that is no value of the data type.
    """
    allowed = _JSON_TYPES[datatype]
    if not set(map(type, flat)) <= allowed:
        index = next(i for i, element in enumerate(flat) if type(element) not in allowed)
        raise Refusal(f"input {name!r}: element {index} is no {datatype} value")
    kind = NUMPY[datatype]
    if datatype == "BYTES":
        array = np.empty(len(flat), dtype=object)
        array[:] = [text.encode() for text in flat]
        return array
    if flat and datatype in _RANGES:
        least, most = _RANGES[datatype]
        if min(flat) < least or max(flat) > most:
            raise Refusal(f"input {name!r}: an element is outside the range of {datatype}")
    if datatype not in _LARGEST:
        return np.array(flat, dtype=kind)
    return _floats(name, datatype, flat)


def _floats(name: str, datatype: str, flat: list[Any]) -> NDArray[Any]:
    """A number too large for the data type is refused: infinity would be another value than the one sent."""
    largest = _LARGEST[datatype]
    if flat and -largest <= min(flat) and max(flat) <= largest:
        return np.array(flat, dtype=NUMPY[datatype])
    try:
        with np.errstate(over="ignore"):
            array = np.array(flat, dtype=np.float64).astype(NUMPY[datatype])
    except OverflowError as error:
        raise Refusal(f"input {name!r}: an element is outside the range of {datatype}") from error
    if np.isinf(array).any():
        raise Refusal(f"input {name!r}: an element is outside the range of {datatype}")
    return array


def _flatten(name: str, shape: list[int], data: list[Any], rules: Rules) -> list[Any]:
    """Row-major elements of ``data``, which is either flat or nested exactly as ``shape`` says."""
    if list not in map(type, data):
        return data
    if rules.any_nesting:
        return list(_leaves(data))
    level: list[Any] = data
    if not shape or len(level) != shape[0]:
        raise Refusal(f"input {name!r}: data of {len(level)} rows does not fit shape {shape}")
    for axis, dimension in enumerate(shape[1:], start=1):
        below: list[Any] = []
        for row in level:
            if not isinstance(row, list) or len(row) != dimension:
                raise Refusal(f"input {name!r}: data is neither flat nor nested as {shape} (dimension {axis})")
            below += row
        level = below
    if any(isinstance(each, list) for each in level):
        raise Refusal(f"input {name!r}: data is nested more deeply than shape {shape}")
    return level


def _leaves(data: list[Any]) -> Any:
    for each in data:
        if isinstance(each, list):
            yield from _leaves(each)
        else:
            yield each
