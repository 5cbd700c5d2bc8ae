"""Several replicas are one service: over whichever connection (Art. 15(1), 15(4))."""

from __future__ import annotations

from collections.abc import Sequence

from harness.check import check
from harness.criteria import Advice, Criterion
from harness.judging.mixed_up import VARIES
from harness.oracles.taking_turns import counted, takes_turns
from harness.probing.baseline import declared_alike
from harness.probing.probe import Probe
from harness.probing.replicas.census import Census, census_of
from harness.probing.replicas.glances import (
    DIFFER,
    DISAGREE,
    FACTS,
    Glance,
    groups,
    same_answers,
)
from harness.probing.replicas.named import named_by_header
from harness.record.exchange import Transport

SAME, ONE = Criterion.SAME_ANSWER.clause, Advice.ONE_SERVICE.clause
FIX = "Roll all replicas out to one version of server and model, and take one out of rotation until it has it."


@check(
    "failover-connections-agree",
    duties=["A15-1-d", "A15-4-d"],
    criteria=[Criterion.SAME_ANSWER],
    advice=[Advice.ONE_SERVICE],
    criterion="ten new connections, one after the other, meet one server, one model, one version and one answer",
    per="model",
    kind="sampling",
    faults=[
        "failover-replica-of-another-version",
        "failover-replica-with-another-digest",
        "failover-replica-with-stale-model",
        "failover-version-by-chance",
        "failover-replica-not-ready",
    ],
    fix=FIX,
)
def failover_connections_agree(probe: Probe) -> None:
    """One address is one service, whichever replica a connection meets.

    Over each new connection: metadata of server and model, readiness, and twice the same inference. What comes in
    turns, each at least twice, is that of replicas which differ, and all of it is named: no majority is right.
    What changes once, or at every look, is no replica. Where something was seen once, ten more connections follow.
    """
    _connections_agree(probe, "rest")


@check(
    "failover-grpc-connections-agree",
    duties=["A15-1-d", "A15-4-d"],
    criteria=[Criterion.SAME_ANSWER],
    advice=[Advice.ONE_SERVICE],
    criterion="six new connections, one after the other, meet one server, one model, one version and one answer",
    per="model",
    kind="sampling",
    transport="grpc",
    faults=["failover-replica-of-another-version", "failover-replica-with-stale-model", "failover-version-by-chance"],
    fix=FIX,
)
def failover_grpc_connections_agree(probe: Probe) -> None:
    """One gRPC address is one service, whichever replica a connection meets.

    As over REST.
    """
    _connections_agree(probe, "grpc")


def _connections_agree(probe: Probe, transport: Transport) -> None:
    census = census_of(probe, transport)
    for header, value, exchange in named_by_header(census.fresh):
        probe.fact("replica-header", value, f"header {header}: {value}", exchange)
    for name in FACTS:
        seen = census.facts(name)
        told = [f"{value} ({times} of {len(seen)})" for value, times in counted(seen)]
        conflict = takes_turns(seen)
        shown = next(
            (each for each in census.glances if each.facts.get(name) not in (None, seen[0])), census.glances[0]
        )
        if len(told) > 1 and not conflict:
            probe.observe(f"{name} changed: {'; '.join(told)}", ONE)
        probe.holds(
            not conflict, clause=ONE, expected=f"one {name}, over whichever connection",
            observed=f"{name} in turns: {'; '.join(told)}" if conflict else "one", exchange=shown.shown_by[name],
            root=f"{DIFFER}:{name}",
        )  # fmt: skip
    declared_alike(probe)
    _answers_agree(probe, census)


def _answers_agree(probe: Probe, census: Census) -> None:
    own = groups(census.glances)
    conflict = takes_turns(own)
    other = next((each for each, group in zip(census.glances, own, strict=True) if group), census.glances[0])
    found = same_answers(census.glances[0], other)
    if found and not conflict:
        probe.observe(f"answers to one request differ, but not in turns: {found}", SAME)
    times = ", ".join(str(count) for _, count in counted(own))
    words = f"{len(set(own))} answers in turns ({times} of {len(own)} connections): {found}"
    probe.holds(
        not conflict, clause=SAME, expected="one answer to one request, over whichever connection",
        observed=words if conflict else "one",
        exchange=other.answers[0], root=DISAGREE if _at_one(census.glances) else VARIES,
    )  # fmt: skip


def _at_one(glances: Sequence[Glance]) -> bool:
    """Whether every connection was answered alike all the time: then the connection decides, and not chance."""
    return all(len(each.outputs) > 1 and same_answers(each, _reversed(each)) is None for each in glances)


def _reversed(seen: Glance) -> Glance:
    return Glance(seen.where, {}, {}, seen.ready, seen.answers[::-1], seen.outputs[::-1])
