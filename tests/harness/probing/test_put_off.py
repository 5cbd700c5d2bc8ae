"""A clause is not broken by an endpoint that puts off everything."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.outcome import Outcome, Violation
from harness.probing.probe import Probe
from harness.probing.put_off import take_back_put_off
from harness.record.exchange import Exchange
from harness.verdicts import Level, Verdict

MUST, SHOULD, SERVES, POLICY = "TDATA-01", "PARAM-02", "REST-MREADY-05", "policy:no-crash"


def answered(status: int) -> Exchange:
    return Exchange(1, "POST", "http://t/v2/models/m/infer", "HTTP/1.1", (), b"{}", status, "", "HTTP/1.1", (), b"{}",
                    False, None, "", 0, 0, 0, None, ref="recorded")  # fmt: skip


def after(status: int, accepted: int) -> Outcome:
    outcome = Outcome({MUST: Level.MUST, SHOULD: Level.SHOULD, SERVES: Level.SHOULD, POLICY: Level.MUST})
    for clause in outcome.levels:
        outcome.cases[clause] = 1
        outcome.violations.append(Violation(clause, "status 200", f"status {status}", clause, "recorded"))
    route = SimpleNamespace(known=SimpleNamespace(request=None), ask=lambda _: answered(accepted))
    model = SimpleNamespace(routes={"rest": route})
    probe = SimpleNamespace(outcome=outcome, shown=[answered(status)], on_model=model, model=model)
    check = SimpleNamespace(passive=False, kind="direct", clauses=(MUST, SHOULD, SERVES))
    take_back_put_off(cast("Any", check), cast("Probe", probe))
    return outcome


def test_a_clause_is_undecided_where_the_accepted_request_is_put_off_as_well() -> None:
    outcome = after(503, 503)
    assert outcome.clause_verdict(MUST) is Verdict.INCONCLUSIVE
    assert "503" in outcome.reason
    assert {each.clause for each in outcome.violations} == {SERVES, POLICY}


@pytest.mark.parametrize(("status", "accepted"), [(503, 200), (500, 500), (400, 503)])
def test_everything_else_stays_broken(status: int, accepted: int) -> None:
    outcome = after(status, accepted)
    assert outcome.clause_verdict(MUST) is Verdict.FAIL
    assert len(outcome.violations) == len(outcome.levels)
