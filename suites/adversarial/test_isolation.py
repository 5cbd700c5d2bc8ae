"""Requests do not see each other: ids and answers belong to the request, however many are under way.

MITRE ATLAS AML.T0024 (what an answer gives away) is the reason why a stray answer counts as a leak and not as an error
of the protocol only.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.check import NotApplicable, Untestable, check
from harness.criteria import Criterion
from harness.judging.mixed_up import REPORTED, report, strayed_from
from harness.judging.repository import accepts
from harness.judging.still_serves import alive, serving, serving_before
from harness.oracles.isolation import id_strayed
from harness.probing.baseline import (
    BaselineAnswer,
    PacedRoute,
    declared_alike,
    excused,
    known,
    noted_varying,
    paced_route,
)
from harness.probing.concurrent import FEWEST, WIDTH, most_in_flight, together
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.probing.version_mix import mixed
from harness.record.exchange import Exchange
from harness.wire.reading import holdable

HANG, SAME = Criterion.NO_HANG.clause, Criterion.SAME_ANSWER.clause
CRITERIA = (Criterion.NO_LEAK, Criterion.SAME_ANSWER, Criterion.NO_CRASH, Criterion.NO_HANG)
DUTIES = ("A15-4-d", "A15-5-b", "A15-5-h")
LOST = "lost-when-concurrent"
# Versions of one model that are asked at the same time.
VERSIONS = 3
# What one mistake in hundreds shows, the checks of one transport look for; of two kinds of requests, so many rounds do.
FEWER = 2


@check(
    "adversarial-concurrent-answers-belong",
    duties=DUTIES,
    criteria=CRITERIA,
    criterion=f"of hundreds of different requests, {WIDTH} at a time, each gets its own id and its own answer",
    per="model",
    kind="search",
    needs=["rest-infer-outputs-well-formed"],
    faults=[
        "ids-swapped-when-concurrent",
        "new-connection-answers-previous",
        "concurrent-rows-merged",
        "ids-swapped-above-31-at-once",
        "answers-swapped-above-31-at-once",
        "id-swapped-one-in-50-at-once",
        "wrong-above-16-at-once",
        "rows-wrong-one-in-30-at-once",
        "float16-in-company",
        "lost-above-20-at-once",
        "stalls-above-24-at-once",
        "crash-above-40-at-once",
    ],
    fix="Keep what belongs to a request with the request; shared buffers and variables mix requests up.",
)
def adversarial_concurrent_answers_belong(probe: Probe) -> None:
    """Under 64-way concurrency every request gets its own id and answer.

    Up to a dozen different inputs whose answers alone are known, each request with an id of its own, sent by 64
    threads that start together. Refusals and missing answers are what a busy endpoint may give; they are counted and
    not judged. An answer is compared with that of the same request alone (floats within 0.1 %), and with those of all
    the others. A slow model gets fewer requests.
    """
    _belong(probe, [_known(probe, paced_route(probe, "rest"))])


@check(
    "adversarial-grpc-concurrent-answers-belong",
    duties=DUTIES,
    criteria=CRITERIA,
    criterion=f"of hundreds of different calls, {WIDTH} at a time, each gets its own id and its own answer",
    per="model",
    kind="search",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["answers-swapped-above-31-at-once", "wrong-above-16-at-once"],
    fix="Keep what belongs to a call with the call; shared buffers and variables mix calls up.",
)
def adversarial_grpc_concurrent_answers_belong(probe: Probe) -> None:
    """Under 64-way concurrency every gRPC call gets its own id and answer.

    As over REST, with calls of ModelInfer.
    """
    _belong(probe, [_known(probe, paced_route(probe, "grpc"))])


@check(
    "adversarial-transports-apart",
    duties=DUTIES,
    criteria=CRITERIA,
    criterion="of requests over REST and gRPC at the same time, each gets its own id and its own answer",
    per="model",
    kind="search",
    transport="both",
    needs=["rest-infer-outputs-well-formed", "grpc-infer-reply-well-formed"],
    faults=["ids-swapped-when-concurrent", "answers-swapped-above-31-at-once"],
    fix="Keep what belongs to a request with the request, whichever transport it came by.",
)
def adversarial_transports_apart(probe: Probe) -> None:
    """Requests over REST and calls over gRPC at the same time do not see each other.

    As over one transport, every other request by the other one.
    """
    ways = [_known(probe, paced_route(probe, "rest")), _known(probe, paced_route(probe, "grpc"))]
    _belong(probe, ways, most=FEWER * WIDTH)


@check(
    "adversarial-versions-apart",
    duties=DUTIES,
    criteria=CRITERIA,
    criterion="of requests to versions of a model and to another model at the same time, each gets its own answer",
    per="model",
    kind="search",
    needs=["rest-infer-outputs-well-formed"],
    faults=["versions-together-wrong", "answers-swapped-above-31-at-once", "every-third-by-the-other-version"],
    fix="Keep versions and models apart: no shared buffer, no batch of two of them, no cache without their names.",
)
def adversarial_versions_apart(probe: Probe) -> None:
    """Requests to several versions, and to another model, at the same time do not see each other.

    As with one version, the requests going in turn to up to three of the versions that metadata lists, and to another
    model under test that answers alike. Before that, one after another: what the versions answer to the same request is
    told apart, and 64 requests to each are to get its own answer. That answers vary is no excuse where each is that of
    another version, and which comes depends on the version that was named.
    """
    serving_before(probe)
    holdable(FEWEST, FEWEST, probe.model.rest.accepted().exchange)
    _by_their_own(probe)
    ways = list(_neighbours(probe))
    if len(ways) < 2:
        probe.not_applicable("there is one version that takes requests, and no other model")
    _belong(probe, ways, most=FEWER * WIDTH)


def _by_their_own(probe: Probe) -> None:
    """A request that names a version gets the answer of that version; one case where versions can be told apart."""
    declared_alike(probe)
    versions = probe.model.metadata.versions if probe.model.metadata else ()
    found, told = mixed([paced_route(probe, "rest", version) for version in versions[-VERSIONS:]])
    if told:
        probe.holds(
            found is None,
            clause=SAME,
            expected="the answer of the version that was named",
            observed=found.words if found else f"so it is, for {told} pairs of versions",
            exchange=found.exchange if found else None,
            root="answered-by-another-version",
        )


def _known(probe: Probe, way: PacedRoute) -> tuple[PacedRoute, list[BaselineAnswer]]:
    serving_before(probe)
    holdable(FEWEST, FEWEST, way.route.accepted().exchange)
    return way, known(probe, way)


def _neighbours(probe: Probe) -> Iterator[tuple[PacedRoute, list[BaselineAnswer]]]:
    """Versions of this model, and another model, with requests whose answers are known."""
    versions = probe.model.metadata.versions if probe.model.metadata else ()
    asked: list[tuple[Probe, str | None]] = [(probe, version) for version in versions[-VERSIONS:]] or [(probe, None)]
    for other in probe.endpoint.models:
        if other is not probe.model and accepts(other):
            asked.append((replace(probe, on_model=other), None))
            break
    for each, version in asked:
        # A version that takes other requests, or another model that varies, is no neighbour to compare with.
        with contextlib.suppress(NotApplicable, Untestable):
            way = paced_route(each, "rest", version)
            if each is not probe:
                way.name = f"REST, model {each.model.name!r}"
            yield way, known(each, way, 4)


def _belong(probe: Probe, ways: Sequence[tuple[PacedRoute, list[BaselineAnswer]]], most: int = 1024) -> None:
    wanted = min(most, max(64, 13 * probe.endpoint.examples))
    total = min(holdable(way.affordable(wanted), FEWEST, ones[0].exchange) for way, ones in ways)
    ids = [f"a15-{number}-{number * 7919 % 10007}" for number in range(total)]

    def one(number: int) -> Exchange:
        way, ones = ways[number % len(ways)]
        mine = ones[number // len(ways) % len(ones)]
        return way.route.ask(replace(mine.request, id=ids[number]))

    exchanges = together(one, range(total))
    if not all(exchange.answered for exchange in exchanges):
        if not serving(probe, alive(probe), f"after {total} requests at once"):
            return
        _lost(probe, exchanges, together(one, range(min(total, WIDTH))))
    judged = 0
    for number, exchange in enumerate(exchanges):
        if excused(exchange):
            continue
        judged += 1
        way, ones = ways[number % len(ways)]
        _judge(probe, way, ones, number // len(ways) % len(ones), ids, number, exchange)
    flight = most_in_flight(exchanges)
    probe.observe(
        f"{total} requests of {sum(len(ones) for _, ones in ways)} kinds ({', '.join(way.name for way, _ in ways)}), "
        f"up to {flight} under way at once; {total - judged} refused or without an answer"
    )
    if flight < 2:
        probe.inconclusive("no two requests were under way at once: the rate limit, or the endpoint, is in between")
    if not judged:
        probe.untestable(f"none of {total} requests was answered: {status_of(exchanges[0])}")


def _lost(probe: Probe, first: Sequence[Exchange], again: Sequence[Exchange]) -> None:
    """Requests that wait for ever while the others are answered; in two rounds, so that it is no moment's doing."""
    waited = [[each for each in exchanges if each.timed_out] for exchanges in (first, again)]
    answered = [each.elapsed_s for each in (*first, *again) if each.answered]
    # Where the slowest answer took nearly all the time, the next is only slow.
    quick = bool(answered) and max(answered) < probe.client.budget.limits.request_seconds / 3
    if waited[0] and waited[1] and quick:
        observed = f"{len(waited[0])} of {len(first)}, then {len(waited[1])} of {len(again)} were never answered"
        expected = f"an answer as the others got it, within {max(answered):.1f} s"
        probe.holds(False, clause=HANG, expected=expected, observed=observed, exchange=waited[0][0], root=LOST)


def _judge(
    probe: Probe,
    way: PacedRoute,
    ones: Sequence[BaselineAnswer],
    own: int,
    ids: Sequence[str],
    number: int,
    exchange: Exchange,
) -> None:
    label = f"{way.name} request {number} of {len(ids)}"
    strayed = id_strayed(ids[number], way.route.request_id(exchange), ids)
    if strayed is None:
        strayed = strayed_from(way, ones, own, exchange)
        if (
            strayed is not None
            and len(probe.outcome.violations) < REPORTED
            and noted_varying(probe, way, ones[own], f"{label}: {strayed.text}")
        ):
            return
    report(probe, strayed, label, exchange)
