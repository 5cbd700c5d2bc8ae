"""What the record of the run says of requests that came more than once, and what sending them once more adds to it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from harness.criteria import Advice, Criterion
from harness.judging.mixed_up import LEAK, SAME, VARIES
from harness.judging.passive.fair import oddity
from harness.judging.passive.repeated import DifferingRequest, RepeatedRequests
from harness.judging.passive.unanswered import ENDED, UnansweredRequests
from harness.judging.still_serves import alive
from harness.probing.baseline import Variations
from harness.probing.probe import Probe
from harness.probing.replaying import again
from harness.probing.replies import status_of
from harness.probing.told import ToldViolations
from harness.record.exchange import Exchange, Transport

# What speaks of a wrong answer, whatever its cause.
WRONG = (SAME, LEAK, Criterion.NO_SILENT_CHANGE.clause)
# Differing requests that are reported, and how often each is sent again.
REPORTED, AGAIN = 5, 8
ANSWERED = Advice.ANSWERS_EVERYTHING.clause
NAMED = 3
EXPECTED = "the same answer to the same request"


def report_record(probe: Probe, transport: Transport) -> None:
    """One case for each request that was answered in two ways, and that no check has spoken of.

    One odd answer that does not come again is a warning: who runs a service may have changed something meanwhile.
    """
    repeated = probe.endpoint.memory.find(RepeatedRequests)
    if repeated is None or not repeated.compared[transport]:
        probe.untestable("no request was answered twice in this run")
    for text, exchange in _noted(probe, transport):
        probe.holds(False, clause=SAME, expected=EXPECTED, observed=text, exchange=exchange, root=VARIES)
    told = probe.endpoint.memory.of(ToldViolations)
    found = [each for each in repeated.of(transport) if not _declared(probe, each.first)]
    new = [each for each in found if not told.by(each.checks, WRONG)]
    for each in new[:REPORTED]:
        _report(probe, each)
    compared = f"{repeated.compared[transport]} answers were compared with an earlier one to the same request"
    probe.observe(f"{compared}; {len(found)} requests differ, {len(new)} of them told by no other check")
    probe.holds(True, clause=SAME, expected=EXPECTED, observed=compared)


def _report(probe: Probe, each: DifferingRequest) -> None:
    words, shown = each.others[0]
    answers = [answer for answer in again(probe.endpoint, each.first, AGAIN) if answer.error is None]
    good = sum(answer.ok for answer in answers)
    met = ", ".join(check or "the search for models" for check in list(each.checks)[:NAMED])
    observed = f"{words}; {each.odd} of {each.count} answers on record are not as the first, met in {met}"
    if each.kind == "error":
        certain = 0 < good < len(answers)
        observed += f"; sent again, {good} of {len(answers)} are answered: {status_of(answers[-1])}" if answers else ""
    else:
        odd = min(each.odd, each.count - each.odd)
        certain = odd > 1 or _differ(each, answers)
    probe.holds(False, clause=SAME, expected=EXPECTED, observed=observed, exchange=shown, root=VARIES,
                mild=not certain)  # fmt: skip


def _differ(each: DifferingRequest, answers: Sequence[Exchange]) -> bool:
    """Whether the answers of now differ from each other."""
    judged = RepeatedRequests()
    for exchange in answers:
        judged.look(exchange, None)
    return bool(judged.of(each.transport))


def report_unanswered(probe: Probe) -> None:
    """One case for each kind of request that got no whole answer, now neither, and that no check has spoken of."""
    kept = probe.endpoint.memory.of(UnansweredRequests).kept
    told = probe.endpoint.memory.of(ToldViolations)
    mine = [each for each in kept if not told.shows(each[1].ref)]
    for kind, exchange, met in mine:
        answers = again(probe.endpoint, exchange, 2)
        ended = [each.error is not None and each.error.kind in ENDED for each in answers]
        stays = bool(answers) and all(ended) and alive(probe, patience=1.0).problem is None
        observed = f"{kind}: {status_of(exchange)}, met in {met or 'the search for models'}; again in {sum(ended)} of 2"
        if stays:
            probe.holds(False, clause=ANSWERED, expected="an answer, if only a refusal", observed=observed,
                        exchange=exchange, root=f"closed-over:{oddity(exchange) or kind}")  # fmt: skip
        else:
            probe.observe(observed)
    probe.holds(True, clause=ANSWERED, expected="an answer", observed=f"{len(mine)} kinds had none at first")


def _noted(probe: Probe, transport: Transport) -> list[tuple[str, Exchange]]:
    """What checks passed over, because the request varied alone: the first of each model."""
    found = []
    for model in probe.endpoint.models:
        seen = model.memory.of(Variations).seen
        found += [(text, exchange) for way, text, exchange in seen if way == transport][:1]
    return found


def _declared(probe: Probe, exchange: Exchange) -> bool:
    """Whether the request is one to a model that the policy declares nondeterministic."""
    names = [name for name, table in probe.endpoint.policy.models.items() if table.nondeterministic]
    if exchange.transport == "grpc":
        return any(name.encode() in exchange.request_body for name in names)
    return any(f"/v2/models/{quote(name, safe='')}/" in exchange.url for name in names)
