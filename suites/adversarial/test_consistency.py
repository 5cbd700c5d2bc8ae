"""The same input gets the same answer: again, in any batch, beside any neighbour (Art. 15(1), 15(4))."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.check import check
from harness.criteria import Criterion
from harness.generate.distinct import distinct
from harness.generate.mutations import Mutation
from harness.judging.mixed_up import LEAK, MIXED_UP, REPORTED, SAME, report, strayed_from
from harness.judging.still_serves import serving_before
from harness.oracles.isolation import MixedUpAnswer
from harness.probing.baseline import (
    BaselineAnswer,
    PacedRoute,
    answered,
    declared_alike,
    excused,
    known,
    noted_varying,
    paced_route,
    quick_mistakes,
)
from harness.probing.concurrent import FEWEST, together
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.wire.pace import NOT_NOW
from harness.wire.reading import holdable

FRESH_EVERY = 8
# In the ids of valid requests only.
CANARY = "a15-neighbour-5e1c"
# A model that answers within this many seconds is asked often enough to meet one wrong answer in 200.
QUICK_ENOUGH, OFTEN_ENOUGH = 0.05, 260
# Clients choose ids, so that different requests have the same one now and then.
IDS = (None, "a15", "a15-again")
SAME_ID = 7


@check(
    "adversarial-answers-repeat",
    duties=["A15-1-d", "A15-4-d"],
    criteria=[Criterion.SAME_ANSWER, Criterion.NO_LEAK],
    criterion="hundreds of repetitions of a few requests, in turns, on kept and new connections, are answered alike",
    per="model",
    kind="search",
    needs=["rest-infer-outputs-well-formed"],
    faults=[
        "one-in-200-wrong",
        "one-in-40-wrong",
        "every-third-of-another-type",
        "repeats-differ",
        "answers-cached-by-id",
        "wrong-on-long-connections",
    ],
    fix="Seed or remove what is random, and keep nothing of one request for the next; or declare the model "
    "nondeterministic in the policy.",
)
def adversarial_answers_repeat(probe: Probe) -> None:
    """The same request gets the same answer, however often and on whichever connection.

    A few different requests of one shape in turns, each twice in a row, hundreds in all, every eighth on a new
    connection, and with ids that come again with other values. Answers to one request are compared with each other
    (floats within 0.1 %); refusals are not judged. A model that the policy declares nondeterministic is excused.
    """
    _repeat(probe, paced_route(probe, "rest"))


@check(
    "adversarial-grpc-answers-repeat",
    duties=["A15-1-d", "A15-4-d"],
    criteria=[Criterion.SAME_ANSWER, Criterion.NO_LEAK],
    criterion="hundreds of repetitions of a few calls, in turns, on kept and new connections, are answered alike",
    per="model",
    kind="search",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=[
        "one-in-200-wrong",
        "one-in-40-wrong",
        "every-third-of-another-type",
        "answers-cached-by-id",
        "wrong-on-long-connections",
    ],
    fix="Seed or remove what is random, and keep nothing of one call for the next; or declare the model "
    "nondeterministic in the policy.",
)
def adversarial_grpc_answers_repeat(probe: Probe) -> None:
    """The same call gets the same answer, however often and on whichever connection.

    As over REST, with calls of ModelInfer.
    """
    _repeat(probe, paced_route(probe, "grpc"))


@check(
    "adversarial-bad-neighbours",
    duties=["A15-4-c", "A15-4-d", "A15-5-b"],
    criteria=[Criterion.SAME_ANSWER, Criterion.NO_LEAK],
    criterion="valid requests among as many invalid ones, all at once, get the answers that they get alone",
    per="model",
    kind="search",
    needs=["rest-infer-outputs-well-formed"],
    faults=[
        "concurrent-rows-merged",
        "bad-neighbour-changes-answers",
        "one-refusal-refuses-all-at-work",
        "error-of-neighbour-quoted",
    ],
    fix="Check a request before it joins a batch, and fail only that request.",
)
def adversarial_bad_neighbours(probe: Probe) -> None:
    """Invalid requests do not change what valid ones beside them get.

    Valid and invalid requests in equal number, 64 at a time. Valid answers are compared with those of the same
    requests alone. A refusal of a valid request counts if it happens in two rounds, and not in a round of valid
    requests only; missing answers and "not now" (429, 503) are not judged. Mistakes that the endpoint answers slowly
    are left out.
    """
    serving_before(probe)
    way = paced_route(probe, "rest")
    ones = known(probe, way, 6)
    bad = quick_mistakes(probe, ones[0].request)
    if not bad:
        probe.untestable("no mistake is answered quickly enough to stand beside valid requests")
    total = holdable(way.affordable(min(512, max(64, 6 * probe.endpoint.examples))), FEWEST, ones[0].exchange)
    first = _round(probe, way, ones, bad, total)
    refusals = _blamed(first)
    if refusals and not _blamed(_round(probe, way, ones, [], total)):
        again = _blamed(_round(probe, way, ones, bad, total))
        observed = f"{len(refusals)} and {len(again)} of {len(first)} valid ones refused: {status_of(refusals[0])}"
        expected = "200, as alone and beside valid ones"
        probe.holds(not again, clause=SAME, expected=expected, observed=observed, exchange=refusals[0])
    answered = sum(not excused(exchange) for exchange in first)
    probe.observe(f"{answered} of {len(first)} valid requests answered beside {total - len(first)} invalid ones")
    if not answered:
        probe.untestable("none of the valid requests was answered")


def _repeat(probe: Probe, way: PacedRoute) -> None:
    declared_alike(probe)
    kept = answered(way, distinct(way.base, 15), 5)
    if not kept:
        probe.untestable("no request is answered with outputs")
    way.time_by(kept)
    least = OFTEN_ENOUGH if way.seconds < QUICK_ENOUGH else 30
    total = way.affordable(min(2000, max(100, 14 * probe.endpoint.examples)), least=least)
    others: list[tuple[int, MixedUpAnswer, Exchange]] = []
    compared = differing = 0
    for number in range(total):
        # Each twice in a row: the second answer may come from elsewhere.
        own = number // 2 % len(kept)
        request = kept[own].request
        request = replace(request, id=IDS[number // SAME_ID % len(IDS)] or request.id)
        exchange = way.route.ask(request, fresh=number % FRESH_EVERY == 0)
        if excused(exchange):
            continue
        compared += 1
        strayed = strayed_from(way, kept, own, exchange)
        differing += strayed is not None
        # Of thousands that are large only those that are shown are held.
        if strayed is not None and len(others) < REPORTED:
            others.append((number, strayed, exchange))
    for number, strayed, exchange in others:
        report(probe, strayed, f"{way.name} repetition {number + 1} of {total}, {differing} differ", exchange)
    if compared:
        report(probe, None, "", kept[0].exchange)
    probe.observe(f"{compared} of {total} repetitions of {len(kept)} requests compared, {differing} differ")


def _round(
    probe: Probe, way: PacedRoute, ones: Sequence[BaselineAnswer], bad: Sequence[Mutation], total: int
) -> list[Exchange]:
    """Valid requests with every other one replaced by a mistake; judges and gives the answers to the valid ones."""

    def one(number: int) -> Exchange:
        if bad and number % 2:
            mutation = bad[number // 2 % len(bad)]
            return probe.client.infer(probe.model.name, mutation.body, probe.model.address)
        return way.route.ask(replace(ones[number // 2 % len(ones)].request, id=f"{CANARY}-{number}"))

    exchanges = together(one, range(total))
    valid = [number for number in range(total) if not bad or number % 2 == 0]
    for number in valid:
        own, exchange = number // 2 % len(ones), exchanges[number]
        if excused(exchange):
            continue
        strayed = strayed_from(way, ones, own, exchange)
        label = f"request {number}, {'beside invalid ones' if bad else 'in company'}"
        if strayed is None or (
            len(probe.outcome.violations) < REPORTED and not noted_varying(probe, way, ones[own], label)
        ):
            report(probe, strayed, label, exchange)
    if bad:
        _quoted(probe, exchanges[1::2])
    return [exchanges[number] for number in valid]


def _quoted(probe: Probe, refusals: Sequence[Exchange]) -> None:
    """No refusal quotes a valid request beside it: the ids of those are in no other."""
    for exchange in refusals:
        leaked = CANARY.encode() in exchange.response_body
        if not leaked or len(probe.outcome.violations) < REPORTED:
            observed = "the refusal quotes the id of another request" if leaked else ""
            probe.holds(not leaked, clause=LEAK, expected="nothing of another request", observed=observed,
                        exchange=exchange, root=MIXED_UP)  # fmt: skip


def _blamed(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """Refusals of valid requests that are no "not now"."""
    return [each for each in exchanges if each.error is None and each.status not in (None, 200, *NOT_NOW)]
