"""A cold start under load: from the load of a model to right answers, and what the first requests cost (Art. 15(4))."""

from __future__ import annotations

import time

from harness.check import check
from harness.criteria import Criterion
from harness.judging.load.answers import answers_are_right
from harness.judging.repository import is_listed, is_ready, load, with_reserve
from harness.judging.repository import until as wait_until
from harness.load.analysis.degradation import refused_of
from harness.load.analysis.summary import tried_of
from harness.load.records.rows import Status
from harness.probing.load.loading import loader
from harness.probing.load.records import latency_words
from harness.probing.load.validity import sent_as_planned
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.waiting import wait
from harness.wire.messages import InferRequest
from harness.wire.pace import pause_of

READY = Criterion.READY_INFERS.clause
SECONDS, RATE, PATIENCE_S = 3.0, 20.0, 60.0


@check(
    "load-cold-start",
    duties=["A15-4-a", "A15-4-b"],
    criteria=[Criterion.READY_INFERS, Criterion.SAME_ANSWER, Criterion.NO_LEAK],
    criterion="after a model was unloaded and loaded again, the first request after it calls itself ready is answered, "
    "and every answer is right",
    per="model",
    kind="sampling",
    needs=["rest-infer-answers-200"],
    allow="load+repository",
    faults=["load-ready-while-loading"],
    fix="Say ready only once the model has answered a request of its own.",
)
def load_cold_start(probe: Probe) -> None:
    """A model that has just been loaded answers as soon as it says so.

    Unloads and loads the model (repository extension), asks for readiness until it says ready, at once infers, and
    then sends a light load in an open loop. Seconds until ready, and the first answers against the later ones, are
    told.
    """
    if not is_listed(probe):
        probe.not_applicable("the model repository extension is not listed")
    bench = loader(probe, "rest")
    with_reserve(probe)
    plan = bench.plan(bench.stages((SECONDS, bench.lowered(min(RATE, bench.steady_rate)))), warm_up_s=0.0)
    bench.bench.get_ready(plan)
    request = probe.accepted().request
    gone = load(probe, probe.model.name, "unload")
    begin = time.monotonic()
    try:
        if not gone.ok:
            probe.not_applicable(f"the model is not unloaded: {gone.status}")
        back = load(probe, probe.model.name)
        while not is_ready(probe, probe.model):
            if time.monotonic() - begin > PATIENCE_S:
                probe.untestable(f"not ready within {PATIENCE_S:g} s of the load, which was answered {back.status}")
            wait(0.05)
        took = time.monotonic() - begin
        _infers(probe, request)
        run = bench.run(plan, "cold start", again=False)
    finally:
        load(probe, probe.model.name)
        wait_until(probe, probe.model, ready=True)
    answers_are_right(bench, run)
    sent_as_planned(run)
    rows = tried_of(run.merged.rows)
    failed = int(((rows["status"] != Status.OK) & ~refused_of(rows, run.plan.transport)).sum())
    probe.holds(failed == 0, clause=READY, root="ready-but-does-not-infer", expected="answers once it says ready",
                observed=f"ready after {took:.2f} s; {failed} of {run.summary.tried} requests failed")  # fmt: skip
    first = run.merged.rows[:1]
    if len(first):
        probe.observe(
            f"ready after {took:.2f} s; the first answer took {(first['done'] - first['intended'])[0] * 1e-6:.1f} ms"
        )
    probe.observe(latency_words(run))


def _infers(probe: Probe, request: InferRequest) -> None:
    """At once after the model has said ready; it is untrue where it says so again, and fails again."""
    first = probe.model.rest.infer(request)
    if first.ok or pause_of(first) is not None or not is_ready(probe, probe.model):
        return
    again = probe.model.rest.infer(request)
    probe.holds(
        again.ok or pause_of(again) is not None, clause=READY, root="ready-but-does-not-infer", exchange=again,
        expected="an inference once it says ready",
        observed=f"ready, and inference: {status_of(first)}, then {status_of(again)}",
    )  # fmt: skip
