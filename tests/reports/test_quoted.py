"""What a run records in English stands in the language of the page where that has words for it, else marked."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.clauses import load
from harness.criteria import Advice, Criterion
from harness.incident import Incident, Suspect
from harness.policy import Policy
from harness.run.checks import load_checks
from harness.run.planning.plan import DECISION_RULE
from harness.suite import suites
from reports.causes import load_causes
from reports.comparison.numbers import BOUNDS, EXACT, NONE
from reports.exports import exports
from reports.page.render import ANNEX, REPORT, render
from reports.text import recorded as recording
from reports.text.quoted import all_quoted, quoted, translated
from reports.text.recorded import FOLDERS, LONGEST, MOST_LOOKS, NESTED, WordsLook, row_of, tells_enough, told_in
from reports.text.sentences import PLACE, begun, languages, sentences
from tests.reports.recorded_sources import put_together, reasons, shape, strings, verdicts
from tests.reports.test_languages import FORBIDDEN

OTHERS = sorted({*languages()} - {"en"})
CATALOGUE = load()
TEXT = Path(recording.__file__).parent
LONGEST_TITLE = 112


def duties() -> Iterator[str]:
    for duty in CATALOGUE.duties.values():
        yield from filter(None, (duty.text, duty.can_show, duty.cannot_show, duty.elsewhere, duty.asks))


def recorded() -> Iterator[str]:
    yield from duties()
    yield from (fact.text for fact in CATALOGUE.law.values())
    yield from (words for suite in suites() for words in (suite.title, suite.report.heading) if words)
    yield from (DECISION_RULE, Policy().report.title)
    yield from own_words()


def own_words() -> Iterator[str]:
    """Criteria, why a clause has no check, what the files of a bundle are, methods of comparison."""
    yield from (each.text for each in (*Criterion, *Advice))
    for reason in filter(None, (clause.reason for clause in CATALOGUE.clauses.values())):
        # Several of one kind are told behind their kind.
        yield from filter(None, (reason, reason.partition(": ")[2]))
    yield from (each.about for each in exports())
    yield from (EXACT, BOUNDS, NONE)


# What the files of each folder have words for: all of it, and nothing else.
WANTED = {
    "causes": lambda: {cause.title for cause in load_causes().rows.values()},
    "cures": lambda: (
        {check.fix for check in load_checks()[0] if check.fix}
        | {cause.cure for cause in load_causes().rows.values() if cause.cure}
    ),
}


def rows_of(folder: str, code: str) -> dict[str, str]:
    rows: dict[str, str] = tomllib.loads((TEXT / folder / f"{code}.toml").read_text("utf-8"))
    return rows


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_has_the_words_of_every_duty_and_of_nothing_that_is_not_there(code: str) -> None:
    rows = rows_of("catalogue", code)
    assert {*duties(), *own_words()} - {*rows} == set()
    assert {*rows} - {*recorded()} == set()


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("folder", WANTED)
def test_a_language_has_every_title_and_cure_and_none_that_is_not_there(folder: str, code: str) -> None:
    rows, wanted = {*rows_of(folder, code)}, WANTED[folder]()
    assert wanted - rows == set(), "to be translated"
    assert rows - wanted == set(), "of nothing that is there"


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_has_every_reason_and_none_that_nobody_gives(code: str) -> None:
    rows = {shape(row) for row in rows_of("reasons", code)}
    assert reasons() - rows == set(), "to be translated"
    assert {row for row in rows - strings() if not put_together(row)} == set(), "said by nobody"


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_has_what_a_verification_says(code: str) -> None:
    rows = {shape(row) for row in rows_of("verification", code)}
    assert {row for row in rows - strings() if not put_together(row)} == set(), "said by nobody"
    assert verdicts() - rows == set(), "to be translated"


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("folder", [path.name for path in FOLDERS])
def test_a_row_has_words_of_its_language_and_the_same_places(folder: str, code: str) -> None:
    for english, words in rows_of(folder, code).items():
        assert words.strip() == words
        assert len(words) > 1
        assert sorted(each[1] for each in PLACE.finditer(words)) == sorted(each[1] for each in PLACE.finditer(english))
        assert {*re.findall(r"`[^`]*`", words)} == {*re.findall(r"`[^`]*`", english)}, english
        # Names of fields and numbers stay; a sentence does not.
        assert words != english or not re.search(r"[a-z]{3,} [a-z]{3,} ", english), english
        assert not FORBIDDEN[code].search(words), words


@pytest.mark.parametrize("code", OTHERS)
def test_titles_are_short(code: str) -> None:
    assert [words for words in rows_of("causes", code).values() if len(words) > LONGEST_TITLE] == []


def test_every_file_is_of_a_language() -> None:
    assert {TEXT / path.name for path in FOLDERS} == {*FOLDERS}
    assert {path.stem for folder in FOLDERS for path in folder.glob("*.toml")} == {*OTHERS}
    assert all({path.stem for path in folder.glob("*.toml")} == {*OTHERS} for folder in FOLDERS)


def test_a_row_with_places_is_known_by_its_own_words() -> None:
    """A text of an endpoint is not to be read as a sentence of ours."""
    for code in OTHERS:
        assert [
            english
            for english, words in told_in(code)
            if PLACE.search(english) and not tells_enough(row_of(english, words))
        ] == []


def test_places_are_filled_with_what_was_recorded() -> None:
    said = sentences("de")
    title = "Values of FP32 come back changed: <b>a sign of\u202e"
    assert translated(said, title) == "Werte von FP32 kommen verändert zurück: <b>a sign of\u202e"
    marked = 'Werte von FP32 kommen verändert zurück: <span lang="en">&lt;b&gt;a sign of‹U+202E›</span>'
    assert quoted(said, title) == marked
    assert translated(said, f"Not decided: x ({title})") == f"Nicht entschieden: x ({translated(said, title)})"
    assert "…" in (quoted(said, title + "x" * 500, 120) or "")
    assert len(quoted(said, title + "x" * 500, 120) or "") < 200
    assert all_quoted(said, [title, "Values come back changed"]) == f"{marked}; Werte kommen verändert zurück"
    assert all_quoted(sentences(), ["<a>", "b"]) == "<a>; b"


LOST = Incident(
    kind="gone", at="2026-11-30T10:11:12.3Z", address="h:1", check="x[m]", patience_s=2.5,
    suspects=(Suspect("e", "POST /a", None, under_way=True),),
)  # fmt: skip


def test_sentences_that_a_run_puts_together_are_read_back() -> None:
    said = sentences("de")
    told = translated(said, f"needs y[m], which is tool_error; not carried out: {LOST.text}")
    assert told == (
        "setzt y[m] voraus, mit dem Ergebnis: Fehler des Prüfwerkzeugs; nicht durchgeführt: der Endpunkt (h:1) hörte "
        "um 10:11:12.3 UTC auf zu antworten, während x[m], während diese Anfrage lief: POST /a; er kam nicht innerhalb "
        "von 2,5 s wieder"
    )
    # What begins with words of an endpoint is no sentence of ours.
    assert translated(said, "mine: yours: 1 of 2 requests") == "mine: yours: 1 of 2 requests"
    assert (
        translated(said, "Values come back changed: 1 of 2 requests")
        == "Werte kommen verändert zurück: 1 von 2 Anfragen"
    )


def test_looking_a_text_up_takes_one_pass() -> None:
    """Quadratic ways through a text of an endpoint would be seen here: texts are as long as any that is looked up."""
    for text in ("Values of " + "come back changed" * 5_000, "; ".join(["mine: it is"] * 7_000)):
        assert LONGEST // 2 < len(text) < LONGEST
        assert WordsLook("de").find(text) == []
    assert WordsLook("de").find("Values come back changed: " + "x" * LONGEST) == []
    assert WordsLook("de").find("") == []


def nested(draw: random.Random, rows: list[str], deep: int) -> str:
    """A text in whose places such texts stand, with all that a place or a sentence of ours may be told by."""
    if deep == 0:
        return draw.choice(["x", "Values come back changed", "it is", "Mine"])
    parts = [nested(draw, rows, deep - 1) for _ in range(draw.randint(1, 3))]
    ways = [
        lambda: draw.choice([". ", "; "]).join(parts),
        lambda: f"mine: {parts[0]}",
        lambda: f"{parts[0]} (A-1, B-2)",
        lambda: PLACE.sub(lambda place: parts[0] if place[1] in NESTED else "a", draw.choice(rows)),
    ]
    return draw.choice(ways)()


@pytest.mark.parametrize("most", [MOST_LOOKS, 20])
@pytest.mark.parametrize("code", OTHERS)
def test_a_text_takes_a_bounded_number_of_looks(code: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    said, looks, look_up = sentences(code), [0], recording._one

    def counted(*given: Any) -> Any:
        looks[0] += 1
        return look_up(*given)

    monkeypatch.setattr(recording, "_one", counted)
    monkeypatch.setattr(recording, "MOST_LOOKS", most)
    draw = random.Random(7)
    rows = [row for row, _ in told_in(code) if any(place[1] in NESTED for place in PLACE.finditer(row))]
    for text in [nested(draw, rows, 3 + at % 4)[:1_000] for at in range(20)]:
        looks[0] = 0
        quoted(said, text, 200)
        assert looks[0] <= most, text


@pytest.mark.parametrize("code", OTHERS)
def test_what_is_nested_deeper_than_any_words_of_ours_stays_english(code: str) -> None:
    said, text = sentences(code), "ended early: " * 2_000 + "x"
    begins = translated(said, "ended early: x").removesuffix("x")
    assert translated(said, text).startswith(begins * 3)
    assert translated(said, text).endswith("ended early: " * 1_000 + "x")
    assert str(quoted(said, text)).endswith("ended early: x</span>")
    assert len(quoted(said, text, 300) or "") < 800


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
