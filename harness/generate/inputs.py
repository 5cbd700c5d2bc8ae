"""First requests for an unknown model: candidates made from its metadata, plainest first.

Nothing assumes an echo model. A candidate only has to be *valid by the metadata*; whether the model likes it is
found out by sending it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import cycle, islice

from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest, TensorMetadata
from harness.wire.tensor import Tensor

Element = bool | int | float | str

# A candidate with more elements over all its inputs is not tried: an image in full size is fine, a typing error is not.
MAX_ELEMENTS = 2_000_000
# After so many positions the values of :func:`element` come again, whatever the datatype.
REPEATED = 8 * 26
# After so many inputs, the values of candidates come again.
PERIOD = 4


def concrete(shape: Sequence[int], variable: int, batch: int = 1) -> tuple[int, ...]:
    """``shape`` with the leading -1 replaced by ``batch`` and every other -1 by ``variable``."""
    return tuple(
        dimension if dimension >= 0 else (batch if axis == 0 else variable) for axis, dimension in enumerate(shape)
    )


def fewest(inputs: Sequence[TensorMetadata], *, batch: int = 1) -> int:
    """How many elements the smallest request of so many rows has, over all inputs."""
    return sum(math.prod(concrete(tensor.shape, 1, batch)) for tensor in inputs)


def element(datatype: str, index: int, step: int) -> Element:
    """The value at flat position ``index``: zeros and empty texts for step 0, small distinct values above."""
    kind = DATATYPES[datatype].kind
    if kind == "bool":
        return bool((index * step) % 2)
    if kind == "bytes":
        return "abcdefghijklmnopqrstuvwxyz"[(index * step) % 26] if step else "a"
    if kind == "float":
        return float((index * step) % 8) / 2
    return (index * step) % 8


@lru_cache(maxsize=1)
def example_tensor(
    metadata: TensorMetadata, *, variable: int = 1, batch: int = 1, step: int = 1, offset: int = 1
) -> Tensor:
    """One valid tensor for ``metadata``; deterministic. Another ``offset`` gives other values.

    The last one is kept: a model over two transports is asked with one and the same large tensor.
    """
    shape = concrete(metadata.shape, variable, batch)
    count = math.prod(shape)
    # The same few objects again and again: millions of their own would take hundreds of megabytes.
    few = [element(metadata.datatype, index + offset, step) for index in range(min(count, REPEATED))]
    elements = tuple(islice(cycle(few), count))
    return Tensor(metadata.name, metadata.datatype, shape, elements)


def candidates(inputs: Sequence[TensorMetadata], *, batch: int = 1, most: int = MAX_ELEMENTS) -> Iterator[InferRequest]:
    """Valid requests in the order in which they should be tried; none for metadata that cannot be filled.

    None has more than ``most`` elements over all inputs: what is made is bounded, whatever the metadata say.
    """
    if not _fillable(inputs):
        return
    for variable, step in ((1, 1), (2, 1), (1, 0), (4, 1), (8, 3)):
        if sum(math.prod(concrete(tensor.shape, variable, batch)) for tensor in inputs) <= most:
            yield InferRequest(
                # Every input gets values of its own, so that a server that mixes inputs up is seen to.
                inputs=tuple(
                    example_tensor(tensor, variable=variable, batch=batch, step=step, offset=1 + 2 * position)
                    for position, tensor in enumerate(inputs)
                )
            )


def coded(inputs: Sequence[TensorMetadata], *, most: int = MAX_ELEMENTS) -> Iterator[InferRequest]:
    """Valid requests by which each input is told from every other: no two have the same elements in all of them.

    The values of :func:`candidates` come again after a few inputs. Here the first request is filled by the lowest bit
    of an input's place, the next one by the next bit, and so on. None for as few inputs as those tell apart.
    """
    if len(inputs) <= PERIOD or not _fillable(inputs) or fewest(inputs) > most:
        return
    for bit in range((len(inputs) - 1).bit_length()):
        yield InferRequest(
            tuple(example_tensor(tensor, offset=1 + (place >> bit) % 2) for place, tensor in enumerate(inputs))
        )


def _fillable(inputs: Sequence[TensorMetadata]) -> bool:
    return bool(inputs) and all(tensor.datatype in DATATYPES for tensor in inputs)
