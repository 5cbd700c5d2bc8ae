"""Both pages with keys alone: everything is reached in order, nothing traps, and it is seen where one is."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.page.render import ANNEX, REPORT
from tests.reports.chromium import needs_chromium
from tests.reports.keyboard import Walk, keyboard

pytestmark = [pytest.mark.slow, needs_chromium]


def test_both_pages_are_walked_with_keys_alone(sealed: Path, tmp_path: Path) -> None:
    with keyboard(tmp_path) as walk:
        for name, begin in ((REPORT, "#answers"), (ANNEX, "#main")):
            controls = walk.opened(sealed / name)
            skips_to(walk, begin)
            walk.opened(sealed / name)
            walked(walk, controls)


def skips_to(walk: Walk, begin: str) -> None:
    """The first control goes to where the page begins, and the walk goes on there."""
    assert walk.pressed("Tab")["place"] == 0
    assert walk.pressed("Enter")["hash"] == begin
    assert walk.pressed("Tab")["behind"]


def walked(walk: Walk, controls: list[str]) -> None:
    """There, unfolding what is folded, and back, folding it again."""
    for place, control in enumerate(controls):
        found = walk.pressed("Tab")
        assert found["place"] == place, (control, found)
        assert found["outlined"], control
        assert found["visible"], control
        if found["tag"] == "summary" and not found["open"]:
            assert walk.pressed("Enter")["open"], control
    assert walk.pressed("Tab")["place"] in (-1, 0), "behind its last control the focus leaves the page"
    for place, control in reversed([*enumerate(controls)]):
        found = walk.pressed("Tab", shift=True)
        assert found["place"] == place, (control, found)
        assert found["outlined"], control
        if found["tag"] == "summary":
            assert not walk.pressed("Enter")["open"], control
    assert walk.pressed("Tab", shift=True)["place"] in (-1, len(controls) - 1)
