"""Whether an answer that breaks something is the answer at all: the same request is sent again, alone.

An answer that came once and does not come again says more of what was sent before it than of what it breaks. One that
comes and goes says that several answer who do not agree, whatever the request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from harness.budget import BudgetExhausted
from harness.check import Check, EndpointLost, Untestable
from harness.criteria import Criterion
from harness.oracles.whole import STATUS, WholeAnswer, deviations
from harness.outcome import Violation
from harness.probing.menu.answers import ANSWERED, whole
from harness.probing.probe import Probe
from harness.probing.replaying import CannotReplay, Clients, Recording, send_again
from harness.record.exchange import Exchange
from harness.record.intent import aside
from harness.wire.access import AccessError
from harness.wire.reading import TooMuch

ROOT = "answered-otherwise-again:{cause}"
BY_TURNS = "answers-by-turns"
# Causes that say more closely whose answers come by turns.
CLOSER = ("answered-by-another-version",)
# Criteria that answers break by being others.
OTHERS = (Criterion.SAME_ANSWER.clause, Criterion.NO_SILENT_CHANGE.clause)
# Exchanges of one check that are looked at, how often each request is sent, and how often more where that differs.
MOST, TIMES, MORE = 3, 3, 8
# Bytes of an answer that is compared: four are held at a time.
LARGEST = 64 * 1024


def tie(check: Check, probe: Probe) -> None:
    """Give violations whose answer is another one when the request is sent again a root that says so.

    Only where two answers in a row then agree with each other, and not with the one on record; or where answers to the
    request alone come and go.
    """
    if check.passive or check.kind == "sampling" or (probe.on_model is not None and probe.declared_varying):
        return
    outcome = probe.outcome
    broken = {each.exchange for each in outcome.violations if _asked(check, each) and not each.one_of_many}
    shown = {each.ref: each for each in probe.shown if each.ref in broken and _comparable(each)}
    found = {exchange.ref: _root(probe, exchange) for exchange in list(shown.values())[:MOST]}
    outcome.violations = [_tied(check, each, found.get(each.exchange or "")) for each in outcome.violations]


def _asked(check: Check, violation: Violation) -> bool:
    return violation.clause in (*check.clauses, *OTHERS)


def _tied(check: Check, violation: Violation, root: str | None) -> Violation:
    if root == BY_TURNS and _asked(check, violation) and violation.root not in CLOSER:
        words = "sent again, alone, the same request gets different answers by turns"
        return replace(violation, root=BY_TURNS, observed=f"{violation.observed}; {words}")
    if root == ROOT and violation.clause in check.clauses:
        words = "sent again, the same request gets another answer"
        return replace(violation, root=ROOT.format(cause=violation.root), observed=f"{violation.observed}; {words}")
    return violation


def _comparable(exchange: Exchange) -> bool:
    """Whether it is an inference that was answered; a step of a sequence is another one each time."""
    infers = exchange.url.endswith(("/infer", "/ModelInfer")) and len(exchange.response_body) <= LARGEST
    return infers and exchange.ok and b"sequence_" not in exchange.request_body


def _root(probe: Probe, exchange: Exchange) -> str | None:
    """What sending the request again says of the answer on record; None where it comes again, or nobody can say."""
    try:
        before, *again = _answers(probe, exchange, TIMES)
        last, latest = again[-2:]
        if latest.members.get(STATUS) != ANSWERED or not any(_apart(before, each) for each in again):
            return None
        if by_turns([*again, *_answers(probe, exchange, MORE)[1:]]):
            return BY_TURNS
    except (CannotReplay, BudgetExhausted, AccessError, EndpointLost, Untestable, TooMuch, ValueError):
        return None
    return ROOT if not deviations(last, latest) and _apart(before, latest) else None


def by_turns(answers: Sequence[WholeAnswer]) -> bool:
    """Whether an answer comes back after another one: more than a state that is left, or drifts away."""
    gone: list[WholeAnswer] = []
    for before, after in pairwise(answers):
        if _other_outputs(before, after):
            if any(not _other_outputs(each, after) for each in gone):
                return True
            gone.append(before)
    return False


def _other_outputs(one: WholeAnswer, other: WholeAnswer) -> bool:
    """Whether they differ in more than members, which may speak of the moment: a cache, a queue."""
    found = {each.aspect for each in deviations(one, other)}
    return bool(found - {*one.members, *other.members} or found & {STATUS})


def _apart(one: WholeAnswer, other: WholeAnswer) -> bool:
    return bool(deviations(one, other, ("id",)))


def _answers(probe: Probe, exchange: Exchange, times: int) -> list[WholeAnswer]:
    """The answer on record, and those that the request gets now.

    Raises:
        ValueError: one of them cannot be compared.
    """
    endpoint = probe.endpoint
    base = endpoint.rest.access.address.url if endpoint.rest is not None else ""
    recording = Recording(exchange, frozenset(), base)
    with aside():
        again = [send_again(Clients(endpoint.rest, endpoint.grpc), recording) for _ in range(times)]
    found = [whole(each) for each in (exchange, *again) if len(each.response_body) <= LARGEST]
    answers = [each for each in found if each is not None]
    if len(answers) <= times:
        raise ValueError("an answer that cannot be compared")
    return answers
