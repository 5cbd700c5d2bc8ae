"""No state left behind: a fixed set of probes is answered before and after everything else (Art. 15(4), 15(5)).

What the run sends in between, valid, invalid and hostile, is what a model that learns from its inputs, a cache or a
leaking buffer would show afterwards.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from harness.check import check
from harness.criteria import Criterion
from harness.generate.distinct import distinct
from harness.judging.mixed_up import VARIES
from harness.judging.sequences import READY_ONLY
from harness.judging.still_serves import alive
from harness.probing.baseline import (
    BaselineAnswer,
    PacedRoute,
    answered,
    comparable,
    declared_alike,
    excused,
    known,
    paced_routes,
    quick_mistakes,
)
from harness.probing.fingerprints import FingerprintReading, keep_none
from harness.probing.probe import Probe
from harness.record.exchange import Exchange
from harness.waiting import wait

SAME, CRASH, READY = Criterion.SAME_ANSWER.clause, Criterion.NO_CRASH.clause, Criterion.READY_INFERS.clause
LEFT_BEHIND = "state-left-behind"
PROBES, TRIES = 6, 3
OTHERS, DISTURBANCES, DISTURBANCE_SECONDS = 40, 320, 3.0
# So many requests to each model disturb more: those of a whole run, most of which are mistakes.
ENOUGH = 2000
# Long enough for a thread pool to shrink, a batcher to time out, a clock to move on.
PAUSE_SECONDS = 1.6


@dataclass(slots=True)
class _ProbeSet:
    """What the probes were answered with before everything else, by route, and how much had been sent by then."""

    known: dict[str, list[BaselineAnswer]] = field(default_factory=dict)
    sent: int | None = None


@check(
    "adversarial-probe-set-before",
    duties=["A15-1-d", "A15-4-j"],
    criteria=[Criterion.SAME_ANSWER],
    criterion="a fixed set of requests is answered alike twice, with a pause between, before anything else is sent",
    per="model",
    kind="search",
    faults=["wrong-after-a-pause"],
    first=True,
    fix="Seed or remove what is random; or declare the model nondeterministic in the policy.",
)
def adversarial_probe_set_before(probe: Probe) -> None:
    """A fixed set of requests is answered before everything else, and alike after a pause.

    Up to six different requests over each transport, then nothing for a moment, then the same again. A request that is
    answered differently the second time is a finding here. The answers of the others are kept for the check that
    runs last. The requests follow from the metadata alone, so that another run asks the same: digests of their exact
    answers are the fingerprint of the model.
    """
    if probe.declared_varying:
        keep_none(probe)
    declared_alike(probe)
    if probe.endpoint.rest is not None:
        # Whether answers can be compared at all is settled before anything could change them.
        probe.model.rest.steady()
    probe.model.memory.of(_ProbeSet).sent = probe.endpoint.first.budget.used
    taken = [
        (way, answered(way, distinct(way.base, 3 * PROBES), 1 if way.base.is_large else PROBES))
        for way in paced_routes(probe)
    ]
    wait(PAUSE_SECONDS)
    for way, ones in taken:
        reading = FingerprintReading(way.route.transport, "start")
        _memory(probe)[way.name] = [one for one in ones if _alike(probe, way, one, reading)]
        reading.keep(probe)
        probe.observe(
            f"{way.name}: {len(_memory(probe)[way.name])} of {len(ones)} requests kept for the end of the run"
        )


@check(
    "adversarial-probe-set-after",
    duties=["A15-1-d", "A15-4-j", "A15-4-k", "A15-5-c"],
    criteria=[Criterion.SAME_ANSWER, Criterion.NO_CRASH, Criterion.READY_INFERS],
    criterion="after everything else the fixed set of requests is answered as it was before",
    per="model",
    kind="search",
    faults=[
        "answers-drift-with-use",
        "wrong-after-50-errors",
        "worn-out-after-300-requests",
        "ready-though-broken",
    ],
    last=True,
    fix="Keep nothing of a request once it is answered: no cache by shape, no online learning, no reused buffer.",
)
def adversarial_probe_set_after(probe: Probe) -> None:
    """A fixed set of requests is answered after everything else as it was before.

    The requests of the first check again, each three times, after all other checks of the run (floats within 0.1 %).
    In a run without the first check, the set is taken at the beginning of this one. In a run of few checks, hundreds of
    invalid requests and other values are sent between, so that this is worth something there, too. An endpoint that
    does not infer is asked again for a while; if it still calls the model ready, that is a finding as well.
    """
    memory = _memory(probe)
    if not any(memory.values()):
        comparable(probe)
        memory.update({way.name: known(probe, way, PROBES) for way in paced_routes(probe)})
    _disturb(probe)
    seen = alive(probe)
    expected = "an endpoint that serves after the run"
    probe.holds(seen.problem is None, clause=CRASH, expected=expected, observed=seen.problem or "it serves",
                exchange=seen.exchange, root=seen.root)  # fmt: skip
    ready = f"ready: {'yes' if seen.ready else 'no'}, {seen.problem or 'it infers'}"
    probe.holds(seen.problem is None or not (seen.answers and seen.ready), clause=READY, observed=ready,
                expected="a model that is ready infers", exchange=seen.exchange, root=READY_ONLY)  # fmt: skip
    for way in paced_routes(probe):
        reading = FingerprintReading(way.route.transport, "end")
        for one in memory.get(way.name, ()):
            _compare(probe, way, one, reading)
        reading.keep(probe)


def _alike(probe: Probe, way: PacedRoute, one: BaselineAnswer, reading: FingerprintReading) -> bool:
    """Whether a request gets the same answer again; refusals are not judged."""
    exchange = way.route.ask(one.request)
    if excused(exchange):
        return True
    outputs = way.route.outputs(exchange)
    reading.add(one.request, one.outputs, one.exchange)
    reading.add(one.request, outputs, exchange)
    found = one.differs(outputs)
    return probe.holds(found is None, clause=SAME, expected="the same answer twice", root=VARIES, exchange=exchange,
                       observed=f"{way.name}, after {PAUSE_SECONDS:g} s: {found or 'alike'}")  # fmt: skip


def _compare(probe: Probe, way: PacedRoute, one: BaselineAnswer, reading: FingerprintReading) -> None:
    """Whether an answer is still what it was; one odd answer among like ones is another matter than a change."""
    changes: list[tuple[str, Exchange]] = []
    compared = 0
    for _ in range(TRIES):
        exchange = way.route.ask(one.request)
        if excused(exchange):
            continue
        compared += 1
        outputs = way.route.outputs(exchange)
        reading.add(one.request, outputs, exchange)
        found = one.differs(outputs)
        if found is not None:
            changes.append((found, exchange))
    if compared:
        observed = (
            f"{way.name}: {changes[0][0]}; {len(changes)} of {compared} answers differ" if changes else "as before"
        )
        root = LEFT_BEHIND if len(changes) == compared else VARIES
        probe.holds(not changes, clause=SAME, expected="the answer from before everything else", observed=observed,
                    exchange=changes[0][1] if changes else None, root=root)  # fmt: skip


def _memory(probe: Probe) -> dict[str, list[BaselineAnswer]]:
    return probe.model.memory.of(_ProbeSet).known


def _disturb(probe: Probe) -> None:
    """Other requests than those of the set, valid and invalid in turns, where the checks in between sent few."""
    sent = probe.model.memory.of(_ProbeSet).sent
    if sent is not None and probe.endpoint.first.budget.used - sent > ENOUGH * len(probe.endpoint.models):
        return
    way = paced_routes(probe)[0]
    bad = quick_mistakes(probe, way.base) if probe.endpoint.rest is not None else []
    other = list(distinct(way.base, OTHERS))[PROBES:] or [way.base]
    end = time.monotonic() + DISTURBANCE_SECONDS
    for number in range(DISTURBANCES):
        if bad and number % 2:
            exchange = probe.client.infer(probe.model.name, bad[number // 2 % len(bad)].body, probe.model.address)
        else:
            exchange = way.route.ask(other[number // 2 % len(other)])
        if not exchange.answered or time.monotonic() > end:
            return
