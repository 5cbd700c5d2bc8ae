"""The order of items: first ones, prerequisites, last ones."""

from __future__ import annotations

from dataclasses import dataclass

from harness.check import REGISTRY, Check, Registry, check
from harness.run.planning.order import in_order


@dataclass
class Item:
    check: Check


def made(slug: str, *, needs: tuple[str, ...] = (), first: bool = False, last: bool = False) -> Check:
    def function(probe: object) -> None:
        """A sentence."""

    function.__name__ = slug.replace("-", "_")
    before = dict(REGISTRY.checks)
    try:
        check(slug, duties=["A15-4-d"], criterion="c", needs=needs, first=first, last=last)(function)
    finally:
        REGISTRY.checks.clear()
        REGISTRY.checks.update(before)
    found: Check = function.__check__  # type: ignore[attr-defined]
    return found


def test_first_then_prerequisites_then_last() -> None:
    checks = [
        made("an-end", last=True),
        made("of-two", needs=("of-one",)),
        made("of-one"),
        made("a-start", first=True, needs=("of-two",)),
    ]
    registry = Registry({each.slug: each for each in checks})
    order = [item.check.slug for item in in_order([Item(each) for each in checks], registry)]
    assert order == ["a-start", "of-one", "of-two", "an-end"]
