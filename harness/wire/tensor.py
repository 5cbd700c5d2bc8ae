"""Tensors as values, and their two JSON forms: flat in row-major order, or nested dimension by dimension.

Source: inference_rest.md, "Tensor Data".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.check import Untestable

# Elements of one tensor that are written out one by one where nobody says otherwise.
WRITTEN = 2_000_000
# A JSON body within the default budget cannot hold more elements than this.
MAX_ELEMENTS = 1 << 26
# What a shape says beyond this is not multiplied out: a thousand long numbers take minutes, and no tensor is as large.
MAX_PRODUCT = 1 << 64


@dataclass(frozen=True, slots=True)
class Tensor:
    """A named tensor.

    Attributes:
        datatype: name as on the wire; not restricted to those the protocol knows.
        shape: sizes of the dimensions; ``()`` is a scalar.
        elements: all elements, flat, row-major.
        parameters: the member ``parameters`` of the JSON object; None leaves it out.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    elements: tuple[Any, ...]
    parameters: Mapping[str, Any] | None = None


class TooLarge(Untestable):
    """A tensor of so many elements that it travels as raw bytes only: who needs another form of it is untestable."""


@dataclass(slots=True)
class _Bound:
    """What the policy of the run allows; one process carries out one run at a time."""

    written: int = WRITTEN


_BOUND = _Bound()


def allow_written(elements: int) -> None:
    """Let so many elements of a tensor be written out one by one, from now on."""
    _BOUND.written = elements


def is_large(elements: int) -> bool:
    """Whether so many elements travel as raw bytes only."""
    return elements > _BOUND.written


def refuse_large(tensor: Tensor, form: str) -> None:
    """Let a tensor pass that may be written out, in a form of this name.

    Raises:
        TooLarge: it may not.
    """
    if is_large(count := len(tensor.elements)):
        raise TooLarge(
            f"{form} of {count} elements is not made, and {_BOUND.written} are the limit: "
            "raise it with [limits] elements in the policy"
        )


def product(shape: Sequence[int]) -> int:
    """Number of elements of a shape; the empty product is 1, one far beyond 2^64 stays at some number beyond it.

    Raises:
        TypeError: a dimension is not an integer.
    """
    found = 1
    for size in shape:
        if not isinstance(size, int):
            raise TypeError(f"a dimension is {type(size).__name__}, not an integer")
        if size == 0 or abs(found) <= MAX_PRODUCT:
            found *= size
    return found


def nest(elements: Sequence[Any], shape: Sequence[int]) -> Any:  # noqa: ANN401 -- a list, or the element of a scalar
    """Flat elements as nested lists: shape ``(2, 3)`` gives two lists of three; shape ``()`` the element itself.

    Raises:
        ValueError: the number of elements is not the product of the shape.
    """
    if len(elements) != product(shape):
        raise ValueError(f"{len(elements)} elements do not fill shape {list(shape)}")
    level: list[Any] = list(elements)
    for axis in range(len(shape) - 1, -1, -1):
        size, rows = shape[axis], product(shape[:axis])
        level = [level[row * size : (row + 1) * size] for row in range(rows)]
    # Every axis, the first included, has been folded once: one list, or the scalar, is left.
    return level[0]


def flatten(data: object, limit: int = MAX_ELEMENTS) -> list[Any]:
    """All elements in row-major order, whatever the nesting; anything but a list is an element.

    Raises:
        ValueError: more than ``limit`` elements.
    """
    if isinstance(data, list) and not any(isinstance(item, list) for item in data):
        return _within(list(data), limit)
    flat: list[Any] = []
    stack: list[Iterator[Any]] = [iter([data])]
    while stack:
        for item in stack[-1]:
            if isinstance(item, list):
                stack.append(iter(item))
                break
            flat.append(item)
        else:
            stack.pop()
            _within(flat, limit)
    return _within(flat, limit)


def _within(flat: list[Any], limit: int) -> list[Any]:
    if len(flat) > limit:
        raise ValueError(f"more than {limit} elements")
    return flat


def nesting_matches(data: object, shape: Sequence[int]) -> bool:
    """Whether ``data`` is nested exactly as ``shape`` says, with no list where an element is due."""
    level = [data]
    for size in shape:
        if not all(isinstance(item, list) and len(item) == size for item in level):
            return False
        level = [element for item in level if isinstance(item, list) for element in item]
    return not any(isinstance(item, list) for item in level)


def to_json(tensor: Tensor, *, nested: bool = False) -> dict[str, Any]:
    """The tensor as an entry of ``inputs``.

    Raises:
        ValueError: nested, and the elements do not fill the shape; or bytes that are no UTF-8 text.
        TooLarge: it has too many elements.
    """
    refuse_large(tensor, "JSON")
    elements = list(tensor.elements)
    if bytes in map(type, elements):
        elements = [each.decode() if isinstance(each, bytes) else each for each in elements]
    entry: dict[str, Any] = {
        "name": tensor.name,
        "shape": list(tensor.shape),
        "datatype": tensor.datatype,
        "data": nest(elements, tensor.shape) if nested else elements,
    }
    if tensor.parameters is not None:
        entry["parameters"] = dict(tensor.parameters)
    return entry
