"""The table of what new checks cost: by file of checks, with what others send less, and everything in its sums."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from benchmarks.cost_of_change import table


def document(requests: int, **sent: int) -> Any:
    checks = [SimpleNamespace(slug=slug, suite="s", group=slug[0], exchanges_total=each) for slug, each in sent.items()]
    return SimpleNamespace(run=SimpleNamespace(requests=requests), checks=checks)


def test_new_checks_and_what_pays_for_them_have_rows() -> None:
    lines = [*table(document(1000, a1=500, b1=400, c1=90), document(1020, a1=300, a2=5, b1=405, c1=90, d1=200))][2:]
    assert lines == [
        "| s/d | `d1` | 0 | 200 | +200 |",
        "| s/a | `a2` | 500 | 305 | -195 |",
        "| 3 others | | 500 | 515 | +15 |",
        "| all | 2 | 1000 | 1020 | +20 |",
    ]
