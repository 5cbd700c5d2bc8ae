"""Whether an answer that breaks a clause is the answer at all: the same request is sent again, alone.

An answer that came once and does not come again says more of what was sent before it than of the clause that it breaks.
"""

from __future__ import annotations

from dataclasses import replace

from harness.budget import BudgetExhausted
from harness.check import Check, EndpointLost, Untestable
from harness.oracles.whole import STATUS, deviations
from harness.outcome import Violation
from harness.probing.menu.answers import ANSWERED, whole
from harness.probing.probe import Probe
from harness.probing.replaying import CannotReplay, Clients, Recording, send_again
from harness.record.exchange import Exchange
from harness.record.intent import aside
from harness.wire.access import AccessError
from harness.wire.reading import TooMuch

ROOT = "answered-otherwise-again:{cause}"
# Exchanges of one check that are looked at, and how often each request is sent.
MOST, TIMES = 3, 3
# Bytes of an answer that is compared: four are held at a time.
LARGEST = 64 * 1024


def tie(check: Check, probe: Probe) -> None:
    """Give violations whose answer is another one when the request is sent again a root that says so.

    Only where two answers in a row then agree with each other, and not with the one on record.
    """
    if check.passive or check.kind == "sampling" or (probe.on_model is not None and probe.declared_varying):
        return
    outcome = probe.outcome
    broken = {each.exchange for each in outcome.violations if each.clause in check.clauses and not each.one_of_many}
    shown = {each.ref: each for each in probe.shown if each.ref in broken and _comparable(each)}
    chosen = list(shown.values())[:MOST]
    odd = {exchange.ref for exchange in chosen if _otherwise(probe, exchange)}
    outcome.violations = [_tied(each) if each.exchange in odd and each.clause in check.clauses else each
                          for each in outcome.violations]  # fmt: skip


def _tied(violation: Violation) -> Violation:
    return replace(
        violation,
        root=ROOT.format(cause=violation.root),
        observed=f"{violation.observed}; sent again, the same request gets another answer",
    )


def _comparable(exchange: Exchange) -> bool:
    """Whether it is an inference that was answered; a step of a sequence is another one each time."""
    infers = exchange.url.endswith(("/infer", "/ModelInfer")) and len(exchange.response_body) <= LARGEST
    return infers and exchange.ok and b"sequence_" not in exchange.request_body


def _otherwise(probe: Probe, exchange: Exchange) -> bool:
    """Whether the request now gets an answer that is not the one on record, the same twice."""
    endpoint = probe.endpoint
    base = endpoint.rest.access.address.url if endpoint.rest is not None else ""
    recording = Recording(exchange, frozenset(), base)
    try:
        with aside():
            again = [send_again(Clients(endpoint.rest, endpoint.grpc), recording) for _ in range(TIMES)]
    except (CannotReplay, BudgetExhausted, AccessError, EndpointLost, Untestable, ValueError):
        return False
    if any(len(each.response_body) > LARGEST for each in again):
        return False
    try:
        before, *_, last, latest = (whole(each) for each in (exchange, *again))
    except TooMuch:
        return False
    if before is None or last is None or latest is None or latest.members.get(STATUS) != ANSWERED:
        return False
    return not deviations(last, latest) and bool(deviations(before, latest, ("id",)))
