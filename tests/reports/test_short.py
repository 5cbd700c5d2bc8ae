"""The report: short, of our form, its links lead somewhere, and its numbers stand in the document."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from reports.bundle import finish
from reports.document.answers import answers
from reports.evidence import AnswerState, Evidence, QuestionName, decode
from reports.page.marks import ANSWERS
from reports.page.render import ANNEX, REPORT, render
from reports.page.sources import is_source, specification
from reports.text.sentences import sentences
from reports.verification.page_form import not_inert
from tests.reports import factory
from tests.reports.reading import Page
from tests.reports.test_page import CLOSED, FORBIDDEN

SECTIONS = ["answers", "pictures", "findings", "levels", "case", "extract", "limits", "method", "signatures"]


@pytest.fixture(scope="module")
def data(sealed: Path) -> bytes:
    return (sealed / "evidence.json").read_bytes()


@pytest.fixture(scope="module")
def document(data: bytes) -> Evidence:
    return decode(data)


@pytest.fixture(scope="module")
def page(sealed: Path) -> Page:
    return Page((sealed / REPORT).read_text())


def led(page: Page, annex: Page) -> list[str]:
    """Links that lead nowhere."""
    inside, beyond = {f"#{each}" for each in page.ids}, {f"{ANNEX}#{each}" for each in annex.ids}
    return [link for link in page.links if link not in inside | beyond and not is_source(link)]


def test_both_are_of_our_form_and_the_same_twice(sealed: Path, data: bytes) -> None:
    assert render(data) == render(data) == {name: (sealed / name).read_bytes() for name in (REPORT, ANNEX)}
    assert [not_inert(each) for each in render(data).values()] == [None, None]


def test_sections_in_order(page: Page) -> None:
    assert [each for each in page.ids if each in SECTIONS] == SECTIONS


def test_headings_and_tables_can_be_walked(page: Page) -> None:
    assert page.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
    assert all(table.captions == 1 and table.headers and not table.unscoped for table in page.tables)


def test_links_lead_to_both_pages_and_to_sources(page: Page, sealed: Path) -> None:
    assert len(page.ids) == len(set(page.ids))
    assert led(page, Page((sealed / ANNEX).read_text())) == []
    assert any(link.startswith("https://eur-lex.europa.eu/") for link in page.links)


@pytest.mark.parametrize("link", [
    "https://eur-lex.europa.eu/eli/reg/2024/1689/oj#x", "http://eur-lex.europa.eu/eli/reg/2024/1689/oj", "javascript:1",
    "https://github.com/kserve/open-inference-protocol/blob/d49cc23/../../x", "other.html#a", "annex.html?a#b", "//x",
])  # fmt: skip
def test_no_other_link_is_ours(link: str, sealed: Path) -> None:
    html = (sealed / REPORT).read_text()
    assert not_inert(html.replace('href="#answers"', f'href="{link}"', 1).encode()) is not None


def test_a_source_is_made_of_known_parts_alone() -> None:
    assert is_source(specification("inference_rest.md", "d49cc23") or "")
    assert specification("inference_rest.md", "d49cc23/x") is None
    assert specification("Triton extension_binary_data.md", "d49cc23") is None


def test_what_is_not_stated_stands_out(page: Page, sealed: Path) -> None:
    html = (sealed / REPORT).read_text()
    for label in ("Place of the test", "Intended purpose"):
        assert re.search(rf"<dt>{label}</dt><dd>.*?</dd>", html)
    assert '<strong class="missing">not stated</strong>' in html
    assert "Regulation (EU) 2024/1689" in page.words


def test_every_question_is_asked_and_answered(page: Page, document: Evidence) -> None:
    said = sentences()
    asked = [each.question for each in document.summary.answers]
    assert asked == list(QuestionName.__args__)  # type: ignore[attr-defined]
    assert set(ANSWERS) == set(AnswerState.__args__)  # type: ignore[attr-defined]
    for question in asked:
        assert said(f"question.{question}") in page.words
    assert "No: 2 of 5 tested MUST clauses" in page.words
    assert "Sent again:" in page.words or "Can the checks fail?" in page.words


def test_forbidden_words_are_absent(page: Page) -> None:
    assert FORBIDDEN.search(page.words) is None
    assert "%" not in page.words


def test_no_code_stands_without_its_text(page: Page, document: Evidence) -> None:
    """Clauses are named beside their words, duties by their words alone."""
    assert not re.search(r"\bA15-\d", page.words)
    for row in document.catalogue.clauses:
        if row.id in page.words:
            assert row.text[:100] in page.words, row.id


def test_every_number_of_the_answers_stands_in_the_document(document: Evidence) -> None:
    said = sentences()
    for answer in document.summary.answers:
        for each in answer.statements:
            text = " ".join(said.led("statement", each.kind, each.params))
            assert set(re.findall(r"\d+", text)) <= {"15", *re.findall(r"\d+", json.dumps(each.params))}, text


def test_a_check_whose_fault_was_only_named_is_not_counted_as_shown(document: Evidence) -> None:
    unshown = [structs.replace(each, faults_found=[]) for each in document.checks]
    for checks, shown in ((document.checks, True), (unshown, False)):
        said = [each for each in answers(structs.replace(document, checks=checks)) if each.question == "sure"]
        counted = [row.params["validated"] for row in said[0].statements if row.kind == "sure_validated"]
        assert [bool(each) for each in counted] == [shown]


def test_hostile_text_in_every_string_of_the_document(data: bytes) -> None:
    def poison(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: poison(member) if key not in CLOSED else member for key, member in node.items()}
        if isinstance(node, list):
            return [poison(member) for member in node]
        return f"{node}{factory.HOSTILE}" if isinstance(node, str) else node

    made = render(json.dumps(poison(json.loads(data))).encode())
    page = Page(made[REPORT].decode())
    assert not_inert(made[REPORT]) is None
    assert "script" not in page.tags
    assert all(each.startswith("data:image/svg+xml;base64,") for each in page.sources)
    assert page.open == []
    assert led(page, Page(made[ANNEX].decode())) == []
    assert "‹U+202E›" in page.words


@pytest.mark.parametrize("verdict", ["pass", "fail"])
def test_of_five_hundred_checks_the_report_stays_short(tmp_path: Path, verdict: str) -> None:
    bundle = factory.start(tmp_path)
    body = json.dumps({"data": "x" * 6000}).encode()
    exchange = bundle.exchange(body, body)
    for number in range(500):
        bad = [factory.counterexample(f"root-{number}-{n}", ["REST-HTTP-01"], exchange) for n in range(5)]
        shown = bad if verdict == "fail" else []
        line = factory.check(f"rest-{number}-holds", verdict, counterexamples=shown, exchanges=[exchange])
        bundle.journal.append("check", line)
    bundle.journal.append("close", {"exit_code": 1})
    path = finish(tmp_path)
    page = Page(path.read_text())
    assert len(re.sub(r'src="[^"]*"', "", page.html)) < 120_000
    assert len(page.html) < 400_000
    assert led(page, Page((tmp_path / ANNEX).read_text())) == []
    assert ("more in the annex" in page.words) == (verdict == "fail")


def test_a_document_of_an_earlier_release_has_a_report(data: bytes) -> None:
    raw = json.loads(data)
    del raw["summary"]["answers"], raw["report"]["place"]
    for row in raw["duties"]:
        del row["against"]
    assert "Contradicted: 2 of 5 tested MUST clauses" in Page(render(json.dumps(raw).encode())[REPORT].decode()).words


def test_what_an_earlier_release_did_not_count_is_not_told_as_none(data: bytes) -> None:
    raw = json.loads(data)
    for check in raw["checks"]:
        check["faults_found"] = []
    for given, told in ((raw, True), ({**raw, "sums": None}, False)):
        words = Page(render(json.dumps(given).encode())[REPORT].decode()).words
        assert ("Found a seeded fault: 0 of" in words) is told
        assert ("seeded in a reference server: 0 of" in words) is told
        said = [each.kind for answer in answers(decode(json.dumps(given).encode())) for each in answer.statements]
        assert ("sure_validated" in said) is told


def test_an_empty_and_a_killed_run_say_so(tmp_path: Path) -> None:
    factory.start(tmp_path)
    words = Page(finish(tmp_path).read_text()).words
    assert "This run was cut short." in words
    assert "Nothing was tested" in words
    assert [each for each in Page((tmp_path / REPORT).read_text()).ids if each in SECTIONS] == SECTIONS
