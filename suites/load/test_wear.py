"""After thousands of requests an inference alone takes as long as before the first of them (Art. 15(4))."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Advice, Criterion
from harness.judging.load.answers import answers_are_right, still_there
from harness.judging.load.scenarios import throughput
from harness.probing.load.loading import alone, loader
from harness.probing.load.validity import listened
from harness.probing.probe import Probe
from harness.record.exchange import Transport
from harness.waiting import wait

STEADY = Advice.STEADY_OVER_TIME.clause
CRITERIA = [Criterion.SAME_ANSWER, Criterion.NO_LEAK, Criterion.NO_CRASH]
CRITERION = (
    "after all load of the run over this transport an inference alone takes no more than twice as long as before the "
    "first, and every answer is right"
)
FIX = "Look for what grows with the number of requests: logs, caches, metrics by request, lists nobody empties."
AT_ONCE, TRIES, PAUSES_S = 16, 9, (1.5, 5.0, 10.0)
FACTOR, LEAST_S = 2.0, 0.005


@check(
    "load-wear",
    duties=["A15-4-a", "A15-4-b"],
    criteria=CRITERIA,
    advice=[Advice.STEADY_OVER_TIME],
    criterion=CRITERION,
    per="model",
    kind="sampling",
    needs=["rest-infer-answers-200"],
    last=True,
    faults=["load-slower-after-300"],
    fix=FIX,
)
def load_wear(probe: Probe) -> None:
    """Load leaves the endpoint as quick as it was.

    What grows with the number of requests shows in no single run of some seconds. An inference alone is timed before
    the first load on the model over this transport and after the last, with a closed loop between them that makes up
    what is missing of some thousand requests. Slower counts only if it stays so for a quarter of a minute.
    """
    _wear(probe, "rest")


@check(
    "load-grpc-wear",
    duties=["A15-4-a", "A15-4-b"],
    criteria=CRITERIA,
    advice=[Advice.STEADY_OVER_TIME],
    criterion=CRITERION,
    per="model",
    kind="sampling",
    needs=["grpc-infer-answers-ok"],
    transport="grpc",
    last=True,
    faults=["load-grpc-slower-after-300"],
    fix=FIX,
)
def load_grpc_wear(probe: Probe) -> None:
    """Load over gRPC leaves the endpoint as quick as it was.

    As over REST, with raw contents.
    """
    _wear(probe, "grpc")


def _wear(probe: Probe, way: Transport) -> None:
    load = loader(probe, way)
    extent = load.bench.extent
    if load.unbounded:
        # At least a moment of it, whatever was sent before: a model that was loaded anew is warm then.
        missing = max(0, extent.wear_requests - load.sent) / throughput(load)
        run = load.run(load.plan(at_once=AT_ONCE, seconds=min(extent.wear_s, 1.0 + missing), timeout_s=5.0), "wear")
        answers_are_right(load, run)
        listened(run)
    still_there(load)
    if not load.sent:
        probe.not_applicable("no load was sent before, and the budget allows none")
    before = load.first_alone_s
    now = alone(load.route, TRIES)
    for pause in PAUSES_S:
        if not _slower(now, before):
            break
        wait(pause)
        now = min(now, alone(load.route, TRIES))
    words = f"{now * 1e3:.1f} ms after {load.sent} requests of load, {before * 1e3:.1f} ms before the first"
    probe.observe(f"one inference alone, the middle of {TRIES}: {words}")
    if any(case.varies for case in load.cases):
        probe.not_applicable("its answers vary, and so may what they take")
    probe.holds(
        not _slower(now, before), clause=STEADY, root="slower-after-load", observed=words,
        expected=f"no more than {FACTOR:g} times as long as before",
    )  # fmt: skip


def _slower(now: float, before: float) -> bool:
    return now > FACTOR * before and now > before + LEAST_S
