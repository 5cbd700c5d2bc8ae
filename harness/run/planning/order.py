"""The order of items: first ones, prerequisites before what needs them, last ones; otherwise as registered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from harness.check import Check, Registry


class HasCheck(Protocol):
    """Anything that carries a check."""

    check: Check


T = TypeVar("T", bound=HasCheck)


def in_order(items: Sequence[T], registry: Registry, ranks: Mapping[str, int] | None = None) -> list[T]:
    """Items sorted by how deep their prerequisites go, then as registered; a circle counts as depth so far.

    With ``ranks`` (a place for each slug, after what it needs) they are sorted by those instead, so that a check is
    carried out on all models before the next one is.

    Checks that ask to be first or last are, whatever they need: what is needed and has not run yet blocks nothing.
    Those that only read what was recorded come at the very end.
    """
    depths: dict[str, int] = {}
    registered = {slug: number for number, slug in enumerate(registry.checks)}

    def depth(slug: str, above: tuple[str, ...] = ()) -> int:
        if slug in above or slug not in registry.checks:
            return 0
        if slug not in depths:
            needs = registry.checks[slug].needs
            depths[slug] = max((depth(need, (*above, slug)) + 1 for need in needs), default=0)
        return depths[slug]

    def place(item: T) -> tuple[int, int, int]:
        slug = item.check.slug
        rank = depth(slug) if ranks is None else ranks.get(slug, len(ranks))
        return item.check.last - item.check.first, rank, registered.get(slug, len(registered))

    return sorted(items, key=place)
