"""The cure of a finding is that of the check that decides the clause, whoever met it first."""

from __future__ import annotations

import pytest

from harness.outcome import Outcome, Violation
from harness.run.checks import load_checks
from harness.run.owners import owner_of, tallies
from harness.verdicts import Level

CHECKS = load_checks()[0].checks


@pytest.mark.parametrize(
    ("clause", "met_by", "owner"),
    [
        ("REST-ERR-02", "adversarial-invalid-refused", "rest-error-object"),
        ("REST-RESP-04", "adversarial-ids-whole-and-harmless", "rest-infer-echoes-id"),
        ("REST-RESP-04", "grpc-infer-echoes-id", "grpc-infer-echoes-id"),
        ("policy:no-leak", "adversarial-errors-leak-nothing", "adversarial-errors-leak-nothing"),
        ("NO-CLAUSE-01", "rest-error-object", "rest-error-object"),
    ],
)
def test_owner(clause: str, met_by: str, owner: str) -> None:
    assert owner_of(clause, CHECKS[met_by], CHECKS.values()).slug == owner


def test_each_cause_of_each_clause_is_counted_with_the_cure_of_its_owner() -> None:
    check = CHECKS["transports-same-mistakes"]
    outcome = Outcome({"REST-ERR-07": Level.SHOULD}, cases={"REST-ERR-07": 9})
    outcome.violations = [Violation("REST-ERR-07", "", "", root) for root in ("REST-OUT-04", "REST-OUT-04", "other")]
    first, second = tallies(check, outcome, {("REST-ERR-07", "other"): "known"})
    assert (first.root, first.failures, first.cases) == ("REST-OUT-04", 2, 9)
    assert (first.owner, first.verdict) == ("rest-refuses-unknown-output", "warn")
    assert (second.owner, second.standing, first.standing) == ("transports-same-mistakes", "known", None)
