"""After thousands of requests an inference alone takes as long as before the first of them (Art. 15(4))."""

from __future__ import annotations

import time

from harness.check import check
from harness.target.lanes import Transport
from harness.target.load_judging import answers_are_right, still_there
from harness.target.load_scenarios import throughput
from harness.target.load_settling import listened
from harness.target.loading import alone, loader
from harness.target.probe import Probe

STEADY = "advice:steady-over-time"
CRITERIA = ["same-answer", "no-leak", "no-crash"]
CRITERION = (
    "after all load of the run, and at least as much as the profile sends, an inference alone takes no more than twice "
    "as long as before the first, and every answer is right"
)
FIX = "Look for what grows with the number of requests: logs, caches, metrics by request, lists nobody empties."
AT_ONCE, TRIES, PAUSE_S = 16, 9, 1.5
FACTOR, LEAST_S = 2.0, 0.005


@check(
    "load-wear",
    duties=["A15-4-a", "A15-4-b"],
    criteria=CRITERIA,
    advice=["steady-over-time"],
    criterion=CRITERION,
    per="model",
    kind="sampling",
    needs=["rest-infer-answers-200"],
    allow="load",
    last=True,
    faults=["load-slower-after-300"],
    fix=FIX,
)
def load_wear(probe: Probe) -> None:
    """Load leaves the endpoint as quick as it was.

    What grows with the number of requests shows in no single run of some seconds. An inference alone is timed before
    the first load on the model and after the last, with a closed loop between them that makes up what is missing.
    Slower counts only if it is so twice, with a pause between.
    """
    _wear(probe, "rest")


@check(
    "load-grpc-wear",
    duties=["A15-4-a", "A15-4-b"],
    criteria=CRITERIA,
    advice=["steady-over-time"],
    criterion=CRITERION,
    per="model",
    kind="sampling",
    needs=["grpc-infer-answers-ok"],
    transport="grpc",
    allow="load",
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
    wanted, extent = load.bench.extent.wear_requests, load.bench.extent
    if load.sent < wanted and load.unbounded:
        seconds = max(1.0, min(extent.wear_s, (wanted - load.sent) / throughput(load)))
        run = load.run(load.plan(at_once=AT_ONCE, seconds=seconds, timeout_s=5.0), "wear")
        answers_are_right(load, run)
        listened(run)
        still_there(load)
    if not load.sent:
        probe.not_applicable("no load was sent before, and the budget allows none")
    now = alone(probe, way, TRIES)
    if _slower(now, load.first_alone_s):
        time.sleep(PAUSE_S)
        now = min(now, alone(probe, way, TRIES))
    words = f"{now * 1e3:.1f} ms after {load.sent} requests of load, {load.first_alone_s * 1e3:.1f} ms before the first"
    probe.observe(f"one inference alone, the middle of {TRIES}: {words}")
    probe.holds(
        not _slower(now, load.first_alone_s), clause=STEADY, root="slower-after-load", observed=words,
        expected=f"no more than {FACTOR:g} times as long as before",
    )  # fmt: skip


def _slower(now: float, before: float) -> bool:
    return now > FACTOR * before and now > before + LEAST_S
