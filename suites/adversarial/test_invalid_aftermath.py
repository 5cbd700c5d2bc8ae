"""What a drawn invalid request leaves behind: in the next answer, in an answer to somebody else, in its repetition."""

from __future__ import annotations

from dataclasses import replace

from harness.check import NotApplicable, Untestable, check
from harness.criteria import Criterion
from harness.endpoint.rest_route import outputs_of
from harness.endpoint.route import MANY_ROWS
from harness.generate.canaries import Canary, canary, canary_request, cut_off
from harness.generate.invalid import Invalid
from harness.judging.exploring import PropertyCase, explore
from harness.judging.mistakes import mistake_classes, mistakes, send_mistake
from harness.judging.refusals import base_of
from harness.oracles.equality import difference
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.wire.messages import InferRequest
from harness.wire.pace import SHEDDING
from harness.wire.varied import vary

DUTIES = ["A15-4-c", "A15-5-b"]


@check(
    "adversarial-invalid-leaves-next",
    clauses=["REST-ERR-06"],
    criteria=[Criterion.SAME_ANSWER],
    duties=["A15-4-i", *DUTIES],
    criterion="after a drawn invalid request, the valid one gets the answer it got before, on the same connection",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["poisoned-keep-alive", "wrong-after-50-errors"],
    fix="Read the whole of a refused request, and reset whatever it left behind.",
    kind="search",
)
def adversarial_invalid_leaves_next(probe: Probe) -> None:
    """The next valid request gets its own answer.

    Two valid requests with other values are answered; after each drawn mistake in the first, the second follows on the
    same connection and must be answered as before.
    """
    probe.steady()
    request = _other(base_of(probe).request)
    before = probe.model.rest.infer(request)
    if not before.ok:
        request, before = base_of(probe).request, base_of(probe).exchange

    def judge(drawn: Invalid) -> list[PropertyCase]:
        send_mistake(probe, drawn)
        after = probe.model.rest.infer(request)
        if after.status in SHEDDING:
            return []
        observed = f"after {drawn.name} ({drawn.why}): {status_of(after)}"
        cases = [PropertyCase("REST-ERR-06", after.ok, "status 200", observed, "refusal-harms-next", after)]
        if after.ok:
            found = difference(outputs_of(before), outputs_of(after), exact=False)
            observed = f"after {drawn.name} ({drawn.why}): {found or 'the same'}"
            cases.append(PropertyCase(Criterion.SAME_ANSWER.clause, found is None, "the answer as before", observed,
                              "refusal-changes-next", after))  # fmt: skip
        return cases

    explore(probe, mistakes(probe), judge, examples=3 * probe.endpoint.examples, label=mistake_classes)
    base = base_of(probe)
    last = probe.model.rest.infer(base.request)
    if last.ok and base.exchange.ok:
        found = difference(outputs_of(base.exchange), outputs_of(last), exact=False)
        observed = f"after all of them, against the first answer of the run: {found or 'the same'}"
        probe.holds(found is None, clause=Criterion.SAME_ANSWER.clause, expected="the answer as before",
                    observed=observed, exchange=last, root="refusals-change-answers-for-good")  # fmt: skip


@check(
    "adversarial-errors-leak-nothing",
    criteria=[Criterion.NO_LEAK],
    duties=["A15-5-a", "A15-5-b", "A15-5-h"],
    criterion="nothing of an earlier request is in the answer to a later, invalid one",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=[
        "error-quotes-other-request",
        "short-data-filled-from-previous",
        "malformed-error-quotes-last-request",
        "truncated-body-completed-from-previous",
    ],
    fix="Make error texts of the request at hand alone, and clear buffers between requests.",
    kind="search",
)
def adversarial_errors_leak_nothing(probe: Probe) -> None:
    """Answers to invalid requests hold nothing of other requests.

    A valid request, many rows long where the model takes them, carries canaries: an unusual value in every input that
    can hold one, and an id. Then a drawn mistake follows that has none of them, now and then the same request cut off
    before the first; its answer, headers included, is searched for them. ATLAS AML.T0024.
    """
    mark = canary(probe.endpoint.seed)
    marked = canary_request(_large(probe), mark)

    def judge(drawn: Invalid) -> list[PropertyCase]:
        probe.client.infer(probe.model.name, marked, probe.model.address)
        exchange = send_mistake(probe, drawn)
        # A model that keeps a state by design may show it in its outputs, never in an error.
        if exchange.ok and not probe.model.rest.steady():
            return []
        leaked = _found(mark, exchange)
        observed = f"{drawn.name} ({drawn.why}): {status_of(exchange)}, {f'with {leaked}' if leaked else 'no canary'}"
        expected = "nothing of the request before"
        return [
            PropertyCase(
                Criterion.NO_LEAK.clause, leaked is None, expected, observed, "answer-holds-other-request", exchange
            )
        ]

    # What completes the request before, cut off, can only be the rest of it.
    strategies = [cut_off(marked, mark), *mistakes(probe)]
    explore(probe, strategies, judge, examples=4 * probe.endpoint.examples, label=mistake_classes)


@check(
    "adversarial-invalid-same-again",
    criteria=[Criterion.SAME_ANSWER],
    duties=DUTIES,
    criterion="a drawn invalid request is refused or answered alike when it is sent again",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["duplicate-keys-alternate"],
    fix="Decide what a request means from its bytes alone: no turns, no state, no order of hashing.",
    kind="search",
)
def adversarial_invalid_same_again(probe: Probe) -> None:
    """The same bytes get the same decision.

    Each drawn mistake is sent twice, also those that no clause forbids, such as a member that stands there twice. Both
    must be refused or both answered, and then with the same outputs, within the tolerance for floats; which refusal it
    is may vary. Models that are declared nondeterministic are excused.
    """
    probe.steady()

    def judge(drawn: Invalid) -> list[PropertyCase]:
        first, second = send_mistake(probe, drawn), send_mistake(probe, drawn)
        if any(each.error is not None or each.status in SHEDDING for each in (first, second)):
            return []
        found = f"{status_of(first)}, then {status_of(second)}" if first.ok != second.ok else None
        if first.ok and second.ok:
            found = difference(outputs_of(first), outputs_of(second), exact=False)
        observed = f"{drawn.name} ({drawn.why}), sent twice: {found or 'the same'}"
        return [
            PropertyCase(
                Criterion.SAME_ANSWER.clause, found is None, "the same decision", observed, "decision-changes", second
            )
        ]

    explore(probe, mistakes(probe), judge, examples=3 * probe.endpoint.examples, label=mistake_classes)


def _found(mark: Canary, exchange: Exchange) -> str | None:
    """The canary that an answer holds, in words."""
    text = exchange.response_body.decode("utf-8", "replace")
    return mark.found_in(text) or mark.found_in("\n".join(value for _, value in exchange.response_headers))


def _large(probe: Probe) -> InferRequest:
    """A valid request that leaves more behind than the next one fills, if the model takes one."""
    try:
        return probe.model.rest.batch(MANY_ROWS).request
    except (NotApplicable, Untestable):
        return base_of(probe).request


def _other(request: InferRequest) -> InferRequest:
    """The same request with the values of each input in reverse order: valid, and told apart."""
    return vary(request, inputs=tuple(replace(each, elements=each.elements[::-1]) for each in request.inputs))
