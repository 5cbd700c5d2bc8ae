"""Closed loop: throughput by the number of requests under way, labelled as such (Art. 15(4))."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Advice, Criterion
from harness.judging.load.answers import answers_are_right
from harness.judging.load.scenarios import KEPT_SHARE, throughputs
from harness.load.analysis.degradation import refused_of
from harness.probing.load.loading import loader
from harness.probing.load.validity import settle
from harness.probing.probe import Probe
from harness.record.exchange import Transport

KEEPS = Advice.KEEPS_THROUGHPUT.clause
FIX = "Bound what is worked on at a time; queue or refuse the rest, and hold no lock while waiting."
CRITERION = (
    f"with more requests under way, the endpoint answers together no less than {KEPT_SHARE:.0%} of what it answers "
    "with fewer, and every answer is right"
)


@check(
    "load-closed-loop",
    duties=["A15-4-b", "A15-4-d"],
    criteria=[Criterion.SAME_ANSWER, Criterion.NO_LEAK],
    advice=[Advice.KEEPS_THROUGHPUT],
    criterion=CRITERION,
    per="model",
    kind="sampling",
    needs=["rest-infer-answers-200"],
    faults=["load-cliff-above-16-at-once"],
    fix=FIX,
)
def load_closed_loop(probe: Probe) -> None:
    """More clients at once do not lower what all of them get together.

    For some numbers of requests, so many are under way all the time (closed loop), and the answers a second are
    counted. Latencies of a closed loop are service times and judge no service level. Each answer is compared with one
    that was validated before.
    """
    _closed_loop(probe, "rest")


@check(
    "load-grpc-closed-loop",
    duties=["A15-4-b", "A15-4-d"],
    criteria=[Criterion.SAME_ANSWER, Criterion.NO_LEAK],
    advice=[Advice.KEEPS_THROUGHPUT],
    criterion=CRITERION,
    per="model",
    kind="sampling",
    needs=["grpc-infer-answers-ok"],
    transport="grpc",
    faults=["load-grpc-cliff-above-16-at-once"],
    fix=FIX,
)
def load_grpc_closed_loop(probe: Probe) -> None:
    """More clients at once do not lower what all of them get together over gRPC.

    As over REST, with raw contents.
    """
    _closed_loop(probe, "grpc")


def _closed_loop(probe: Probe, way: Transport) -> None:
    load = loader(probe, way)
    if not load.unbounded:
        probe.not_applicable("a closed loop keeps no rate and no number of requests, and the budget limits them")
    runs = throughputs(load)
    for run in runs.values():
        answers_are_right(load, run)
    for run in runs.values():
        settle(load, run)
    if any(refused_of(run.merged.rows, run.plan.transport).any() for run in runs.values()):
        probe.observe("some were refused as too many: what is answered is what a limit leaves")
        return
    best = 0.0
    for at_once, run in runs.items():
        rate = run.summary.ok_rate
        if best and rate < KEPT_SHARE * best:
            # One pause in a second is half of it.
            again = load.repeat(run, f"closed loop, {at_once} at once, once more")
            settle(load, again)
            rate = max(rate, again.summary.ok_rate)
        if best:
            probe.holds(
                rate >= KEPT_SHARE * best,
                clause=KEEPS,
                expected=f"at least {KEPT_SHARE:.0%} of the {best:.1f} answers/s that fewer at once get",
                observed=f"{rate:.1f} answers/s with {at_once} at once",
                root="throughput-falls-with-clients",
            )
        best = max(best, rate)
