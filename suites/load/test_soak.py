"""A soak: the steady load for a long time, and whether anything creeps (Art. 15(1), 15(4))."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Advice, Criterion
from harness.judging.load.answers import answers_are_right, answers_come, level_holds, still_there
from harness.judging.load.scenarios import stays
from harness.load.analysis.degradation import refused_of
from harness.load.analysis.drift import drifts_of
from harness.load.analysis.failures import failed_share
from harness.probing.load.loading import loader
from harness.probing.load.validity import sound
from harness.probing.probe import Probe


@check(
    "load-soak",
    duties=["A15-1-d", "A15-4-a", "A15-4-b"],
    criteria=[Criterion.SAME_ANSWER, Criterion.NO_LEAK, Criterion.NO_HANG, Criterion.NO_CRASH, Criterion.SERVICE_LEVEL],
    advice=[Advice.STEADY_OVER_TIME],
    criterion="over a long steady load: every answer is right and comes, neither the middle nor the tail of latency "
    "nor the share of errors rises, and the service level of the policy holds where it states one",
    per="model",
    kind="sampling",
    needs=["rest-infer-answers-200"],
    shown_by="tests/endtoend/test_load_run.py",
    fix="Look for memory that grows, logs that fill a disk, and connections that are never given back.",
)
def load_soak(probe: Probe) -> None:
    """Hours of load change nothing (profile deep only).

    The steady rate for ten minutes, or as long as the policy says. Thirty stretches of equally many requests are tested
    for a trend (Mann-Kendall, one-sided, alpha 0.001), the middle of latency for a step as well (Mann-Whitney). A rise
    counts if latency grows by half and by 2 ms, or errors by 1 %, and a second run shows half of it. The share of
    failed requests is told with bounds that hold at every time of the run, whenever it ends.
    """
    load = loader(probe, "rest")
    if load.bench.profile != "deep":
        probe.not_applicable("a soak takes long: it is part of the profile deep (--oip-profile deep)")
    run = load.run(load.plan(load.stages((probe.endpoint.policy.load.soak, load.steady_rate))), "soak", again=False)
    answers_are_right(load, run)
    answers_come(load, run)
    still_there(load)
    rows = run.merged.rows
    if share := failed_share(rows):
        probe.observe(share.words)
    for drift in drifts_of(rows[~refused_of(rows, run.plan.transport)]) if sound(run) else ():
        unit, scale = ("", 1.0) if drift.quantity == "errors" else (" ms", 1e3)
        ends = f"from {drift.first * scale:.4g} to {drift.last * scale:.4g}{unit}"
        probe.holds(
            not (drift.rises and stays(load, drift, load.steady_rate)),
            clause=Advice.STEADY_OVER_TIME.clause,
            expected=f"no rise of {drift.quantity}",
            observed=f"{drift.quantity} {ends} (p {drift.p:.2g})",
            root="slower-as-load-goes-on",
        )
    level_holds(load, run)
