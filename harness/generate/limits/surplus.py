"""Inputs with more values than the model describes: a fixed dimension that is larger, with the data to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from harness.generate.distinct import distinct
from harness.generate.members import encoded
from harness.wire.messages import InferRequest, TensorMetadata

# At most so many elements.
MOST = 4096


@dataclass(frozen=True, slots=True)
class Surplus:
    """One input of one row that is too wide; twice, with other values behind those that the model has a place for."""

    why: str
    bodies: tuple[bytes, bytes]


def surplus(base: InferRequest, described: Sequence[TensorMetadata]) -> Iterator[Surplus]:
    """Each enlargement of the first input whose last dimension is fixed, and which holds one row of it.

    Args:
        base: a request of one row.
    """
    fixed = {each.name: each.shape[-1] for each in described if each.shape and each.shape[-1] > 0}
    others = list(distinct(base, 3))
    for position, tensor in enumerate(base.inputs):
        size = fixed.get(tensor.name)
        if size is None or size != len(tensor.elements) or tensor.shape[-1:] != (size,) or len(others) < 2:
            continue
        for wide in (size + 1, 2 * size, 4 * size):
            if wide <= MOST:
                first, second = (
                    _body(
                        base, position, [*tensor.elements, *islice(cycle(each.inputs[position].elements), wide - size)]
                    )
                    for each in others[-2:]
                )
                yield Surplus(f"input {tensor.name!r} with a dimension of {wide} for {size}", (first, second))
        return


def _body(base: InferRequest, position: int, elements: list[object]) -> bytes:
    value = base.to_value()
    entry = value["inputs"][position]
    shape = [*entry["shape"][:-1], len(elements)]
    value["inputs"][position] = {**entry, "shape": shape, "data": elements}
    return encoded(value)
