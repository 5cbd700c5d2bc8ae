"""What a run records in English stands in the language of the page where that has words for it, else marked."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.clauses import load
from harness.policy import Policy
from harness.run.planning.plan import DECISION_RULE
from harness.suite import suites
from reports.page.render import ANNEX, REPORT, render
from reports.text.quoted import FOLDER, quoted, translated
from reports.text.sentences import begun, languages, sentences

OTHERS = sorted({*languages()} - {"en"})
CATALOGUE = load()


def duties() -> Iterator[str]:
    for duty in CATALOGUE.duties.values():
        yield from filter(None, (duty.text, duty.can_show, duty.cannot_show, duty.elsewhere, duty.asks))


def recorded() -> Iterator[str]:
    yield from duties()
    yield from (fact.text for fact in CATALOGUE.law.values())
    yield from (words for suite in suites() for words in (suite.title, suite.report.heading) if words)
    yield from (DECISION_RULE, Policy().report.title)


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_has_the_words_of_every_duty_and_of_nothing_that_is_not_there(code: str) -> None:
    rows = tomllib.loads((FOLDER / f"{code}.toml").read_text())
    assert {*duties()} - {*rows} == set()
    assert {*rows} - {*recorded()} == set()
    assert all(isinstance(words, str) and words.strip() == words for words in rows.values())


def test_every_file_is_of_a_language() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == {*OTHERS}


@pytest.mark.parametrize("code", OTHERS)
def test_what_has_no_words_is_marked_as_english(code: str) -> None:
    said = sentences(code)
    duty = next(each for each in CATALOGUE.duties.values() if each.elsewhere)
    assert quoted(said, duty.text) == translated(said, duty.text) != duty.text
    assert quoted(said, duty.elsewhere) == translated(said, f"{duty.elsewhere}.") != duty.elsewhere
    assert quoted(said, sentences()("duty.outside")) == said("duty.outside")
    assert quoted(said, "seen <b>\u202e") == '<span lang="en">seen &lt;b&gt;‹U+202E›</span>'
    assert quoted(said, None) is None


def test_in_english_everything_stands_as_it_was_recorded(sealed: Path) -> None:
    assert quoted(sentences(), "seen <b>") == translated(sentences(), "seen <b>") == "seen <b>"
    assert 'lang="en">' in render((sealed / "evidence.json").read_bytes())[REPORT].decode()


@pytest.mark.parametrize("code", OTHERS)
def test_a_page_says_what_of_it_is_english(sealed: Path, code: str) -> None:
    for page in render((sealed / "evidence.json").read_bytes(), code).values():
        assert sentences(code)("page.legend.language") in page.decode()
        assert '<span lang="en">' in page.decode()


def test_a_heading_keeps_the_capitals_of_its_nouns(sealed: Path) -> None:
    page = render((sealed / "evidence.json").read_bytes(), "de")[ANNEX].decode()
    heads = re.findall(r'<p class="consequence"><strong>(.*?)</strong>', page)
    meanings = [words for _, words in sentences("de").table("consequence_meaning")]
    assert heads
    assert {*heads} <= {begun(words) for words in meanings} | {sentences("de")("page.findings.not_decided")}
