"""Several models in one run: what could not be asked of one takes nothing from what was seen of another."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.document.build import build
from reports.evidence import ClauseRow
from tests.reports import factory


def row(folder: Path, seen: list[tuple[str | None, str]]) -> ClauseRow:
    """The row of REST-HTTP-01 after a check with these verdicts, by model."""
    bundle = factory.start(folder)
    for number, (model, verdict) in enumerate(seen):
        reason = "no sample" if verdict == "untestable" else ""
        bundle.journal.append("check", factory.check(f"rest-{number}-holds", verdict, model=model, reason=reason))
    return next(each for each in build(folder).catalogue.clauses if each.id == "REST-HTTP-01")


@pytest.mark.parametrize(
    ("seen", "verdict", "reason"),
    [
        ([("iris", "pass"), ("echo", "untestable")], "pass", "pass on iris; untestable on echo: no sample"),
        ([("iris", "fail"), ("echo", "untestable")], "fail", "fail on iris; untestable on echo: no sample"),
        (
            [("a", "pass"), ("b", "warn"), ("c", "untestable"), ("d", "not_applicable")],
            "warn",
            "warn on b; pass on a; untestable on c: no sample",
        ),
        (
            [(None, "untestable"), ("iris", "pass")],
            "pass",
            "pass on iris; untestable on the server as a whole: no sample",
        ),
        (
            [("a", "pass"), ("b", "inconclusive"), ("c", "untestable")],
            "inconclusive",
            "inconclusive on b; pass on a; untestable on c: no sample",
        ),
        ([("iris", "not_applicable"), ("echo", "untestable")], "untestable", "no sample"),
        ([("iris", "pass"), ("iris", "untestable")], "untestable", "no sample"),
        ([("iris", "pass"), ("echo", "pass")], "pass", None),
    ],
)
def test_models_are_combined_without_masking(
    tmp_path: Path, seen: list[tuple[str | None, str]], verdict: str, reason: str | None
) -> None:
    found = row(tmp_path, seen)
    assert (found.verdict, found.reason) == (verdict, reason)


def test_what_was_left_out_masks_nothing_and_is_said_where_nothing_else_is(tmp_path: Path) -> None:
    bundle = factory.start(tmp_path)
    for slug, clause, verdict, unreached in (
        ("rest-a-holds", "REST-HTTP-01", "pass", ""),
        ("rest-b-holds", "REST-HTTP-01", "untestable", "budget"),
        ("rest-c-holds", "REST-META-01", "untestable", "budget"),
    ):
        line = factory.check(slug, verdict, clauses=[(clause, "must", verdict)], unreached=unreached)
        bundle.journal.append("check", line)
    rows = {each.id: each for each in build(tmp_path).catalogue.clauses}
    assert (rows["REST-HTTP-01"].verdict, rows["REST-HTTP-01"].reason) == ("pass", None)
    assert rows["REST-META-01"].verdict is None
    assert rows["REST-META-01"].reason == "planned, but not carried out: budget"


def test_many_models_are_counted_not_listed(tmp_path: Path) -> None:
    seen: list[tuple[str | None, str]] = [(f"m{n}", "pass" if n % 2 else "untestable") for n in range(20)]
    assert "pass on m1, m3, m5, m7 and 6 more; untestable on m0, m2, m4, m6 and 6 more" in (
        row(tmp_path, seen).reason or ""
    )
