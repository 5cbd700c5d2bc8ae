"""Where two documents differ: the places, as people name them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import msgspec

from reports.evidence import Evidence

MOST = 5
# Members that name a row of a list.
_NAMES = ("id", "root", "kind", "question", "name")


def unlike(one: Evidence, other: Evidence) -> list[str]:
    """The first places at which they differ, such as ``duties[A15-4-d].state``."""
    return [*itertools.islice(_places(msgspec.to_builtins(one), msgspec.to_builtins(other), ""), MOST)]


def _places(one: Any, other: Any, path: str) -> Iterator[str]:  # noqa: ANN401 -- values of JSON
    if one == other:
        return
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for name in one:
            yield from _places(one[name], other[name], f"{path}.{name}" if path else name)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, (mine, yours) in enumerate(zip(one, other, strict=True)):
            yield from _places(mine, yours, f"{path}[{_name(mine, place)}]")
    else:
        yield path


def _name(row: Any, place: int) -> str:  # noqa: ANN401 -- values of JSON
    if isinstance(row, dict):
        named = (row[name] for name in _NAMES if isinstance(row.get(name), str))
        return str(next(named, place))[:60]
    return str(place)
