"""No state left behind: a fixed set of probes is answered before and after everything else (Art. 15(4), 15(5)).

What the run sends in between, valid, invalid and hostile, is what a model that learns from its inputs, a cache or a
leaking buffer would show afterwards.
"""

from __future__ import annotations

from harness.check import Untestable, check
from harness.generate.distinct import distinct
from harness.generate.mutations import mutations
from harness.record.exchange import Exchange
from harness.target.alive import alive
from harness.target.concurrent import Known, Lane, Transport, comparable, excused, known, lane, varies_alone
from harness.target.probe import Probe

SAME, CRASH = "policy:same-answer", "policy:no-crash"
ROOT = "state-left-behind"
KEY = "probe-set"
PROBES, TRIES, DISTURBANCES = 6, 3, 40


@check(
    "adversarial-probe-set-before",
    duties=["A15-1-d", "A15-4-j"],
    criteria=["same-answer"],
    criterion="a fixed set of requests is answered alike twice, before anything else is sent",
    per="model",
    kind="search",
    faults=[],
    first=True,
    fix="Seed or remove what is random; or declare the model nondeterministic in the policy.",
)
def adversarial_probe_set_before(probe: Probe) -> None:
    """A fixed set of requests is answered before everything else.

    Up to six different requests over each transport. Their answers are kept for the check that runs last. A request
    that is answered differently the second time is a finding here, and not compared later.
    """
    for way, ones in _taken(probe):
        steady = [one for one in ones if not varies_alone(way, one, 1)]
        for one in ones:
            observed = f"{way.name}: {'alike' if one in steady else 'another answer the second time'}"
            expected = "the same answer twice"
            probe.holds(one in steady, clause=SAME, expected=expected, observed=observed, exchange=one.exchange,
                        root="same-request-other-answer")  # fmt: skip
        _memory(probe)[way.name] = steady
        probe.observe(f"{way.name}: {len(steady)} requests kept for the end of the run")


@check(
    "adversarial-probe-set-after",
    duties=["A15-1-d", "A15-4-j", "A15-4-k", "A15-5-c"],
    criteria=["same-answer", "no-crash"],
    criterion="after everything else the fixed set of requests is answered as it was before",
    per="model",
    kind="search",
    faults=["answers-drift-with-use"],
    last=True,
    fix="Keep nothing of a request once it is answered: no cache by shape, no online learning, no reused buffer.",
)
def adversarial_probe_set_after(probe: Probe) -> None:
    """A fixed set of requests is answered after everything else as it was before.

    The requests of the first check again, each three times, after all other checks of the run (floats within 0.1 %).
    In a run without the first check, the set is taken at the beginning of this one, and invalid requests and other
    values are sent in between. An endpoint that does not answer is asked again for a while.
    """
    memory = _memory(probe)
    if not any(memory.values()):
        comparable(probe)
        memory.update({way.name: known(probe, way, PROBES) for way in _ways(probe)})
        _disturb(probe)
    seen = alive(probe)
    expected = "an endpoint that serves after the run"
    probe.holds(seen.problem is None, clause=CRASH, expected=expected, observed=seen.problem or "it serves",
                exchange=seen.exchange, root=seen.root)  # fmt: skip
    for way in _ways(probe):
        for one in memory.get(way.name, ()):
            _compare(probe, way, one)


def _compare(probe: Probe, way: Lane, one: Known) -> None:
    """Whether an answer is still what it was; one odd answer among like ones is another matter than a change."""
    changes: list[tuple[str, Exchange]] = []
    answered = 0
    for _ in range(TRIES):
        exchange = way.send(one.request, False)
        if excused(exchange):
            continue
        answered += 1
        found = one.differs(way.outputs(exchange))
        if found is not None:
            changes.append((found, exchange))
    if answered:
        observed = (
            f"{way.name}: {changes[0][0]}; {len(changes)} of {answered} answers differ" if changes else "as before"
        )
        probe.holds(not changes, clause=SAME, expected="the answer from before everything else", observed=observed,
                    exchange=changes[0][1] if changes else None, root=ROOT)  # fmt: skip


def _taken(probe: Probe) -> list[tuple[Lane, list[Known]]]:
    comparable(probe)
    return [(way, known(probe, way, PROBES)) for way in _ways(probe)]


def _ways(probe: Probe) -> list[Lane]:
    transports: list[Transport] = ["rest"]
    if probe.model.grpc is not None:
        transports.append("grpc")
    found = []
    for each in transports:
        try:
            found.append(lane(probe, each))
        except Untestable:
            if each == "rest":
                raise
    return found


def _memory(probe: Probe) -> dict[str, list[Known]]:
    kept: dict[str, list[Known]] = probe.model.remembered.setdefault(KEY, {})
    return kept


def _disturb(probe: Probe) -> None:
    """Other requests than those of the set, valid and invalid."""
    way = lane(probe, "rest")
    for mutation in mutations(way.base):
        probe.model.mistake(probe.client, mutation)
    for request in list(distinct(way.base, DISTURBANCES))[PROBES:]:
        way.send(request, False)
