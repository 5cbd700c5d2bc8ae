"""The pages of a bundle are in one language, which a run is asked for, and another can be made of it later."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.commands.evidence import report
from harness.option import options_of
from reports.bundle import PAGES, finish
from reports.page.render import ANNEX, REPORT, render
from reports.text.formats import figure, number, seconds, span, when
from reports.text.sentences import PLACE, languages, sentences
from reports.verification.page_form import language_of, not_inert
from reports.verification.verify import verify
from tests.reports.test_page import FORBIDDEN as FORBIDDEN_IN_ENGLISH

OTHERS = sorted({*languages()} - {"en"})


def test_every_language_can_be_asked_for() -> None:
    offered = {
        name: option.choices for name in ("pytest", "report") for option in options_of(name) if option.field == "lang"
    }
    assert [{*choices} for choices in offered.values()] == [{*languages()}, {*languages()}]


@pytest.mark.parametrize("code", OTHERS)
def test_the_pages_can_be_made_in_another_language(copied: Path, code: str) -> None:
    evidence = (copied / "evidence.json").read_bytes()
    assert CliRunner().invoke(report, [str(copied), "--lang", code]).exit_code == 0
    pages = {name: (copied / name).read_bytes() for name in PAGES}
    assert {language_of(page) for page in pages.values()} == {code}
    assert pages == render(evidence, code) != render(evidence)
    assert [not_inert(page) for page in pages.values()] == [None, None]
    assert (copied / "evidence.json").read_bytes() == evidence
    assert verify(copied).problems == []


@pytest.mark.parametrize("code", OTHERS)
def test_a_page_in_another_language_than_its_bundle_is_no_page_of_it(copied: Path, code: str) -> None:
    other = render((copied / "evidence.json").read_bytes(), code)
    (copied / ANNEX).write_bytes(other[ANNEX])
    assert ANNEX in {problem.file for problem in verify(copied).problems}


def test_without_a_word_the_pages_are_in_the_language_of_the_run(copied: Path) -> None:
    finish(copied, language=OTHERS[0])
    finish(copied)
    assert language_of((copied / REPORT).read_bytes()) == "en"
    assert verify(copied).problems == []


def test_the_language_of_the_run_is_in_its_record(sealed: Path) -> None:
    document = json.loads((sealed / "evidence.json").read_bytes())
    for code in (*OTHERS, "tlh"):
        document["run"]["config_given"]["lang"] = code
        made = render(json.dumps(document).encode())
        assert {language_of(page) for page in made.values()} == {code if code in OTHERS else "en"}


@pytest.mark.parametrize("code", languages())
def test_figures_and_times_are_written_as_the_language_does(code: str) -> None:
    said = sentences(code)
    sign = said("format.decimal")
    assert figure(said, 0.125) == f"0{sign}125"
    assert number(said, 1234567) == "1\u00a0234\u00a0567"
    assert (seconds(said, 1.5), span(said, 0.0015)) == (f"1{sign}50\u00a0s", f"1{sign}5\u00a0ms")
    assert said("robustness.told", size=0.25, changed="1", rows="4").count(f"0{sign}25") == 1
    told = when(said, "2026-11-21T09:02:11.5Z")
    assert re.findall(r"\d+", told) in (["2026", "11", "21", "09", "02", "11"], ["21", "11", "2026", "09", "02", "11"])


# What only an assessor may say of a system; a model's own scores are meant by the word where it is of the field.
FORBIDDEN = {
    # A certificate of TLS is one.
    "de": re.compile(r"konform|zertifi(?!kat)|gesetzestreu|\bPunktzahl", re.IGNORECASE),
    "en": FORBIDDEN_IN_ENGLISH,
    "fr": re.compile(r"conform|certifi(?!cat)|homologu|\bnote globale", re.IGNORECASE),
}


@pytest.mark.parametrize("code", languages())
def test_no_sentence_says_what_an_assessor_alone_may_say(code: str) -> None:
    measured = ("page.short.radius", "picture.", "page.attacks.", "attacks.", "page.accuracy.", "accuracy.", "metric.")
    said = sentences(code)
    found = {name for name, text in said.rows.items() if FORBIDDEN[code].search(PLACE.sub("", text))}
    assert {name for name in found if code != "en" or not name.startswith(measured)} == set()
