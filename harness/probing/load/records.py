"""What a run of load leaves in the evidence: numbers, decimated points, and the names of the files with all records."""

from __future__ import annotations

import math

import msgspec

from harness.bundle.series import ClockSeen, LoadPoints, LoadSeries, PercentileSeen
from harness.load.analysis.load_run import LoadRun
from harness.load.analysis.series import series_of
from harness.load.analysis.summary import Clock
from harness.record.quoting import clip

POINTS = 120
LEAST_STEP_S = 0.1
KEPT = 3


def load_series(found: LoadRun, name: str, way: str, model: str, points: int = POINTS) -> LoadSeries:
    """One run as the journal and the document hold it, over time in at most so many points."""
    plan, summary, outcome = found.plan, found.summary, found.outcome
    return LoadSeries(
        name=name,
        model=model,
        transport=way,
        run=plan.prefix,
        loop="open" if plan.schedule is not None else "closed",
        at_once=plan.closed_loop.concurrency if plan.closed_loop else None,
        stages=[msgspec.to_builtins(stage) for stage in plan.schedule.stages] if plan.schedule else [],
        cases=[{"name": case.name, "bytes": len(case.before) + len(case.after)} for case in plan.cases],
        plan_sha256=plan.digest,
        level={"percentile": plan.level.percentile, "latency_s": plan.level.latency_s},
        verdict=str(outcome.verdict),
        reason=outcome.reason,
        invalid=[msgspec.to_builtins(reason) for reason in outcome.invalid],
        planned=summary.planned,
        tried=summary.tried,
        ok=summary.ok,
        late=summary.late,
        wrong=summary.wrong,
        rates={
            "planned": summary.planned_rate,
            "tried": summary.tried_rate,
            "ok": summary.ok_rate,
            "goodput": summary.goodput,
        },
        response=_clock(summary.response),
        response_all=_clock(summary.response_all),
        service=_clock(summary.service),
        send_lag=_clock(summary.send_lag),
        own_lag=_clock(summary.own_lag),
        closed_loop_would_say=_clock(summary.other_tools.alone),
        rank_rule=summary.rank_rule,
        errors=[msgspec.to_builtins(error) for error in summary.errors],
        workers=[msgspec.to_builtins(facts) for facts in found.facts],
        tester_cpu_us=found.cpu_us,
        kept=[{**msgspec.to_builtins(each), "body": clip(each.body, 500)} for each in found.kept[:KEPT]],
        files=sorted(path.name for path in found.files),
        points=_points(found, points),
    )


def _clock(clock: Clock) -> ClockSeen:
    return ClockSeen(
        count=clock.count,
        mean=clock.mean,
        worst=clock.worst,
        percentiles=[
            PercentileSeen(p=each.percentile, value=each.value, lower=each.lower, upper=each.upper)
            for each in clock.percentiles
        ],
        confidence=clock.percentiles[0].confidence if clock.percentiles else None,
    )


def _points(found: LoadRun, most: int) -> LoadPoints:
    """The run over time, in at most ``most`` steps."""
    seconds = found.plan.seconds
    step = max(LEAST_STEP_S, math.ceil(seconds / most * 10) / 10)
    intended, _ = found.plan.workload()
    series = series_of(found.merged.rows, intended, seconds, step)
    return LoadPoints(**msgspec.to_builtins(series))


def latency_words(found: LoadRun) -> str:
    """The three clocks in one sentence, each named."""
    summary = found.summary
    parts = [
        f"{name} p50 {_ms(clock, 0.5)}, p99 {_ms(clock, 0.99)}"
        for name, clock in (
            ("response (from the intended time)", summary.response),
            ("service (from sending)", summary.service),
            ("send lag", summary.send_lag),
        )
    ]
    failed = summary.tried - summary.ok
    rates = f"{summary.tried} requests at {summary.tried_rate:.1f}/s, {failed} failed, goodput {summary.goodput:.1f}/s"
    return f"{rates}; {'; '.join(parts)}; a closed loop would have said p99 {_ms(summary.other_tools.alone, 0.99)}"


def _ms(clock: Clock, percentile: float) -> str:
    value = next((each.value for each in clock.percentiles if each.percentile == percentile), None)
    return "unknown" if value is None else f"{value * 1e3:.1f} ms"
