"""Whatever stands in any string of a bundle's document: what leaves the tool is obeyed by nothing, and stays valid."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.bundle.store import store_of
from harness.run.bundles.drill_table import drill_table
from harness.run.bundles.issue import issue_of
from harness.run.terminal.summary import _write_findings
from reports.comparison.compare import compare
from reports.comparison.words import comparison_lines
from reports.evidence import Evidence, decode
from reports.exports import exports
from reports.text.neutralise import plain
from reports.text.sentences import sentences
from tests.reports.hostile_words import EVIL
from tests.reports.test_page import CLOSED
from tests.reports.test_tool_exports import INVISIBLE, as_a_forge_does, sarif_schema

WORDS = st.one_of(st.text(max_size=40), st.sampled_from([each.replace("\ud800", "?")[:300] for each in EVIL]))
OURS = {
    "h2",
    "h3",
    "p",
    "ul",
    "li",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "code",
    "strong",
    "br",
    "details",
    "summary",
}


def poisoned(value: Any, words: Iterator[str]) -> Any:
    """The value with words before each string that is free."""
    if isinstance(value, dict):
        return {name: each if name in CLOSED else poisoned(each, words) for name, each in value.items()}
    if isinstance(value, list):
        return [poisoned(each, words) for each in value]
    return f"{next(words)}{value}" if isinstance(value, str) else value


class Terminal:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write_line(self, line: str, **_: bool) -> None:
        self.lines.append(line)

    def section(self, title: str) -> None:
        self.lines.append(title)


@pytest.fixture(scope="module", params=["sealed", "drilled"])
def folder(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(request.param)
    return found


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.lists(WORDS, min_size=1, max_size=8))
def test_words_in_any_string_leave_as_words(folder: Path, drawn: list[str]) -> None:
    document = evil_document(folder, drawn)
    made = {each.form: b"".join(each.make(document, store_of(folder))).decode() for each in exports()}
    for form, text in made.items():
        assert not INVISIBLE.search(text), form
        if form not in ("csv", "markdown"):
            assert text.isascii(), form
            assert form == "har" or not INVISIBLE.search(json.dumps(json.loads(text), ensure_ascii=False)), form
    sarif_schema().validate(json.loads(made["sarif"]))
    for row in csv.reader(io.StringIO(made["csv"], newline=""), strict=True):
        assert not [part for cell in row for part in cell.split(";") if part.lstrip().startswith(("=", "+", "-", "@"))]
    html = as_a_forge_does(made["markdown"])
    assert set(re.findall(r"<(\w+)", html)) <= OURS
    assert not re.search(r"(?i)@\w|#\d|\bGH-\d|://\w|www\.", html)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.lists(WORDS, min_size=1, max_size=8))
def test_words_in_any_string_are_not_obeyed_by_a_terminal(folder: Path, drawn: list[str]) -> None:
    document, said, terminal = evil_document(folder, drawn), sentences(), Terminal()
    _write_findings(terminal, said, document, document.summary.findings, folder)  # type: ignore[arg-type]
    told = [each for each in document.summary.findings if each.verdict in ("fail", "warn")]
    for name in {name for finding in told for name in finding.checks}:
        found = issue_of(document, store_of(folder), name)
        assert "\n" not in found.title
        terminal.lines += [found.title, *found.text.split("\n")]
    seen = compare(document, decode((folder / "evidence.json").read_bytes()))
    terminal.lines += map(plain, comparison_lines(said, seen))
    terminal.lines += map(plain, drill_table(document.drills).lines)
    for line in terminal.lines:
        assert not INVISIBLE.search(line)
        assert "\n" not in line


def evil_document(folder: Path, drawn: list[str]) -> Evidence:
    """The document with these words in every string, over and over."""

    def words() -> Iterator[str]:
        while True:
            yield from drawn

    return decode(json.dumps(poisoned(json.loads((folder / "evidence.json").read_bytes()), words())).encode())
