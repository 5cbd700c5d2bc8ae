"""Whether what is seen one after the other looks as if several replicas took turns in answering."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from itertools import pairwise
from typing import TypeVar

T = TypeVar("T", bound=Hashable)

# A value that was seen once may have been a moment's.
TWICE = 2


def takes_turns(seen: Iterable[Hashable]) -> bool:
    """Whether one value comes again after another one, and each of the two comes at least twice.

    What changes for good in the middle (a a b b) is a change, and what never comes again (a clock) is no replica.
    ``None`` stands for nothing seen.
    """
    known = [each for each in seen if each is not None]
    again = [value for value, times in Counter(known).items() if times >= TWICE]
    among = [each for each in known if each in again]
    changes = sum(one != other for one, other in pairwise(among))
    return len(again) > 1 and changes >= len(again)


def odd(seen: Sequence[Hashable]) -> bool:
    """Whether there is more than one value, and too little to say why."""
    return len({each for each in seen if each is not None}) > 1 and not takes_turns(seen)


def counted(seen: Iterable[T | None]) -> list[tuple[T, int]]:
    """Each value and how often it was seen, in the order of their first times."""
    return list(Counter(each for each in seen if each is not None).items())
