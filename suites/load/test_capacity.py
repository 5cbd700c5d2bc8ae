"""Capacity: the highest rate that meets the service level (Art. 15(4))."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Criterion
from harness.judging.load.answers import LEVEL, answers_are_right, estimate
from harness.judging.load.scenarios import search_capacity
from harness.probing.load.loading import loader
from harness.probing.probe import Probe
from harness.record.exchange import Transport

CRITERIA = [Criterion.SAME_ANSWER, Criterion.NO_LEAK, Criterion.SERVICE_LEVEL]
CRITERION = (
    "the highest rate that meets the service level is found between one that passes and one that does not; it is at "
    "least the rate of the policy where that states level and rate, and every answer is right"
)


@check(
    "load-capacity",
    duties=["A15-4-b"],
    criteria=CRITERIA,
    criterion=CRITERION,
    per="model",
    kind="sampling",
    needs=["rest-infer-answers-200"],
    faults=["load-one-wrong-in-200"],
    fix="Add replicas or workers, or lower the rate that is promised.",
)
def load_capacity(probe: Probe) -> None:
    """The capacity is the highest rate at which the service level holds.

    Rates are doubled until one does not pass, then bisected, each in an open-loop run of its own judged by the rules
    of MLPerf LoadGen's Server scenario (early stopping). Both ends are evidence. The knee is where latency begins to
    climb. An INVALID run passes nothing and blames nobody.
    """
    _capacity(probe, "rest")


@check(
    "load-grpc-capacity",
    duties=["A15-4-b"],
    criteria=CRITERIA,
    criterion=CRITERION,
    per="model",
    kind="sampling",
    needs=["grpc-infer-answers-ok"],
    transport="grpc",
    faults=["load-grpc-one-wrong-in-200"],
    fix="Add replicas or workers, or lower the rate that is promised.",
)
def load_grpc_capacity(probe: Probe) -> None:
    """The capacity over gRPC is the highest rate at which the service level holds.

    As over REST, with raw contents.
    """
    _capacity(probe, "grpc")


def _capacity(probe: Probe, way: Transport) -> None:
    load = loader(probe, way)
    found, runs = search_capacity(load)
    for run in runs.values():
        answers_are_right(load, run)
    bent = load.knee
    level = f"p{load.level.percentile * 100:g} within {load.level.latency_s * 1e3:.0f} ms"
    by = "of the policy" if load.stated else "of our own, for want of one in the policy"
    probe.observe(f"{found.sentence}; service level {level} ({by}); knee {f'{bent:.4g}/s' if bent else 'not seen'}")
    if found.passes is not None:
        estimate(probe, runs[found.passes].outcome)
    wanted = probe.endpoint.policy.load.rate
    if not load.stated or wanted is None:
        if found.passes is None and found.fails is None:
            probe.inconclusive(f"no rate could be decided: {next(iter(runs.values())).outcome.reason}")
        return
    if (found.passes is None or found.passes < wanted) and (found.fails is None or found.fails > wanted):
        probe.inconclusive(f"{wanted:g} requests/s are not decided: {found.sentence}")
    probe.holds(
        found.passes is not None and found.passes >= wanted,
        clause=LEVEL,
        expected=f"{level} at {wanted:g} requests/s",
        observed=found.sentence,
        root="service-level-missed",
    )
