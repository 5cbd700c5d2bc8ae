"""Replicas that were named, or that one name stands for, are one service, each asked alone (Art. 15(1), 15(4))."""

from __future__ import annotations

from collections.abc import Sequence

from harness.check import check
from harness.criteria import Advice, Criterion
from harness.endpoint.instances import instances
from harness.generate.distinct import distinct
from harness.probing.fingerprints import FingerprintReading
from harness.probing.probe import Probe
from harness.probing.replicas.glances import DIFFER, DISAGREE, FACTS, Glance, glance, groups, same_answers
from harness.record.exchange import Transport
from harness.wire.messages import InferRequest
from harness.wire.reading import readable

SAME, ONE = Criterion.SAME_ANSWER.clause, Advice.ONE_SERVICE.clause
# The fixed probe set.
PROBES = 4
FIX = "Roll all replicas out to one version of server and model, and take a replica out of rotation until it has it."


@check(
    "failover-replicas-agree",
    duties=["A15-1-d", "A15-4-d"],
    criteria=[Criterion.SAME_ANSWER],
    advice=[Advice.ONE_SERVICE],
    criterion="replicas that were named, or that one name stands for, have one server, one model and one answer",
    per="model",
    kind="sampling",
    shown_by="tests/endtoend/test_replicas.py",
    fix=FIX,
)
def failover_replicas_agree(probe: Probe) -> None:
    """Replicas say and answer the same, each asked alone.

    Each --endpoint, or each address that the name of a single one stands for: metadata of server and model, readiness
    and four inferences, twice. What one replica itself says differently the second time is left out. A conflict is
    told with what each says: no majority is taken for right.
    """
    _replicas_agree(probe, "rest")


@check(
    "failover-grpc-replicas-agree",
    duties=["A15-1-d", "A15-4-d"],
    criteria=[Criterion.SAME_ANSWER],
    advice=[Advice.ONE_SERVICE],
    criterion="replicas that were named, or that one name stands for, have one server, one model and one answer",
    per="model",
    kind="sampling",
    transport="grpc",
    shown_by="tests/endtoend/test_replicas.py",
    fix=FIX,
)
def failover_grpc_replicas_agree(probe: Probe) -> None:
    """Replicas say and answer the same over gRPC, each asked alone.

    As over REST.
    """
    _replicas_agree(probe, "grpc")


def _replicas_agree(probe: Probe, transport: Transport) -> None:
    route = probe.model.over(transport)
    with instances(probe.endpoint, transport) as found:
        if len(found) < 2:
            probe.not_applicable("one replica is known, at one address (--endpoint may be given several times)")
        many = 2 * len(found) * PROBES
        readable(many, many, route.accepted().exchange)
        requests = list(distinct(route.accepted().request, PROBES))
        # One that is down is not the endpoint that is probed, and nobody waits for it.
        with route.client.recorder.unwatched():
            rounds = [
                [glance(probe.endpoint, route, each.client, requests, each.name) for each in found] for _ in range(2)
            ]
    silent = [each.where for each in rounds[1] if not each.answers[0].answered]
    for each in rounds[1]:
        if each.answers[0].answered:
            probe.fact("replica-address", each.where, f"answered at {each.where}", each.answers[0])
    for name in FACTS:
        _told_alike(probe, name, rounds)
    if not probe.declared_varying:
        _keep_fingerprints(probe, route.transport, requests, rounds)
        _answered_alike(probe, rounds)
    if silent:
        probe.untestable(f"no answer from {', '.join(silent)}: compared with nothing")


def _keep_fingerprints(
    probe: Probe, transport: Transport, requests: Sequence[InferRequest], rounds: Sequence[Sequence[Glance]]
) -> None:
    """Put on record what each replica answers, for comparison with other runs."""
    for seen in zip(*rounds, strict=True):
        reading = FingerprintReading(transport, replica=seen[0].where)
        for each in seen:
            for request, outputs, exchange in zip(requests, each.outputs, each.answers, strict=False):
                reading.add(request, outputs, exchange)
        reading.keep(probe)


def _told_alike(probe: Probe, name: str, rounds: Sequence[Sequence[Glance]]) -> None:
    """One thing that replicas say of themselves; what one says differently the next time is no word of the replica."""
    said = {
        one.where: one.facts[name]
        for one, again in zip(*rounds, strict=True)
        if name in one.facts and one.facts[name] == again.facts.get(name)
    }
    last = next(
        (each for each in rounds[1] if said.get(each.where) not in (None, next(iter(said.values()), None))), None
    )
    probe.holds(
        last is None, clause=ONE, expected=f"one {name} at all replicas",
        observed="; ".join(f"{where}: {value}" for where, value in said.items()),
        exchange=(last or rounds[1][0]).shown_by[name], root=f"{DIFFER}:{name}",
    )  # fmt: skip


def _answered_alike(probe: Probe, rounds: Sequence[Sequence[Glance]]) -> None:
    steady = [again for one, again in zip(*rounds, strict=True) if any(one.outputs) and not same_answers(one, again)]
    if len(steady) < 2:
        probe.observe("fewer than two replicas answer alike twice: their answers are not compared", SAME)
        return
    own = groups(steady)
    other = next((each for each, group in zip(steady, own, strict=True) if group), None)
    letters = {group: chr(ord("A") + number) for number, group in enumerate(dict.fromkeys(own))}
    told = "; ".join(f"{each.where}: answers {letters[group]}" for each, group in zip(steady, own, strict=True))
    found = f"; A against {letters[own[steady.index(other)]]}, {same_answers(steady[0], other)}" if other else ""
    probe.holds(
        other is None, clause=SAME, expected="one answer to one request, at whichever replica", observed=told + found,
        exchange=(other or steady[0]).answers[0], root=DISAGREE,
    )  # fmt: skip
