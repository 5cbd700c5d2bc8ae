"""Answers that put off whatever is asked: they say nothing of a clause, wherever they come."""

from __future__ import annotations

from harness.budget import BudgetExhausted
from harness.check import Check, EndpointLost, Untestable
from harness.outcome import Violation
from harness.probing.probe import Probe
from harness.probing.replies import not_now, status_of
from harness.record.exchange import Exchange
from harness.verdicts import Level, Verdict

# Clauses that say that requests are answered at all.
OF_SERVING = ("REST-MREADY-05", "REST-ERR-06")


def take_back_put_off(check: Check, probe: Probe) -> None:
    """Leave broken clauses undecided where an inference was put off, and the accepted request is put off as well.

    Criteria and advice stay: whether an endpoint serves at all is theirs.
    """
    outcome = probe.outcome
    if check.passive or check.kind == "sampling" or probe.on_model is None:
        return
    shown = {each.ref: each for each in probe.shown if not_now(each) and each.url.endswith(("/infer", "/ModelInfer"))}
    about = [each for each in outcome.violations if each.exchange in shown and _asks_for_an_answer(check, probe, each)]
    if not about or (said := _accepted_put_off(probe, shown[about[0].exchange or ""])) is None:
        return
    outcome.violations = [each for each in outcome.violations if each not in about]
    for violation in about:
        outcome.cases.pop(violation.clause, None)
    outcome.ended = outcome.ended or Verdict.INCONCLUSIVE
    outcome.reason = outcome.reason or f"every request is put off now, the accepted one as well: {said}"


def _asks_for_an_answer(check: Check, probe: Probe, violation: Violation) -> bool:
    asked = violation.clause in check.clauses and violation.clause not in OF_SERVING
    return asked and probe.outcome.levels.get(violation.clause) in (Level.MUST, Level.SHOULD)


def _accepted_put_off(probe: Probe, exchange: Exchange) -> str | None:
    """What the accepted request is answered over that transport, where it is put off; None where it is not."""
    route = probe.model.routes.get(exchange.transport)
    if route is None or route.known is None:
        return None
    try:
        answer = route.ask(route.known.request)
    except (BudgetExhausted, EndpointLost, Untestable):
        return None
    return status_of(answer) if not_now(answer) else None
