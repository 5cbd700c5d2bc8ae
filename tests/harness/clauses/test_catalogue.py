"""The catalogue that ships: what it holds, and that it says nothing it may not say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path

import pytest

from harness.clauses import ELISION, Catalogue, load
from harness.criteria import Advice, Criterion
from harness.verdicts import Level

ARTICLE = Path(__file__).parents[2] / "data" / "article-15.txt"
EXTENSIONS = {
    "binary", "repository", "generate", "classification", "sequence", "schedule-policy", "statistics",
    "model-configuration", "shared-memory", "logging", "trace", "streaming",
}  # fmt: skip
FACETS = ("prevent", "detect", "respond", "resolve", "control")
FORBIDDEN = re.compile(
    r"\b(compliant|certified|conforms|deadline|countdown|fine of|score)\b|Article 15 passed|\d\s?%", re.IGNORECASE
)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load()


def test_counts_of_clauses(catalogue: Catalogue) -> None:
    clauses = catalogue.clauses.values()
    assert len(clauses) == 216
    assert Counter(clause.level for clause in clauses) == {
        Level.MUST: 103,
        Level.SHOULD: 58,
        Level.AMBIGUOUS: 48,
        Level.MAY: 7,
    }
    assert Counter(clause.transport for clause in clauses) == {"rest": 130, "grpc": 47, "both": 39}


def test_clauses_are_in_reading_order(catalogue: Catalogue) -> None:
    ids = list(catalogue.clauses)
    assert ids[0] == "REST-HTTP-01"
    assert ids[-1] == "STREAM-01"
    for prefix in {name.rpartition("-")[0] for name in ids}:
        numbers = [int(name.rpartition("-")[2]) for name in ids if name.rpartition("-")[0] == prefix]
        assert numbers == list(range(1, len(numbers) + 1)), prefix


def test_extension_is_set_exactly_in_the_areas_of_extensions(catalogue: Catalogue) -> None:
    assert {clause.area for clause in catalogue.clauses.values() if clause.extension} == EXTENSIONS
    assert [clause.id for clause in catalogue.clauses.values() if clause.extension != (clause.area in EXTENSIONS)] == []


def test_reasons_name_what_is_missing(catalogue: Catalogue) -> None:
    """What is open is open for good: a reason says what would have to be seen, never that it was not done yet."""
    for clause in catalogue.clauses.values():
        if clause.reason is not None:
            assert "yet" not in clause.reason, clause.id
            assert not clause.extension, clause.id


def test_levels_of_well_known_clauses(catalogue: Catalogue) -> None:
    levels = {
        name: catalogue.clauses[name].level.value for name in ("REST-RESP-04", "TDATA-05", "REST-HTTP-02", "VERS-01")
    }
    assert levels == {"REST-RESP-04": "must", "TDATA-05": "should", "REST-HTTP-02": "ambiguous", "VERS-01": "may"}


def test_prose_is_short_and_ends_as_sentences_do(catalogue: Catalogue) -> None:
    for clause in catalogue.clauses.values():
        for text in (clause.text, clause.probe, clause.violation, clause.note, clause.reason):
            assert text is None or (text.endswith(".") and len(text) <= 320), (clause.id, text)
        assert ". " not in clause.text, clause.id


def test_protocol_is_pinned(catalogue: Catalogue) -> None:
    assert catalogue.protocol_commit == "d49cc23"
    assert catalogue.protocol.project == "open-inference-protocol"


def test_duties_and_facets(catalogue: Catalogue) -> None:
    atomic = [duty for duty in catalogue.duties.values() if duty.parent is None]
    facets = [duty for duty in catalogue.duties.values() if duty.parent is not None]
    assert len(atomic) == 27
    assert [duty.id for duty in facets] == [f"A15-5-{letter}.{facet}" for letter in "efghi" for facet in FACETS]
    assert {duty.parent for duty in facets} == {f"A15-5-{letter}" for letter in "efghi"}
    assert Counter(duty.paragraph for duty in atomic) == {"15(1)": 4, "15(2)": 1, "15(3)": 2, "15(4)": 11, "15(5)": 9}
    for duty in catalogue.duties.values():
        assert duty.id.startswith(f"A15-{duty.paragraph[3]}-")


def test_forces_of_the_duties(catalogue: Catalogue) -> None:
    by_force: dict[str, list[str]] = {}
    for duty in catalogue.duties.values():
        by_force.setdefault(duty.force, []).append(duty.id)
    assert by_force["may"] == ["A15-4-g", "A15-4-h", "A15-4-i"]
    assert by_force["info"] == ["A15-2-x"]
    assert by_force["shall, if it keeps learning"] == ["A15-4-j", "A15-4-k"]
    assert len(by_force["shall, where appropriate"]) == 30
    assert len(by_force["shall"]) == 16


def test_what_no_endpoint_can_show(catalogue: Catalogue) -> None:
    blind = {duty.id for duty in catalogue.duties.values() if not duty.testable and duty.parent is None}
    assert blind == {"A15-2-x", "A15-4-f", "A15-5-d", "A15-5-e", "A15-5-f"}
    for duty in catalogue.duties.values():
        assert duty.testable != duty.can_show.startswith("Nothing"), duty.id
        assert duty.elsewhere is not None or duty.force == "info", duty.id


def test_hooks_are_words_of_their_paragraph(catalogue: Catalogue) -> None:
    paragraphs = _paragraphs(ARTICLE.read_text(encoding="utf-8"))
    for duty in catalogue.duties.values():
        rest = paragraphs[duty.paragraph]
        for piece in duty.hook.split(ELISION):
            _, found, rest = rest.partition(piece.strip())
            assert found, (duty.id, piece)


def test_hooks_are_short(catalogue: Catalogue) -> None:
    assert max(len(duty.hook.split()) for duty in catalogue.duties.values()) <= 27


def _paragraphs(article: str) -> Mapping[str, str]:
    parts = re.split(r"^(\d)\. ", article, flags=re.MULTILINE)[1:]
    return {f"15({number})": text for number, text in zip(parts[::2], parts[1::2], strict=True)}


def test_law_says_when_article_15_applies(catalogue: Catalogue) -> None:
    assert Counter(fact.applies for fact in catalogue.law.values()) == {"any": 8, "annex-iii": 1, "annex-i": 1}
    fact = catalogue.law["application-annex-iii"]
    assert fact.text == (
        "Article 15 applies to AI systems classified as high-risk under Article 6(2) and Annex III from "
        "2 December 2027 (Regulation (EU) 2024/1689, Article 113, third paragraph, point (c), as replaced by "
        f"Regulation (EU) 2026/1744, Article 1, point (40)). Recorded on {fact.verified_on}; "
        "not re-checked at generation. Check EUR-Lex before relying on it."
    )
    assert "Article 6(1) and Annex I from 2 August 2028" in catalogue.law["application-annex-i"].text
    assert [fact.id for fact in catalogue.law.values() if "{" in fact.text] == []


def test_dates_are_iso_and_not_in_the_future_of_the_record(catalogue: Catalogue) -> None:
    days = [fact.verified_on for fact in catalogue.law.values()]
    assert max(date.fromisoformat(day) for day in days) == date(2026, 11, 21)
    for standard in catalogue.standards.values():
        assert date.fromisoformat(standard.as_of) <= date(2026, 11, 21), standard.id
    assert date.fromisoformat(catalogue.protocol.date) == date(2025, 5, 11)
    assert re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", catalogue.taxonomy.as_of)


def test_standards_and_taxonomy(catalogue: Catalogue) -> None:
    assert len(catalogue.standards) == 43
    assert "drafting" in catalogue.standards["prEN 18229-4"].status
    rejected = [row.id for row in catalogue.standards.values() if "reported rejected" in row.status]
    assert rejected == ["prEN 18229-1", "prEN 18282", "prEN 18228"]
    assert catalogue.standards["ISO/IEC 24970"].as_of == "2026-08-31"
    assert (catalogue.taxonomy.name, catalogue.taxonomy.version) == ("MITRE ATLAS", "5.6.0")
    assert "AML.T0015" in catalogue.taxonomy.from_outside
    assert "AML.T0020" in catalogue.taxonomy.inside_only


def test_no_word_of_praise_or_blame_stands_in_the_catalogue(catalogue: Catalogue) -> None:
    assert [text for text in _texts(catalogue) if FORBIDDEN.search(text)] == []


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _texts(member)
    elif is_dataclass(value):
        for each in fields(value):
            yield from _texts(getattr(value, each.name))


def test_catalogue_is_read_once_and_cannot_be_changed(catalogue: Catalogue) -> None:
    assert load() is catalogue
    with pytest.raises(TypeError):
        catalogue.clauses["X"] = next(iter(catalogue.clauses.values()))  # type: ignore[index]


def test_whatever_the_policy_asks_speaks_against_a_duty_when_it_is_broken(catalogue: Catalogue) -> None:
    asked = {each.clause for each in (*Criterion, *Advice)}
    assert {row for row in catalogue.against if row.startswith(("policy:", "advice:"))} == asked
    assert all(catalogue.against[name].duties for name in asked)
