"""Steady load in an open loop: latency from the intended time, right answers, nothing lost (Art. 15(4))."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Advice, Criterion
from harness.judging.load.answers import answers_are_right, answers_come, level_holds, still_there
from harness.judging.load.scenarios import rising, stays
from harness.load.analysis.drift import Drift
from harness.load.analysis.load_run import LoadRun
from harness.load.analysis.two_levels import Levels, levels_of
from harness.probing.load.loading import Loader, loader, seconds_to_decide
from harness.probing.load.validity import sound
from harness.probing.probe import Probe
from harness.record.exchange import Transport

STEADY, LEVEL = Advice.STEADY_OVER_TIME.clause, Advice.ONE_LEVEL.clause
CRITERIA = [Criterion.SAME_ANSWER, Criterion.NO_LEAK, Criterion.NO_HANG, Criterion.NO_CRASH, Criterion.SERVICE_LEVEL]
CRITERION = (
    "at a steady rate that one client alone could have: every answer is right and comes, nothing gets slower or fails "
    "more as the load goes on, no request is quick and slow by turns, and the service level of the policy holds where "
    "it states one"
)
FIX = "Look for what grows with the number of requests, for shared buffers, and for requests that are dropped."


@check(
    "load-steady",
    duties=["A15-4-b", "A15-4-d", "A15-1-d"],
    criteria=CRITERIA,
    advice=[Advice.STEADY_OVER_TIME, Advice.ONE_LEVEL],
    criterion=CRITERION,
    per="model",
    kind="sampling",
    needs=["rest-infer-answers-200"],
    faults=[
        "load-one-wrong-in-200",
        "load-loses-requests",
        "load-slower-after-300",
        "load-swaps-ids",
        "load-one-replica-slow",
        "load-answers-vary-alone",
    ],
    fix=FIX,
)
def load_steady(probe: Probe) -> None:
    """A steady load is answered rightly, in time, and as well at its end as at its beginning.

    Poisson arrivals made before the run; each request goes out at its time whatever the others do, and its latency
    counts from then. Response time, service time and send lag are told together, with what a closed loop would have
    said. A trend or a step (Mann-Kendall, Mann-Whitney) counts only if a second run shows half of it.
    """
    _steady(probe, "rest")


@check(
    "load-grpc-steady",
    duties=["A15-4-b", "A15-4-d", "A15-1-d"],
    criteria=CRITERIA,
    advice=[Advice.STEADY_OVER_TIME, Advice.ONE_LEVEL],
    criterion=CRITERION,
    per="model",
    kind="sampling",
    needs=["grpc-infer-answers-ok"],
    transport="grpc",
    faults=[
        "load-grpc-one-wrong-in-200",
        "load-grpc-loses-requests",
        "load-grpc-slower-after-300",
        "load-grpc-swaps-ids",
        "load-grpc-one-replica-slow",
        "load-grpc-answers-vary-alone",
    ],
    fix=FIX,
)
def load_grpc_steady(probe: Probe) -> None:
    """A steady load over gRPC is answered rightly, in time, and as well at its end as at its beginning.

    As over REST, with raw contents.
    """
    _steady(probe, "grpc")


def _steady(probe: Probe, way: Transport) -> None:
    load = loader(probe, way)
    rate, least = load.steady_rate, load.bench.extent.steady_s
    seconds = probe.endpoint.policy.load.seconds or seconds_to_decide(load.level, rate, least, 4 * least)
    run = load.run(load.plan(load.stages((seconds, rate))), "steady")
    answers_are_right(load, run)
    answers_come(load, run)
    still_there(load)
    drift = rising(run)
    probe.holds(drift is None or not stays(load, drift, rate), clause=STEADY, root="slower-as-load-goes-on",
                expected="the same at the end as at the beginning", observed=_words(drift))  # fmt: skip
    _one_level(load, run, rate)
    level_holds(load, run)


def _one_level(load: Loader, run: LoadRun, rate: float) -> None:
    """Slow by turns, in a second run as well: what the machine of the tester did once, it does not do again."""
    seen = levels_of(run.merged.rows) if sound(run) else None
    if seen is not None:
        again = load.run(load.plan(load.stages((3.0, rate))), "steady, both levels once more")
        seen = seen if sound(again) and levels_of(again.merged.rows) else None
    load.probe.holds(seen is None, clause=LEVEL, root="quick-and-slow-by-turns", observed=_levels(seen),
                     expected="no two levels of service time for the same request")  # fmt: skip


def _levels(seen: Levels | None) -> str:
    if seen is None:
        return "one level"
    way = "; each connection is either quick or slow" if seen.by_connection else ""
    return (
        f"{seen.share:.0%} of {seen.requests} like requests take {seen.high * 1e3:.0f} ms, the others "
        f"{seen.low * 1e3:.0f} ms, all through the run{way}"
    )


def _words(drift: Drift | None) -> str:
    if drift is None:
        return "no trend"
    if drift.quantity == "errors":
        return f"failed requests from {drift.first:.1%} to {drift.last:.1%} (p {drift.p:.2g})"
    return f"{drift.quantity} from {drift.first * 1e3:.1f} to {drift.last * 1e3:.1f} ms (p {drift.p:.2g})"
