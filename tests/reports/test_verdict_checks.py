"""Verdicts follow from what is recorded beside them; what a run can leave is never blamed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from reports.evidence import CheckResult
from reports.verification.verdict_checks import verdict_contradictions
from tests.reports import factory


def said(verdict: str, *clauses: tuple[str, str, str], shown: tuple[str, ...] = (), **changes: Any) -> list[str]:
    raw = factory.check("rest-x", verdict, clauses=list(clauses), **changes)
    if shown:
        raw["counterexamples"] = [factory.counterexample("x", list(shown))]
    unread = {"request": None, "response": None, "curl": None}
    raw["counterexamples"] = [each | unread for each in raw["counterexamples"]]
    raw["clauses"] = [each | {"exchange": None} for each in raw["clauses"]]
    return [*verdict_contradictions([msgspec.convert(raw, CheckResult)])]


@pytest.mark.parametrize(
    "found",
    [
        said("pass", ("A", "must", "pass"), ("B", "must", "not_applicable")),
        said("fail", ("A", "must", "fail"), ("B", "should", "warn"), shown=("A",)),
        said("untestable", ("A", "must", "not_applicable"), cases=0),
        said("untestable", ("A", "must", "pass"), ("B", "must", "untestable")),
        said("inconclusive", ("A", "must", "pass"), ("B", "must", "inconclusive")),
        said("fail", ("A", "must", "fail"), ("B", "must", "untestable"), shown=("A",)),
        said("pass", ("A", "may", "pass"), shown=("A",), failures=1),
        said("tool_error", ("A", "must", "tool_error"), failures=1),
        said("pass"),
    ],
)
def test_what_a_run_can_leave(found: list[str]) -> None:
    assert found == []


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (said("pass", ("A", "must", "fail"), shown=("A",)), "the worst of its clauses is fail"),
        (said("warn", ("A", "must", "pass")), "the worst of its clauses is pass"),
        (said("not_applicable", ("A", "must", "pass")), "the worst of its clauses is pass"),
        (said("pass", ("A", "must", "pass"), cases=0), "has no case"),
        (said("pass", ("A", "must", "pass"), failures=3), "counts 3 violations"),
        (said("warn", ("A", "should", "warn"), failures=0), "counts no violation"),
        (said("pass", ("A", "must", "pass"), shown=("A",)), "a counterexample shows A broken"),
    ],
)
def test_what_does_not_follow_is_told(found: list[str], words: str) -> None:
    assert any(words in text for text in found), found
