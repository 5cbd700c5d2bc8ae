"""A run that is asked for another language: its pages and the end of its output are in it, its evidence is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reports.text.sentences import sentences
from reports.verification.page_form import language_of
from tests.endtoend.running import probe
from tests.reports.english import english_in

pytestmark = pytest.mark.slow


def test_a_run_speaks_the_language_that_it_was_asked_for(tmp_path: Path) -> None:
    ran = probe("embedded", tmp_path / "e", "--oip-lang", "de", "-v", "-k", "rest-live or grpc-server-live")
    said = sentences("de")
    assert re.search(r"^Prüfungen: .*\d+ bestanden.*; Anfragen: \d+$", ran.output, re.MULTILINE)
    assert said("terminal.report", path=str(ran.folder / "report.html")) in ran.output
    assert said("statement.silent.lead") in ran.output
    lines = ran.output.partition(" art15 ")[2].splitlines()
    assert len(lines) > 5
    assert english_in([line for line in lines if not line.startswith("=")], "de") == []
    assert {language_of((ran.folder / name).read_bytes()) for name in ("report.html", "annex.html")} == {"de"}
    assert ran.evidence["summary"]["statements"][-1].startswith("Counted by:")
