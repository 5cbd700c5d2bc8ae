"""Drills on the page, in words and pictures; and recomputed by whoever verifies the bundle."""

from __future__ import annotations

import copy
import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from reports.evidence import decode
from reports.page.render import ANNEX, REPORT, SIZE_AIM, render
from reports.verification.page_form import not_inert
from reports.verification.verify import verify
from tests.reports import factory
from tests.reports import some_drills as some
from tests.reports.hostile_bundles import reseal
from tests.reports.reading import Page
from tests.reports.test_page import FORBIDDEN

NO_NUMBER = re.compile(r' (?:d|x|y|width)="[^"]*(?:nan|inf|e)')
SECTION = re.compile(r'(?s)<section aria-labelledby="drills">.*?</section>')


@pytest.fixture(scope="module")
def html(drilled: Path) -> str:
    return (drilled / "annex.html").read_text()


@pytest.fixture(scope="module")
def section(html: str) -> Page:
    return Page(section_of(html))


def section_of(html: str) -> str:
    found = SECTION.search(html)
    assert found
    return found[0]


def words_of(html: str, heading: str) -> str:
    """What the section says of one drill."""
    part = re.search(rf'(?s)<h3 id="drill-\d+-{heading}">.*?(?=<h3 |</section>)', section_of(html))
    assert part
    return Page(re.sub(r"</(?:t[dh]|dt)>", r" \g<0>", part[0])).words.replace("\xa0", " ")


@pytest.fixture
def raw(drilled: Path) -> dict[str, Any]:
    """The document, for a test to change."""
    found: dict[str, Any] = json.loads((drilled / "evidence.json").read_bytes())
    return found


def test_the_page_is_of_our_form_and_the_same_twice(drilled: Path, html: str) -> None:
    data = (drilled / "evidence.json").read_bytes()
    assert render(data) == render(data)
    assert render(data)[ANNEX] == html.encode()
    assert not_inert(html.encode()) is None


def test_its_structure(html: str, section: Page) -> None:
    page = Page(html)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link != REPORT} <= set(page.ids)
    assert all(table.captions == 1 and table.headers and not table.unscoped for table in section.tables)
    assert all(after <= before + 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
    assert FORBIDDEN.search(section.words) is None
    assert "%" not in section.words


def test_every_picture_has_its_words(html: str) -> None:
    pictures = re.findall(r'<img class="picture" src="[^"]+" width="720" height="\d+" alt="([^"]+)">', section_of(html))
    # One for each repetition that was carried out and stands in full, and one for each drill of several repetitions.
    assert len(pictures) == (1 + 2 + 1 + 1 + 1 + 1) + 3
    assert sum("The fault was caused after 2\u00a0s of load" in each for each in pictures) == 7
    assert "Answered correctly: 970 requests. Not correct: 30, 0 of them wrong." in words_of(html, "hangs")


def test_a_drill_that_did_not_hold(html: str) -> None:
    words = words_of(html, "hangs")
    assert "✗ did not hold" in words
    assert "stop: r1" in words
    assert "The run was told of 3 replicas. The policy declares what the fault may cost" in words
    assert "3 of 3 carried out: 1 × did not hold, 2 × held." in words
    assert "All criteria held in 2 of 3: in a share of at least 0.135" in words
    assert "requests that fail, since the fault (max_failed) 0 30 2 of 3" in words
    assert "time to recover (max_recovery_s) 2 s 3.5 s 2 of 3" in words
    assert "during the fault 400 370 0 0 0 30 0 0" in words
    assert "sum 1 000 970 0 0 0 30 0 0" in words
    assert "1 s after the fault: from then on somebody who watches could have known" in words
    assert "30 × timeout" in words
    assert "twice: 45; without a correct answer: 3; answered without being executed: 0" in words
    assert "could not be observed: the drill names nothing that counts executions" in words


def test_what_says_nothing_of_the_endpoint_is_told_apart(html: str) -> None:
    assert "1 of 1 carried out: 1 × held." in words_of(html, "control")
    assert "a control, in which nothing may fail" in words_of(html, "control")
    assert "The run was told of one address" in words_of(html, "control")
    unclean = words_of(html, "unclean")
    assert "– not run" in unclean
    assert "Of 200 requests of the baseline 3 failed." in unclean
    stuck = words_of(html, "stuck")
    assert "⊗ tester failed" in stuck
    assert "1 of 2 carried out: 1 × tester failed, 1 × held." in stuck
    assert "taken back at" not in stuck.partition("Repetition 2 of 2")[2]
    assert "⊗ tester failed" in words_of(html, "late")
    again = words_of(html, "again")
    assert again.startswith("again ✓ held")
    assert "1 of 1 carried out: 1 × tester failed, 1 × held." in again
    assert "did not hold" not in unclean + stuck + words_of(html, "late")


def test_without_a_criterion_nothing_is_held_against_anybody(html: str) -> None:
    words = words_of(html, "recorded")
    assert "≈ recorded" in words
    assert "held against nobody" in words
    assert "All criteria held" not in words


def test_hostile_words_are_shown_and_do_nothing(html: str, section: Page) -> None:
    assert "<script>alert(1)</script>" in section.words
    assert "user‹U+202E›nimda" in section.words
    assert "script" not in section.tags
    assert all(each.startswith("data:image/svg+xml") for each in section.sources)
    bad = {each for each in html if unicodedata.category(each) in {"Cc", "Cf"} and each not in "\n\t"}
    assert bad == set()


def test_load_of_drills_is_drawn_with_them_alone(html: str) -> None:
    load = re.search(r'(?s)<section aria-labelledby="load">.*?</section>', html)
    assert load
    assert '<figure class="plot">' not in load[0]


def test_a_thousand_repetitions_keep_the_size(tmp_path: Path) -> None:
    many = [some.repetition(f"{number:08x}") for number in range(1000)]
    many[700] = some.repetition("000002bc", 40, 3.0, ("max_failed", "max_recovery_s"))
    loads = [("series", some.load_of(f"{number:08x}", 40 if number == 700 else 0)) for number in range(1000)]
    some.finished(tmp_path, [*loads, ("drill", {"check": some.CHECK, "drill": some.drill("often", many)})])
    html = (tmp_path / "annex.html").read_text()
    assert len(html) < SIZE_AIM
    assert len(section_of(html)) < 220_000
    words = words_of(html, "often")
    assert "1 000 of 1 000 carried out: 1 × did not hold, 999 × held." in words
    assert "Repetition 701 of 1 000 ✗ did not hold" in words
    assert "counted above: 998 repetitions" in words
    assert verify(tmp_path).problems == []


def test_of_many_drills_the_worst_stand_in_full(raw: dict[str, Any]) -> None:
    raw["drills"] = [some.drill(f"d{number}", [some.repetition("hangs-1")]) for number in range(30)]
    raw["drills"][27] = hangs() | {"name": "bad"}
    html = section_of(render(json.dumps(raw).encode())[ANNEX].decode())
    assert len(re.findall("<h3 ", html)) == 20
    assert '<h3 id="drill-28-bad">' in html
    assert "Not shown here: 10 drills." in Page(html).words


@pytest.mark.parametrize("points", [
    {}, {"planned": []}, {"planned": [10**30] * 9}, {"ok": [1] * 500}, {"planned": [-1] * 100}, {"step_s": 1e9},
    {"worst": [1e300, 0.0, None]}, {"p50": [None] * 100, "worst": [None] * 100}, {"planned": ["<b>"]},
])  # fmt: skip
def test_what_is_no_record_of_load_breaks_no_page(raw: dict[str, Any], points: dict[str, Any]) -> None:
    for each in raw["series"]:
        each["points"] = {**each["points"], **points} if points else {}
    page = render(json.dumps(raw).encode())[ANNEX]
    assert not_inert(page) is None
    assert NO_NUMBER.search(section_of(page.decode())) is None


@pytest.mark.parametrize("change", [
    {"rate": 0.0}, {"rate": 1e300}, {"criteria": {"max_recovery_s": 1e300, "latency_s": -1.0, "of_later": 3.0}},
    {"slow_s": None, "timeout_s": None, "repeat": 0}, {"repetitions": []}, {"check": None},
])  # fmt: skip
def test_a_record_of_another_version_has_its_page(raw: dict[str, Any], change: dict[str, Any]) -> None:
    record = some.drill("hangs", [some.repetition("hangs-1"), some.repetition("hangs-2")])
    raw["drills"] = [{"check": some.CHECK, **record, **change}]
    assert not_inert(render(json.dumps(raw).encode())[ANNEX]) is None


def _without_account(record: some.Drill) -> None:
    record["repetitions"][0]["account"] = None


CHANGES = {
    "1 of 3 held, but": factory.put("held", 1),
    "2 of 2 held, but": factory.put("carried_out", 2),
    "its lower bound is 0.5": factory.put("lower", 0.5),
    "of nothing": factory.put("confidence", None),
    "the account during the fault does not close": factory.put("repetitions", 1, "account", "during", "lost", 29),
    "the account after the fault does not close": factory.put("repetitions", 0, "account", "after", "slow", 401),
    "its account has 1001 requests sent": factory.put("repetitions", 0, "account", "before", some.tally(201)),
    "requests correct, its load 1000": factory.put("repetitions", 0, "account", "after", some.tally(400, failed=1)),
    "did not hold, but its account says": factory.put("repetitions", 1, "broken", ["max_failed"]),
    "but has no account": _without_account,
}


def problems(folder: Path, record: some.Drill) -> list[str]:
    """What is wrong with a bundle that a run left with this record in its journal."""
    loads = [(f"hangs-{number}", 30 if number == 2 else 0) for number in (1, 2, 3)]
    lines: list[some.Line] = [("series", some.load_of(*each)) for each in loads]
    some.finished(folder, [*lines, ("drill", {"check": some.CHECK, "drill": record})])
    return [problem.text for problem in verify(folder).problems]


def hangs() -> some.Drill:
    """A drill of three repetitions, of which one did not hold."""
    bad = some.repetition("hangs-2", 30, 3.5, ("max_failed", "max_recovery_s"))
    return some.drill("hangs", [some.repetition("hangs-1"), bad, some.repetition("hangs-3")])


def test_a_drill_that_follows_from_its_accounts_is_sound(tmp_path: Path) -> None:
    assert problems(tmp_path, hangs()) == []


def test_criteria_of_later_versions_are_passed_over(tmp_path: Path) -> None:
    record = hangs()
    record["criteria"]["window_s"] = 2.0
    record["repetitions"][1]["broken"].append("window_s")
    assert problems(tmp_path, record) == []


def test_versions_of_a_rollout_say_what_did_not_hold(tmp_path: Path) -> None:
    counts = {"early": 0, "due_new": 50, "mixed": 3, "due_back": 40, "kept": 0, "switched_s": 0.5}
    record = hangs()
    record["repetitions"][1]["versions"] = counts
    (told,) = problems(tmp_path / "unsaid", record)
    assert told.endswith("says that [] did not hold, but its versions say ['window_s']")
    record["repetitions"][1]["broken"].append("window_s")
    assert problems(tmp_path / "said", record) == []
    page = (tmp_path / "said" / "annex.html").read_text()
    assert "3 of 50 right answers were of the old version" in page


@pytest.mark.parametrize("said", CHANGES)
def test_a_drill_that_contradicts_itself_is_told(tmp_path: Path, said: str) -> None:
    record = copy.deepcopy(hangs())
    CHANGES[said](record)
    told = problems(tmp_path, record)
    assert any(said in text and text.startswith("drill 'hangs'") for text in told), told


def test_a_document_with_another_drill_is_told(drilled: Path, tmp_path: Path) -> None:
    lines = some.every_kind()
    some.finished(tmp_path, lines)
    path = tmp_path / "evidence.json"
    raw = json.loads(path.read_bytes())
    raw["drills"][1]["target"] = "r2"
    path.write_text(json.dumps(raw))
    assert decode(path.read_bytes()).drills[1].target == "r2"
    reseal(tmp_path)
    assert "its drills are not those of the journal" in [problem.text for problem in verify(tmp_path).problems]
    assert verify(drilled).problems == []
