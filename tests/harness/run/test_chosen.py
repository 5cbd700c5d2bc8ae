"""Which violations of a check are shown: the heaviest first, and each failed clause with its evidence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.outcome import Outcome, Violation
from harness.run.evidenced import take_back
from harness.run.results import chosen
from harness.verdicts import Level, Verdict

MUST, SHOULD = "REST-ERR-01", "REST-ERR-05"


def outcome(*violations: Violation) -> Outcome:
    """A check of one MUST and one SHOULD that saw these."""
    return Outcome({MUST: Level.MUST, SHOULD: Level.SHOULD, "policy:no-crash": Level.MUST}, violations=[*violations])


def broken(clause: str, root: str, exchange: str | None = "e", *, mild: bool = False) -> Violation:
    """A case that did not hold."""
    return Violation(clause, "expected", f"observed {root}", root, exchange, mild=mild)


def test_warnings_never_push_out_what_failed() -> None:
    seen = outcome(*(broken(SHOULD, f"w{n}") for n in range(5)), broken(MUST, "f"))
    assert [each.root for each in chosen(seen)] == ["f", "w0", "w1"]


@pytest.mark.parametrize("mild", [False, True])
def test_a_mild_case_counts_as_a_warning(mild: bool) -> None:
    seen = outcome(*(broken(SHOULD, f"w{n}") for n in range(3)), broken(MUST, "m", mild=mild))
    assert (chosen(seen)[0].root == "m") is not mild


def test_a_case_with_an_exchange_is_kept_before_one_without() -> None:
    seen = outcome(*(broken(MUST, "same", None) for _ in range(5)), broken(MUST, "same", "shown"))
    assert chosen(seen)[0].exchange == "shown"


VIOLATIONS = st.builds(
    broken,
    st.sampled_from([MUST, SHOULD, "policy:no-crash"]),
    st.sampled_from("abcde"),
    st.sampled_from([None, "e"]),
    mild=st.booleans(),
)


@given(st.lists(VIOLATIONS, max_size=12))
def test_each_failed_clause_keeps_its_evidence(violations: list[Violation]) -> None:
    seen = outcome(*violations)
    kept = chosen(seen)
    weights = [seen.weight(each).rank for each in kept]
    assert weights == sorted(weights, reverse=True)
    for clause in seen.levels:
        if seen.clause_verdict(clause) is Verdict.FAIL:
            shown = {
                each.exchange for each in violations if each.clause == clause and seen.weight(each) is Verdict.FAIL
            }
            assert any(
                each.clause == clause and seen.weight(each) is Verdict.FAIL and (each.exchange or shown == {None})
                for each in kept
            )


def test_what_no_exchange_shows_is_a_defect_of_ours() -> None:
    seen = outcome(broken(MUST, "a", None), broken(SHOULD, "b"))
    seen.cases = {MUST: 1, SHOULD: 1}
    reason = take_back(seen, ())
    assert reason.startswith(f"{MUST}: reported broken without an exchange")
    assert [seen.clause_verdict(clause) for clause in (MUST, SHOULD)] == [Verdict.TOOL_ERROR, Verdict.WARN]
    assert seen.verdict() is Verdict.TOOL_ERROR


def test_a_connection_that_could_not_be_opened_is_no_case() -> None:
    seen = outcome(broken(MUST, "a", "lost"), broken(SHOULD, "b", "lost"), broken(SHOULD, "c", "e"))
    seen.cases = {MUST: 1, SHOULD: 2}
    assert take_back(seen, {"lost"})
    assert [each.root for each in seen.violations] == ["c"]
    assert [seen.clause_verdict(clause) for clause in (MUST, SHOULD)] == [Verdict.TOOL_ERROR, Verdict.WARN]


def test_what_is_shown_stays() -> None:
    seen = outcome(broken(MUST, "a", None), broken(MUST, "b", "e"))
    assert take_back(seen, {"lost"}) == ""
    assert seen.clause_verdict(MUST) is Verdict.FAIL
