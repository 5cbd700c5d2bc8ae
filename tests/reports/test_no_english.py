"""In another language, whatever people are shown of a bundle holds no English sentence of ours that is not marked."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner

from harness.commands.catalogue import explain
from harness.commands.comparing import diff, history
from harness.commands.evidence import verify
from harness.run.outcomes import Exit
from harness.run.terminal.summary import write_summary
from reports.bundle import finish
from reports.evidence import decode
from reports.page.render import render
from reports.text.sentences import languages, sentences
from tests.reports.english import Shown, english_in

OTHERS = sorted({*languages()} - {"en"})


class Lines:
    """What pytest's terminal is told."""

    def __init__(self) -> None:
        self.verbosity = 1
        self.written: list[str] = []

    def write_line(self, text: str, **_: bool) -> None:
        """A line."""
        self.written.append(text)

    def section(self, text: str) -> None:
        """A heading."""
        self.written.append(text)


def spoken(command: click.Command, *args: object) -> list[str]:
    return CliRunner().invoke(command, [str(each) for each in args]).output.splitlines()


def test_english_would_be_seen() -> None:
    page = '<p>so</p><img alt="The run was cut short: x"><p lang="en">the endpoint serves no more</p><p>Kein Satz</p>'
    assert english_in(Shown(page).texts, "de") == ["The run was cut short: x"]
    assert english_in(["checked: 3 files against the manifest"], "fr") != []


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("bundle", ["sealed", "drilled"])
def test_pages(bundle: str, code: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(bundle)
    for name, page in render((folder / "evidence.json").read_bytes(), code).items():
        assert english_in(Shown(page.decode()).texts, code) == [], name


@pytest.mark.parametrize("code", OTHERS)
def test_commands(code: str, sealed: Path, drilled: Path, tmp_path: Path) -> None:
    torn = tmp_path / "torn"
    shutil.copytree(sealed, torn)
    (torn / "journal.jsonl").write_bytes((sealed / "journal.jsonl").read_bytes()[:-40])
    (torn / "report.html").unlink()
    for folder in (sealed, drilled, torn):
        assert english_in(spoken(verify, folder, "--lang", code), code) == []
    assert english_in(spoken(diff, sealed, drilled, "--lang", code), code) == []
    page = "\n".join(spoken(history, sealed, drilled, "--lang", code))
    assert f'<html lang="{code}">' in page
    assert english_in(Shown(page).texts, code) == []
    for name in ("wrong_answer", "no-crash", "true-counters", "texts-end-at-nul"):
        lines = [line for line in spoken(explain, name, "--lang", code) if not line.startswith(("Kl", "cl"))]
        assert len(lines) > 1 or name == "wrong_answer"
        assert english_in(lines, code) == [], name


@pytest.mark.parametrize("code", OTHERS)
def test_the_end_of_a_run(code: str, sealed: Path) -> None:
    evidence, lines = decode((sealed / "evidence.json").read_bytes()), Lines()
    terminal: Any = lines
    config = SimpleNamespace(
        folder=sealed, said=sentences(code), accepting=SimpleNamespace(requirements=SimpleNamespace(name="x"))
    )
    run: Any = SimpleNamespace(
        report=sealed / "report.html", config=config, results={}, unproven=[], compared=lambda: None,
        unsampled={"m": ("no request is known that model 'm' takes: what to give stands once, with the model", "")},
        redactor=SimpleNamespace(text=str), exit=Exit(1, ("2 checks failed (a, b)", "no check decided anything")),
    )  # fmt: skip
    write_summary(terminal, run)
    told = [each.title for each in evidence.summary.findings if each.verdict != "untestable"]
    assert len(lines.written) > len(told) > 0
    # What was seen and what was expected are evidence.
    seen = [
        text for check in evidence.checks for case in check.counterexamples for text in (case.expected, case.observed)
    ]
    left = [text for text in lines.written if not any(each and each[:40] in text for each in seen)]
    assert english_in(left, code) == []


def test_without_a_word_the_commands_speak_the_language_of_the_run(copied: Path) -> None:
    document = json.loads((copied / "evidence.json").read_bytes())
    assert "lang" not in document["run"]["config_given"]
    journal = (copied / "journal.jsonl").read_text()
    assert spoken(verify, copied)[0].startswith("self-consistent")
    with contextlib.suppress(OSError):
        finish(copied, language=OTHERS[0])
    assert spoken(verify, copied)[0].startswith("self-consistent")
    assert (copied / "journal.jsonl").read_text() == journal
