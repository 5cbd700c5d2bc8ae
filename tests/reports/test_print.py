"""In a real browser: what is folded is printed, the report is short, nothing is asked for, nothing overflows."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

from reports.page.render import ANNEX, REPORT, render
from reports.text.sentences import sentences
from tests.reports.chromium import asked_for, looked_at, needs_chromium, printed
from tests.reports.sample import RUN_ID

STEPS = ("page.short.next", "step.sign")
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


@pytest.mark.parametrize(("paper", "code"), [("A4", "en"), ("letter", "de"), ("letter", "fr")])
def test_the_report_is_short_and_every_sheet_says_what_it_is(
    paper: str, code: str, sealed: Path, tmp_path: Path
) -> None:
    said = sentences(code)
    page = tmp_path / REPORT
    page.write_bytes(render((sealed / "evidence.json").read_bytes(), code)[REPORT])
    # Letters that a font joins are one sign in the text of a PDF.
    sheets = [" ".join(unicodedata.normalize("NFKC", each).split()) for each in printed(page, tmp_path, paper)]
    assert len(sheets) <= 8
    for number, text in enumerate(sheets, 1):
        assert said("print.report", id=RUN_ID) in text
        assert f"{said('print.page')} {number} / {len(sheets)}" in text
    assert said("page.page.end", id=RUN_ID) in sheets[-1]
    first = " ".join(sheets[:2])
    for name in ("page.short.tested_by", "page.word.not_stated", "question.protocol", "question.silence", *STEPS):
        assert " ".join(unicodedata.normalize("NFKC", said(name)).split()) in first, name


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
