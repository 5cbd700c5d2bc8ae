"""Which of many inputs or outputs are looked at one by one: all of a few, and of many those that tell most.

What a check costs does not grow with their number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from harness.wire.tensor import Tensor

T = TypeVar("T")

# So many at most, where each costs requests.
MOST = 4
# And of each kind, where others of the kind are known to be treated alike.
OF_A_KIND = 2


def telling(items: Sequence[T]) -> list[T]:
    """The first, the last, and some in between; all of a few."""
    return [items[place] for place in _places(len(items), ())]


def telling_inputs(inputs: Sequence[Tensor]) -> list[int]:
    """Positions of the inputs to make a mistake in, in their order.

    Of many, the first one of each kind (data type and rank) comes before those in between, as far as there is room. A
    server may look at the first input only, and treats alike what is alike.
    """
    firsts = {_kind(tensor): place for place, tensor in reversed([*enumerate(inputs)])}
    return _places(len(inputs), sorted(firsts.values()))


def few_of_each_kind(inputs: Sequence[Tensor]) -> list[Tensor]:
    """The first inputs of each kind."""
    seen: Counter[tuple[str, int]] = Counter()
    found = []
    for tensor in inputs:
        seen[_kind(tensor)] += 1
        if seen[_kind(tensor)] <= OF_A_KIND:
            found.append(tensor)
    return found


def _places(count: int, preferred: Sequence[int]) -> list[int]:
    between = (step * count // MOST for step in range(1, MOST))
    order = [*range(count)] if count <= MOST else [0, count - 1, *preferred, *between]
    return sorted([*dict.fromkeys(order)][:MOST])


def _kind(tensor: Tensor) -> tuple[str, int]:
    return tensor.datatype, len(tensor.shape)
