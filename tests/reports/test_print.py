"""In a real browser: what is folded is printed, the report is short, nothing is asked for, nothing overflows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reports.page.render import ANNEX, REPORT
from tests.reports.chromium import asked_for, looked_at, needs_chromium, printed
from tests.reports.sample import RUN_ID

pytestmark = [pytest.mark.slow, needs_chromium]


@pytest.mark.parametrize("bundle", ["sealed", "drilled"])
def test_folded_parts_are_printed(bundle: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    sealed: Path = request.getfixturevalue(bundle)
    opened, bare = tmp_path / "opened.html", tmp_path / "bare.html"
    text = (sealed / ANNEX).read_text()
    opened.write_text(re.sub(r"<details(?![^>]* open)", "<details open", text))
    bare.write_text(re.sub(r"(?s)<details.*?</details>", "", text))
    whole, unfolded, without = (len(printed(each, tmp_path)) for each in (sealed / ANNEX, opened, bare))
    assert whole == unfolded > without


@pytest.mark.parametrize("paper", ["A4", "letter"])
def test_the_report_is_short_and_every_sheet_says_what_it_is(paper: str, sealed: Path, tmp_path: Path) -> None:
    sheets = printed(sealed / REPORT, tmp_path, paper)
    assert len(sheets) <= 8
    for number, text in enumerate(sheets, 1):
        assert f"Report {RUN_ID}" in text
        assert f"page {number} / {len(sheets)}" in text
    assert f"End of report {RUN_ID}" in sheets[-1]
    first = " ".join(" ".join(sheets[:2]).split())
    for text in ("Tested by", "not stated", "Does it keep the protocol?", "What was not shown?", "What to do next"):
        assert text in first


@pytest.mark.parametrize("name", [REPORT, ANNEX])
@pytest.mark.parametrize(("width", "dark"), [(320, False), (1200, True)])
def test_rules_of_accessibility_and_narrow_screens(
    name: str, width: int, dark: bool, sealed: Path, tmp_path: Path
) -> None:
    seen = looked_at(sealed / name, tmp_path, width, dark=dark)
    assert seen["broken"] == []
    assert seen["wide"] == 0


@pytest.mark.parametrize("name", [REPORT, ANNEX])
def test_nothing_is_asked_for_and_the_console_is_silent(name: str, drilled: Path, tmp_path: Path) -> None:
    asked, console = asked_for(drilled / name, tmp_path)
    assert [each for each in asked if "google" not in each] == []
    assert console == ""
