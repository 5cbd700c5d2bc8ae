"""The page: its structure, what it says, and what hostile text does to it (nothing)."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import unicodedata
from pathlib import Path

import pytest

from reports.bundle import finish
from reports.evidence import decode
from reports.page.render import ANNEX, REPORT, SIZE_AIM, render
from reports.text.neutralise import visible
from tests.reports import factory
from tests.reports.reading import Page
from tests.reports.sample import RUN_ID

FORBIDDEN = re.compile(r"complian|certif|conforms|\bpassed article|\bscore\b(?!s and)", re.IGNORECASE)
SECTIONS = [
    *("statement", "silence", "item", "duties", "clauses", "findings", "robustness", "load", "drills"),
    *("provenance", "checks", "method", "validation", "run", "files", "legend"),
]


@pytest.fixture(scope="module")
def html(sealed: Path) -> str:
    return (sealed / "annex.html").read_text()


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_the_page_is_a_function_of_the_document(sealed: Path, html: str) -> None:
    data = (sealed / "evidence.json").read_bytes()
    assert render(data) == render(data)
    assert render(data)[ANNEX] == html.encode()


def test_sections_in_order(page: Page) -> None:
    assert [each for each in page.ids if each in SECTIONS] == SECTIONS


def test_headings_start_at_one_and_skip_no_level(page: Page) -> None:
    assert page.headings.count(1) == 1
    assert page.headings[0] == 1
    assert all(after <= before + 1 for before, after in zip(page.headings, page.headings[1:], strict=False))


def test_tables_have_a_caption_and_scoped_headers(page: Page) -> None:
    assert page.tables
    assert all(table.captions == 1 and table.headers and not table.unscoped for table in page.tables)


def test_ids_are_unique_and_links_lead_to_them(page: Page) -> None:
    assert len(page.ids) == len(set(page.ids))
    assert {link for link in page.links if not link.startswith("#")} == {REPORT}
    assert {link[1:] for link in page.links if link != REPORT} <= set(page.ids)


def test_nothing_runs_and_nothing_is_fetched(page: Page) -> None:
    assert page.tags.isdisjoint({"script", "iframe", "object", "embed", "form", "link", "base", "svg"})
    assert all(each.startswith("data:image/") for each in page.sources)
    assert not any(name == "style" or name.startswith("on") for name in page.attributes)
    assert page.open == [], "every element is closed"


def test_the_policy_allows_exactly_this_style(page: Page) -> None:
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert page.policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert not re.search(r"url\(|@import|expression", page.style)
    assert f'content: "Report {RUN_ID}"' in page.style


def test_first_screen(page: Page, sealed: Path) -> None:
    words = page.words
    assert "Contradicted: 2 of 5 tested MUST clauses" in words
    assert "Identity of the model over the run: ✓ unchanged" in words
    assert hashlib.sha256((sealed / "evidence.json").read_bytes()).hexdigest() in words
    assert "art15 verify DIR" in words
    assert "relate only to the item tested" in words


def test_empty_sections_say_why(page: Page) -> None:
    for text in (
        "Load: not tried in this run.",
        "Failover: not tried in this run.",
        "No drill was tried in this run",
        "Provenance: not tried in this run.",
    ):
        assert text in page.words


def test_a_state_is_a_glyph_and_a_word(html: str) -> None:
    badges = re.findall(
        r'<span class="badge [a-z]+"><span class="glyph" aria-hidden="true">(.)</span> ([a-z ]+)</span>', html
    )
    assert len(badges) == html.count('class="badge ')
    assert ("✗", "fail") in badges


def test_forbidden_words_are_absent(sealed: Path, page: Page) -> None:
    assert FORBIDDEN.search(page.words) is None
    assert "%" not in page.words
    document = decode((sealed / "evidence.json").read_bytes())
    assert FORBIDDEN.search(json.dumps(document.summary.statements)) is None


def test_hostile_text_is_shown_and_does_nothing(page: Page, html: str) -> None:
    assert "<script>alert(1)</script>" in page.words
    assert "user‹U+202E›nimda ‹U+200B›zero‹U+FEFF›" in page.words
    assert "script" not in page.tags
    bad = {f"U+{ord(each):04X}" for each in html if unicodedata.category(each) in {"Cc", "Cf"} and each not in "\n\t"}
    assert bad == set()


def test_hostile_text_in_every_string_of_the_document(sealed: Path) -> None:
    """Whatever the server, a model name or a check says: same structure, no tag of theirs."""
    document = json.loads((sealed / "evidence.json").read_bytes())

    def poison(node: object) -> object:
        if isinstance(node, dict):
            return {key: poison(member) if key not in CLOSED else member for key, member in node.items()}
        if isinstance(node, list):
            return [poison(member) for member in node]
        return f"{node}{factory.HOSTILE}" if isinstance(node, str) else node

    page = Page(render(json.dumps(poison(document)).encode())[ANNEX].decode())
    assert "script" not in page.tags
    assert all(each.startswith("data:image/") for each in page.sources)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link != REPORT} <= set(page.ids)
    assert "‹U+202E›" in page.words
    assert "</" not in page.style


# Members whose values are closed enumerations.
CLOSED = {
    "verdict",
    "level",
    "state",
    "kind",
    "when",
    "side",
    "per",
    "shown_as",
    "identity_state",
    "consequence",
    "question",
}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ä 漢 ✓", "plain ä 漢 ✓"),
        ("a\u202eb\u2066c", "a‹U+202E›b‹U+2066›c"),
        ("\x00\x1b[0m\x7f\x85\r", "‹U+0000›‹U+001B›[0m‹U+007F›‹U+0085›‹U+000D›"),
        ("\u200b\u200d\u2060\ufeff\u00ad\u3164\U000e0041", "‹U+200B›‹U+200D›‹U+2060›‹U+FEFF›‹U+00AD›‹U+3164›‹U+E0041›"),
        ("\ud800", "‹U+D800›"),
        ("line\n\ttab", "line\n\ttab"),
        ("Z" + "\u0301" * 30, "Z" + "\u0301" * 4 + "‹…›"),
    ],
)
def test_invisible_characters_are_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_no_format_or_control_character_is_forgotten() -> None:
    for point in range(0x110000):
        character = chr(point)
        if unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp", "Cs"} and character not in "\n\t":
            assert visible(character) != character, f"U+{point:04X}"


def test_a_killed_run_says_so_on_the_first_screen(tmp_path: Path) -> None:
    bundle = factory.start(tmp_path)
    factory.fill(bundle)
    with (tmp_path / "journal.jsonl").open("ab") as file:
        file.write(b'{"n":')
    page = Page(finish(tmp_path).with_name("annex.html").read_text())
    before_silence = page.words.partition("What this report does not show")[0]
    assert "This run was cut short. The journal has no closing line: the run was stopped or killed." in before_silence


def test_an_empty_run_has_a_page(tmp_path: Path) -> None:
    factory.start(tmp_path)
    page = Page(finish(tmp_path).with_name("annex.html").read_text())
    assert "Nothing was tested" in page.words
    assert [each for each in page.ids if each in SECTIONS] == SECTIONS


@pytest.mark.parametrize("verdict", ["pass", "fail"])
def test_five_hundred_checks_keep_the_size(tmp_path: Path, verdict: str) -> None:
    bundle = factory.start(tmp_path)
    body = json.dumps({"data": "x" * 6000}).encode()
    exchanges = [bundle.exchange(body + str(n).encode(), body) for n in range(20)]
    for number in range(500):
        bad = [factory.counterexample(f"root-{number}-{n}", ["REST-HTTP-01"], exchanges[n]) for n in range(5)]
        line = factory.check(
            f"rest-property-{number}-holds",
            verdict,
            counterexamples=bad if verdict == "fail" else [],
            exchanges=exchanges,
            exchanges_total=100_000,
        )
        bundle.journal.append("check", line)
    bundle.journal.append("close", {"exit_code": 1})
    report = finish(tmp_path)
    html = report.with_name("annex.html").read_bytes()
    assert len(html) <= SIZE_AIM
    assert len(html) + report.stat().st_size < 5_000_000
    page = Page(html.decode())
    assert {link[1:] for link in page.links if link != REPORT} <= set(page.ids)
    assert "100\u00a0000 in all" in html.decode()
    assert "rest-property-499-holds[iris]" in page.words
