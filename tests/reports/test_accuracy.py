"""Accuracy in the report: quoted and drawn; what does not follow from its rows is named by `art15 verify`."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.data.metric import metrics
from reports.text.sentences import sentences
from reports.verification.page_form import not_inert
from reports.verification.verify import verify
from tests.reports import some_accuracy as some
from tests.reports.factory import put
from tests.reports.hostile_bundles import reseal
from tests.reports.reading import Page

CHANGES: dict[str, Callable[[some.Accuracy], None]] = {
    "its data are 600 of 500 rows": put("data", "drawn", 600),
    "rows with seed None": put("data", "seed", None),
    "the values of 'size' are those of 199 rows": put("data", "counts", "size", "small", 99),
    "says that 4 levels were decided, and lists 5": put("family", 4),
    "its bins hold 201 rows": put("bins", 0, "rows", 41),
    "its plain calibration error is 0.01, but its bins give 0.06": put("plain_calibration_error", 0.01),
    "accuracy is of 201 rows, and there are 200": put("metrics", 0, some.share("accuracy", 190, 201, 0.9)),
    "accuracy [size=large] is of 99 rows": put("metrics", 1, some.share("accuracy", 80, 99, 0.9, group="size=large")),
    "-1 of them without an answer": put("metrics", 0, "missing", -1),
    "which is no share of 200 rows": put("metrics", 0, "value", 0.951),
    "but 190 of 200 rows, 0 of them without an answer, give": put("metrics", 0, "lower", 0.94),
    "but 97 of 100 rows, 3 of them without an answer, give": put("metrics", 2, "upper", 0.99),
    "says that 60 rows would decide, but its counts say": put("metrics", 3, "would_decide", 60),
    "accuracy [size=large] is said to be supports": put("metrics", 1, "decision", "supports"),
    "against at least 0.7 say supports": put("metrics", 1, "limit", 0.7),
    "log_loss is said to be supports": put("metrics", 4, "upper", 0.31),
    "is decided (supports), and no level is declared": put("metrics", 5, "decision", "supports"),
}


def problems(folder: Path, record: some.Accuracy, verdict: str = "fail") -> list[str]:
    """What is wrong with a bundle that a run left with this record in its journal."""
    some.finished(folder, record, verdict=verdict)
    return [problem.text for problem in verify(folder).problems]


def test_accuracy_that_follows_from_its_rows_is_sound(tmp_path: Path) -> None:
    assert problems(tmp_path, some.record()) == []


@pytest.mark.parametrize("said", CHANGES)
def test_accuracy_that_contradicts_itself_is_told(tmp_path: Path, said: str) -> None:
    record = copy.deepcopy(some.record())
    CHANGES[said](record)
    told = problems(tmp_path, record)
    assert any(said in text and text.startswith("accuracy of 'iris' over rest: ") for text in told), told


def test_a_check_that_passed_has_no_level_that_is_missed(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, some.record(), verdict="pass")
    assert told.endswith("its check passed, but a level of accuracy is not supported")


@pytest.mark.parametrize("rows", [10**18, 10**400, -5])
def test_numbers_of_a_stranger_are_told_and_no_more(tmp_path: Path, rows: int) -> None:
    record = some.record()
    record["bins"][0]["rows"] = record["metrics"][0]["rows"] = rows
    try:
        told = problems(tmp_path, record)
    except ValueError:
        return  # no such number is read at all
    assert told


def test_a_document_with_other_accuracy_is_told(tmp_path: Path) -> None:
    some.finished(tmp_path, some.record())
    path = tmp_path / "evidence.json"
    raw = json.loads(path.read_bytes())
    raw["accuracy"][0]["metrics"][0]["reason"] = "another"
    path.write_text(json.dumps(raw))
    reseal(tmp_path)
    assert "its figures of accuracy are not those of the journal" in [each.text for each in verify(tmp_path).problems]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("accuracy")
    groups = [
        some.share("accuracy", 60 + each, 100, group=f"site=number {each} of many", about="<b>") for each in range(20)
    ]
    alone = [some.share("accuracy", 190, 200, about="<b>"), *groups]
    some.finished(folder, some.record(), some.record(metrics=alone, family=0, model="<b>hostile", bins=[]))
    return (folder / "annex.html").read_text()


def part(page: str, number: int) -> str:
    """What the page says of one table of labelled data, without its markup."""
    found = re.search(rf'(?s)<h3 id="accuracy-{number}">.*?(?=<h3 |</section>)', page)
    assert found
    return found[0]


def words_of(page: str, number: int) -> str:
    return Page(re.sub(r"</(?:t[dh]|dt)>", r" \g<0>", part(page, number))).words.replace("\xa0", " ")


def test_the_page_is_of_our_form(page: str) -> None:
    assert not_inert(page.encode()) is None


def test_what_was_declared_stands_in_a_table_that_can_be_quoted_alone(page: str) -> None:
    tables = re.findall(r"(?s)<table.*?</table>", part(page, 1))
    declared, _, measured, bins = (Page(re.sub(r"</(?:t[dh]|dt)>", r" \g<0>", each)).words for each in tables)
    assert declared.startswith("Declared and measured accuracy: model iris over REST, 200 of 500 rows of held-out.csv")
    assert "SHA-256 0000" in declared
    assert "2026-11-21" in declared
    for words in ("at least 0.9", "contradicted", "undecided", "size=large", "rows would decide"):
        assert words in declared
    assert "brier" not in declared.lower()
    assert measured.startswith("Measured, with no level declared: ")
    assert bins.startswith("Highest score against the share of rows that is right: the numbers")


def test_groups_and_scores_are_drawn_and_told(page: str) -> None:
    first = words_of(page, 1)
    assert "size=large: 0.8 (0.7228 to 0.8633, 100 rows)." in first
    assert part(page, 1).count('<img class="picture"') == 2
    assert "2 bins of rows by their highest score. Bins whose score is above both bounds" in first
    assert "of the share that is right: 1; below both: 0." in first


def test_of_many_groups_the_worst_are_drawn(page: str) -> None:
    told = words_of(page, 2)
    assert "site=number 14 of many: 0.74" in told
    assert "site=number 15 of many: 0.75 (" not in told
    assert "further on the right side: 5 groups" in told
    assert "held against nobody" in told
    assert "<b>hostile" not in page.replace("&lt;b&gt;hostile", "")


def test_every_metric_has_its_words() -> None:
    assert [name for name, _ in sentences().table("metric")] == list(metrics())
