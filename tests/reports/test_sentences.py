"""Sentences are data: every language has all of them, and a language is one file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from harness.run.outcomes import WORDS
from harness.verdicts import Verdict
from reports.causes import load_causes
from reports.evidence import (
    ConsequenceName,
    DutyStateName,
    FactKind,
    GapKind,
    Kind,
    LevelName,
    StatementKind,
    decode,
    encode,
)
from reports.evidence.comparison import (
    ConditionName,
    DriftName,
    FindingChange,
    NumberChange,
    Quantity,
    VerdictChange,
)
from reports.page.marks import STATEMENTS, STATES
from reports.page.render import ANNEX, _environment, render
from reports.text import sentences as module
from reports.text.sentences import DEFAULT, PLACE, SentenceError, Sentences, languages, sentences
from reports.verification.page_form import not_inert

ROOM = Path(module.__file__).parents[1]
# What is said of a number with its noun, and would be said of several only.
OF_SEVERAL = {
    "en": r"\},? (of which|that|which) |\b(are|were|have|do|they|them)\b",
    "de": r"\}, (die|denen) |\bvon \{\w+:count\.check_result|\b(haben|sind|wurden|lauten|fanden)\b",
    "fr": r"\},? (dont|qui) |\b(sont|ont|elles|ils)\b",
}
OF_ONE = {
    "wrong_unseen", "access_unseen", "serving_unseen", "sure_validated", "duties_open", "checks_left_out", "by_faults",
    "against", "held", "part", "validation",
}  # fmt: skip
TEMPLATES = sorted((ROOM / "page" / "templates").glob("*.j2"))
IDENTITY = ("changed", "unchanged", "unknown")
# Rows that are looked up by a value.
TABLES = {
    "state": {
        *map(str, Verdict),
        *get_args(DutyStateName),
        "not_tested",
        "not_carried_out",
        "changed",
        "unchanged",
        "unknown",
    },
    "verdict_meaning": {*map(str, Verdict), "not_tested"},
    "duty_meaning": {*get_args(DutyStateName)},
    "consequence": {*get_args(ConsequenceName)},
    "consequence_meaning": {*get_args(ConsequenceName)},
    "level": {*get_args(LevelName)},
    "level_heading": {*get_args(LevelName)},
    "level_mark": {*get_args(LevelName)},
    "kind": {*get_args(Kind)},
    "counted": {*WORDS},
    "counted_noun": {cause.noun for cause in load_causes().rows.values() if cause.noun},
    "compare_worse": {"findings", "drift", "numbers"},
    "compare_condition": {*get_args(ConditionName)},
    "compare_finding": {*get_args(FindingChange)},
    "compare_verdict": {*get_args(VerdictChange)},
    "compare_drift": {*get_args(DriftName)},
    "compare_quantity": {*get_args(Quantity)},
    "compare_number": {*get_args(NumberChange)},
}
# Tables whose rows a sentence, or ``spoken``, names by a value.
LOOKED_UP = {
    "operation",
    "area",
    "drill_criterion",
    "metric",
    "transport",
    "no_address",
    "person",
    "audience",
    "meant",
    "unreached",
    "verify_part",
    "explain",
    "drawn_kind",
    "force",
    *TABLES,
    "statement",
    "fact",
}
FILES = {"art15", "evidence", "schema", "json", "jsonl", "plan", "journal", "exchanges", "warc", "gz", "manifest"}


def places(text: str) -> set[str]:
    return {place[1] for place in PLACE.finditer(text)}


@pytest.mark.parametrize("code", languages())
def test_a_language_has_every_sentence_with_its_places(code: str) -> None:
    ours, english = sentences(code), sentences()
    assert ours.rows.keys() == english.rows.keys()
    assert {name: places(text) for name, text in ours.rows.items()} == {
        name: places(text) for name, text in english.rows.items()
    }


@pytest.mark.parametrize("code", languages())
def test_a_noun_has_a_form_for_every_number(code: str) -> None:
    ours = sentences(code)
    assert ours.nouns.keys() == sentences().nouns.keys()
    for noun in ours.nouns:
        assert all(ours.counted(number, noun) for number in range(200))


@pytest.mark.parametrize("code", languages())
def test_every_sentence_can_be_filled(code: str) -> None:
    ours = sentences(code)
    for name, text in ours.rows.items():
        listed = {
            place[1] for place in PLACE.finditer(text) if re.search(r"list|few|all|and|len|count", place[2] or "")
        }
        values: dict[str, Any] = {place: ["x"] if place in listed else "x" for place in places(text)}
        assert ours(name, **values)


def test_every_kind_has_its_sentences_and_its_mark() -> None:
    rows = sentences().rows.keys()
    assert set(STATEMENTS) == set(get_args(StatementKind))
    for table, kinds, parts in (
        ("statement", StatementKind, ("lead", "text")),
        ("fact", FactKind, ("lead", "text")),
        ("not_shown", GapKind, ("subject", "reason")),
    ):
        wanted = {f"{table}.{kind}.{part}" for kind in get_args(kinds) for part in parts}
        assert {name for name in rows if name.startswith(f"{table}.")} == wanted


@pytest.mark.parametrize("table", TABLES)
def test_every_value_has_its_words(table: str) -> None:
    assert {name for name, _ in sentences().table(table)} == TABLES[table]
    assert set(STATES) == TABLES["state"] - {"not_carried_out"}


def test_the_templates_hold_no_prose() -> None:
    for path in TEMPLATES:
        text = re.sub(r"\{[{%#].*?[}%#]\}", " ", path.read_text(), flags=re.DOTALL)
        assert not re.search(r'(aria-label|title)="[^"]*[A-Za-z]{2}', text), path.name
        words = set(re.findall(r"[A-Za-z]{2,}[0-9]*", re.sub(r"<[^>]*>", " ", text)))
        assert words <= FILES, f"{path.name}: {words - FILES}"


def test_every_sentence_of_the_page_is_used_and_there() -> None:
    used = {name for path in TEMPLATES for name in re.findall(r'"(page\.\w+\.\w+)"', path.read_text())}
    used.remove("page.macros.body_")  # followed by the form of a body
    used |= {f"page.macros.body_{form}" for form in ("text", "readable", "hex")}
    assert used == {name for name in sentences().rows if name.startswith("page.")}


def test_values_of_html_sentences_are_escaped() -> None:
    said = sentences()
    assert said("page.item.tensors", model="<b>\u202e") == "Tensors of &lt;b&gt;‹U+202E›"
    assert said("clause.left_out", why="<b>") == "planned, but not carried out: <b>"


def test_a_sentence_that_is_not_there_is_named() -> None:
    with pytest.raises(SentenceError, match="en: no sentence nowhere"):
        sentences()("nowhere")
    with pytest.raises(SentenceError, match=r"en: clause\.left_out got no why"):
        sentences()("clause.left_out")
    with pytest.raises(SentenceError, match="no language tlh"):
        sentences("tlh")


def test_plural_forms_are_those_of_gettext() -> None:
    slavic = "(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2)"
    nouns = {"check": ["{n} sprawdzian", "{n} sprawdziany", "{n} sprawdzianów"]}
    polish = Sentences("pl", {"language": {"plural": slavic}, "nouns": nouns, "a": "{checks:count.check}"})
    counted = [polish("a", checks=number) for number in (1, 3, 5, 22)]
    assert counted == ["1 sprawdzian", "3 sprawdziany", "5 sprawdzianów", "22 sprawdziany"]


@pytest.fixture
def one_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A language that brackets every sentence: one file."""
    english = (Path(module.__file__).parent / f"{DEFAULT}.toml").read_text()
    head, _, body = english.partition("\n[list]\n")
    bracketed = re.sub(r'(?m)^(\w+) = (["\'])(.*)\2$', lambda row: f"{row[1]} = {row[2]}⟦{row[3]}⟧{row[2]}", body)
    (tmp_path / "xx.toml").write_text(f"{head}\n[list]\n{bracketed}")
    monkeypatch.setattr(module, "FOLDERS", [*module.FOLDERS, tmp_path])
    yield "xx"
    module.sentences.cache_clear()
    _environment.cache_clear()


def test_one_file_is_a_language(sealed: Path, one_more: str) -> None:
    page = render((sealed / "evidence.json").read_bytes(), one_more)[ANNEX].decode()
    assert not_inert(page.encode()) is None
    assert '<html lang="xx">' in page
    assert "<strong>⟦Contradicted:⟧</strong> ⟦2 of 5 tested MUST clauses" in page
    assert "<dt>⟦The model artefact⟧</dt>" in page
    for tag in ("h2", "h3", "caption"):
        heads = re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", page.partition('id="findings"')[0], flags=re.DOTALL)
        assert heads
        assert all("⟦" in head for head in heads), tag
    english = render((sealed / "evidence.json").read_bytes())[ANNEX].decode()
    assert page != english
    assert "⟦" not in english


def test_a_document_without_kinds_is_rendered(sealed: Path) -> None:
    """As earlier releases made it: its sentences stand as they are."""
    raw = json.loads((sealed / "evidence.json").read_bytes())
    del raw["summary"]["kinds"]
    for row in (*raw["silence"], *raw["run"]["facts"]):
        del row["kind"], row["params"]
    data = json.dumps(raw).encode()
    page = render(encode(decode(data)))[ANNEX].decode()
    assert "Contradicted: 2 of 5 tested MUST clauses" in page
    assert "<dt>The model artefact</dt>" in page


def test_every_sentence_that_code_names_is_there_and_every_row_is_used() -> None:
    sources = [*ROOM.rglob("*.py"), *ROOM.rglob("*.j2"), *ROOM.rglob("*.css"), *ROOM.parent.glob("harness/run/**/*.py")]
    text = "\n".join(path.read_text() for path in sources)
    named = set(re.findall(r'(?:\bt|\bsaid|sentences\(\))\(\s*"([\w. ]*\w)"(?! ~)', text))
    rows = sentences().rows.keys()
    assert named <= rows, named - rows
    tables = {*re.findall(r'"(\w+)\.\{', text), *re.findall(r'"(\w+)\." ~', text), *LOOKED_UP}
    quoted = {*re.findall(r"""["']([\w. ]+)["']""", text)}
    assert not {name for name in rows - quoted if name.partition(".")[0] not in tables | {"page"}}


@pytest.mark.parametrize("code", languages())
def test_what_is_said_of_a_number_is_said_of_one_as_well(code: str) -> None:
    rows = {name: text for name, text in sentences(code).rows.items() if name.startswith(("statement.", "page.short."))}
    told = [text for name, text in rows.items() if OF_ONE & {*name.split(".")} and ":count." in text]
    assert len(told) == len(OF_ONE)
    counted = [part for text in told for part in re.split("[.:;] ", text) if ":count." in part]
    assert [part for part in counted if re.search(OF_SEVERAL[code], part)] == []
