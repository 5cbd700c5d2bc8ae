"""Beyond capacity: sheds load cleanly or collapses, recovers, and readiness tells the truth (Art. 15(4), 15(5))."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Advice, Criterion
from harness.judging.load.answers import answers_are_right, still_there
from harness.judging.load.scenarios import LEAST_UNTRUE, Overload, mean_base, overload, recovers, throughput
from harness.probing.load.loading import Loader, loader
from harness.probing.load.records import latency_words
from harness.probing.load.validity import settle, sound
from harness.probing.probe import Probe
from harness.record.exchange import Transport

SHEDS, READY = Advice.SHEDS_CLEANLY.clause, Criterion.READY_INFERS.clause
CRITERIA = [Criterion.SAME_ANSWER, Criterion.NO_LEAK, Criterion.NO_CRASH, Criterion.READY_INFERS]
CRITERION = (
    "with more requests than it can answer: what it accepts is answered rightly and what it refuses is refused with "
    "advice when to come back, and not answered with other errors; it serves afterwards, within the time of the "
    "policy, and never calls itself ready while it answers nothing"
)
FIX = "Bound the queue, refuse beyond it with 429 or 503 and Retry-After, and let readiness follow what is served."
LEAST_FACTOR = 1.2
ERRED_SHARE = 0.01


@check(
    "load-overload",
    duties=["A15-4-a", "A15-4-b", "A15-4-e", "A15-5-c"],
    criteria=CRITERIA,
    advice=[Advice.SHEDS_CLEANLY, Advice.RECOVERS],
    criterion=CRITERION,
    per="model",
    kind="sampling",
    needs=["rest-infer-answers-200"],
    faults=[
        "load-sheds-without-advice",
        "load-errors-when-busy",
        "load-stuck-after-overload",
        "load-ready-while-stuck",
    ],
    fix=FIX,
)
def load_overload(probe: Probe) -> None:
    """Beyond its capacity the endpoint degrades gracefully, and recovers.

    Twice (or as the policy says) the rate that a closed loop got, for some seconds, between stretches of light load.
    Queueing all of it is told, and held against nobody. Readiness is asked meanwhile: it is untrue where it says ready
    at least three times while nothing at all is answered for a second before and after.
    """
    _overload(probe, "rest")


@check(
    "load-grpc-overload",
    duties=["A15-4-a", "A15-4-b", "A15-4-e", "A15-5-c"],
    criteria=[Criterion.SAME_ANSWER, Criterion.NO_LEAK, Criterion.NO_CRASH],
    advice=[Advice.SHEDS_CLEANLY, Advice.RECOVERS],
    criterion=CRITERION,
    per="model",
    kind="sampling",
    needs=["grpc-infer-answers-ok"],
    transport="grpc",
    faults=["load-grpc-errors-when-busy", "load-grpc-stuck-after-overload"],
    fix=FIX,
)
def load_grpc_overload(probe: Probe) -> None:
    """Beyond its capacity the endpoint degrades gracefully over gRPC, and recovers.

    As over REST; refusals are RESOURCE_EXHAUSTED or UNAVAILABLE.
    """
    _overload(probe, "grpc")


def _overload(probe: Probe, way: Transport) -> None:
    load = loader(probe, way)
    capacity = throughput(load)
    wanted = probe.endpoint.policy.load.overload * capacity
    rate = load.lowered(wanted)
    if rate < LEAST_FACTOR * capacity:
        probe.inconclusive(
            f"{capacity:.0f}/s were answered, and no more than {rate:.0f}/s may or can be sent: no overload"
        )
    seen = overload(
        load, rate=rate, base=mean_base(load, capacity), seconds=load.bench.extent.overload_s, capacity=capacity,
        name="overload",
    )  # fmt: skip
    answers_are_right(load, seen.run)
    still_there(load)
    if sound(seen.run):
        _readiness(load, seen)
    probe.observe(f"overload at {rate:.0f}/s, capacity about {capacity:.0f}/s: {latency_words(seen.run)}")
    # Only what the tester did rightly says how the endpoint sheds; requests it could not send are no refusals.
    settle(load, seen.run)
    _shedding(load, seen)
    recovers(load, seen)


def _readiness(load: Loader, seen: Overload) -> None:
    untrue, asked = seen.watch.untrue(seen.run)
    if "ready-infers" in load.probe.check.criteria and asked:
        load.probe.holds(
            untrue < LEAST_UNTRUE, clause=READY, expected="ready only while it infers", root="ready-but-does-not-infer",
            observed=f"asked {asked} times, {untrue} times ready while nothing was answered for a second either side",
        )  # fmt: skip


def _shedding(load: Loader, seen: Overload) -> None:
    shed = seen.shedding
    if shed is None:
        return
    load.probe.observe(f"{shed.manner}: {shed.sentence}")
    silent = shed.manner == "sheds-silently" or (shed.refused > 0 and shed.with_advice < shed.refused)
    share = shed.capacity_share
    collapsed = shed.manner == "collapses" and (shed.refused > 0 or share is None or share < 0.25)
    erred = shed.erred > ERRED_SHARE * shed.requests
    over = load.route.transport == "rest"
    load.probe.holds(
        not ((silent and over) or collapsed or erred),
        clause=SHEDS,
        expected="refusals with advice when to come back, no other errors, and most of the capacity still served",
        observed=f"{shed.manner}: {shed.sentence}",
        root=_root(silent=silent, collapsed=collapsed, erred=erred),
    )


def _root(*, silent: bool, collapsed: bool, erred: bool) -> str:
    """What is wrong with it first."""
    if erred:
        return "errors-under-overload"
    return "sheds-without-advice" if silent and not collapsed else "collapses-under-overload"
