"""Whether the tester did what the plan says. If not, the run is INVALID, with the reasons as data, and blames nobody.

Every reason but ``samples`` makes the run a tool error; too few samples leave it inconclusive. The tester is judged by
its own part of the send lag only: an endpoint slow to accept or to answer does not excuse itself by delaying it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec
import numpy as np

from harness.load.analysis.percentiles import NANO
from harness.load.analysis.summary import LoadSummary
from harness.load.plan.load_plan import LoadPlan
from harness.load.plan.schedule import digest_of
from harness.load.records.rows import Merged, Status
from harness.load.records.worker_facts import WorkerFacts
from harness.statistics.binomial import decide
from harness.statistics.early_stopping import deciding_count, more_in_time

Code = Literal[
    "defect",
    "lag",
    "lag-decides",
    "hole",
    "offered",
    "worker-lost",
    "worker-silent",
    "cpu",
    "connection-cap",
    "unknown-id",
    "repeated",
    "missing",
    "schedule",
    "samples",
]
LAG_PERCENTILE = 0.99


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a run is INVALID.

    Attributes:
        code: which bound; stable, for programs.
        sentence: what was seen and what the bound is, for people.
        observed, bound: the two numbers where there are two.
    """

    code: Code
    sentence: str
    observed: float | None = None
    bound: float | None = None

    @property
    def of_samples(self) -> bool:
        """Only too few requests: more of the same would help; nothing went wrong."""
        return self.code == "samples"


def invalid_reasons(
    summary: LoadSummary, merged: Merged, plan: LoadPlan, workers: Sequence[WorkerFacts]
) -> tuple[Reason, ...]:
    """Every reason there is, those of the tester's own failure first."""
    found = [
        *_of_defects(workers),
        *_of_workers(merged, plan, workers),
        *_of_schedule(merged, plan, workers),
        *_of_rows(merged, workers),
        *_of_connections(plan, workers),
    ]
    if plan.schedule is None:
        found += _of_closed_loop(merged)
    else:
        found += [*_of_lag(summary, plan), *_of_holes(merged, plan)]
    if plan.closed_loop is None:
        found += too_few(summary, plan)
    return tuple(found)


def _of_defects(workers: Sequence[WorkerFacts]) -> Iterable[Reason]:
    """The tester's own errors: what it says of the endpoint after one is not to be trusted."""
    defects = sum(facts.defects for facts in workers)
    if defects:
        first = next((facts.defect for facts in workers if facts.defect), "")
        yield Reason(
            code="defect",
            sentence=f"{defects} errors of the tester itself" + (f", the first: {first}" if first else ""),
            observed=defects,
            bound=0,
        )


def _of_workers(merged: Merged, plan: LoadPlan, workers: Sequence[WorkerFacts]) -> Iterable[Reason]:
    told = {facts.worker: facts for facts in workers}
    for worker in range(plan.workers):
        facts = told.get(worker)
        if facts is None or worker in merged.silent_workers:
            yield Reason(code="worker-lost", sentence=f"worker {worker} left no records")
            continue
        if facts.lost or not facts.finished:
            why = facts.lost or "it never said that it was done"
            yield Reason(code="worker-lost", sentence=f"worker {worker} was lost: {why}")
        if facts.silent_s > plan.bounds.silent_s:
            yield Reason(
                code="worker-silent",
                sentence=f"worker {worker} was silent for {facts.silent_s:.1f} s; bound: {plan.bounds.silent_s:g} s",
                observed=facts.silent_s,
                bound=plan.bounds.silent_s,
            )
        if facts.cpu_share > plan.bounds.cpu_share:
            yield Reason(
                code="cpu",
                sentence=f"worker {worker} used {facts.cpu_share:.0%} of a core; bound: {plan.bounds.cpu_share:.0%}",
                observed=facts.cpu_share,
                bound=plan.bounds.cpu_share,
            )


def _of_schedule(merged: Merged, plan: LoadPlan, workers: Sequence[WorkerFacts]) -> Iterable[Reason]:
    """Whether all workers made this schedule, and sent it."""
    if plan.schedule is None:
        return
    intended, cases = plan.workload()
    digest = digest_of(intended, cases)
    for facts in workers:
        if facts.schedule_digest and facts.schedule_digest != digest:
            yield Reason(code="schedule", sentence=f"worker {facts.worker} made another schedule from the same seed")
    if len(merged.missing):
        first, last = (float(intended[merged.missing[at]]) * NANO for at in (0, -1))
        yield Reason(
            code="missing",
            sentence=f"{len(merged.missing)} of {merged.planned} requests have no record, "
            f"planned from second {first:.2f} to {last:.2f}",
            observed=len(merged.missing),
            bound=0,
        )
    known = merged.rows["index"].astype(np.int64)
    if not np.array_equal(merged.rows["intended"], intended[known]) or not np.array_equal(
        merged.rows["case"], cases[known]
    ):
        yield Reason(code="schedule", sentence="records name other times or cases than the schedule")


def _of_rows(merged: Merged, workers: Sequence[WorkerFacts]) -> Iterable[Reason]:
    unknown = sum(facts.unknown_ids for facts in workers)
    if unknown:
        yield Reason(
            code="unknown-id", sentence=f"{unknown} answers to no outstanding request", observed=unknown, bound=0
        )
    again = len(merged.repeated) + merged.foreign
    if again:
        first = f", the first is request {merged.repeated[0]}" if len(merged.repeated) else ""
        yield Reason(
            code="repeated",
            sentence=f"{len(merged.repeated)} requests have several records{first}; {merged.foreign} are foreign",
            observed=again,
            bound=0,
        )


def connections_needed(rate: float, latency_s: float, workers: int = 1) -> int:
    """Connections, over all workers, that an endpoint within the service level can make necessary.

    Little's law: at most rate x latency requests are outstanding on average; six standard deviations of a Poisson
    number for each worker's share are added. A smaller cap could be what delays requests.
    """
    mean = rate * latency_s / workers
    return workers * math.ceil(mean + 6 * math.sqrt(mean) + 1)


def _of_connections(plan: LoadPlan, workers: Sequence[WorkerFacts]) -> Iterable[Reason]:
    """The cap excuses the endpoint only where one within the service level could have reached it."""
    hits = sum(facts.cap_hits for facts in workers)
    if not hits or plan.schedule is None:
        return
    streams = plan.connections.streams if plan.transport == "grpc" and not plan.connections.new_each else 1
    needed = connections_needed(plan.schedule.peak_rate, plan.level.latency_s, plan.workers)
    if plan.connections.cap * streams < needed:
        yield Reason(
            code="connection-cap",
            sentence=f"{hits} requests waited because {plan.connections.cap} connections were open; "
            f"{needed} can be needed within the service level",
            observed=plan.connections.cap * streams,
            bound=needed,
        )


def _of_closed_loop(merged: Merged) -> Iterable[Reason]:
    never = int((merged.rows["status"] == Status.NEVER_SENT).sum())
    if never:
        said = f"{never} of {len(merged.rows)} requests of the closed loop were never sent"
        yield Reason(code="offered", sentence=said, observed=never, bound=0)


def lag_bound(plan: LoadPlan) -> float:
    """Seconds that the p99 of the tester's own lag may be."""
    return max(plan.bounds.lag_s, plan.bounds.lag_share * plan.level.latency_s)


def _of_lag(summary: LoadSummary, plan: LoadPlan) -> Iterable[Reason]:
    bound = lag_bound(plan)
    lag = next((each.value for each in summary.own_lag.percentiles if each.percentile == LAG_PERCENTILE), None)
    if lag is not None and lag > bound:
        yield Reason(
            code="lag",
            sentence=f"the tester sent late: p99 of its own lag is {lag * 1e3:.2f} ms; bound: {bound * 1e3:.2f} ms",
            observed=lag,
            bound=bound,
        )
    p, confidence = plan.level.percentile, plan.level.confidence
    seen, without = (
        decide(summary.tried - late, summary.tried, p, confidence) for late in (summary.late, summary.late_without_lag)
    )
    if seen == "contradicts" and without != "contradicts":
        yield Reason(
            code="lag-decides",
            sentence=f"{summary.late} requests are late, and {summary.late_without_lag} without the tester's own lag",
            observed=summary.late,
            bound=summary.late_without_lag,
        )
    share = summary.tried / summary.planned if summary.planned else 1.0
    if share < plan.bounds.offered_share:
        yield Reason(
            code="offered",
            sentence=f"{summary.tried} of {summary.planned} planned requests are known to have been sent, "
            f"{plan.bounds.offered_share:.1%} must be",
            observed=share,
            bound=plan.bounds.offered_share,
        )


def _of_holes(merged: Merged, plan: LoadPlan) -> Iterable[Reason]:
    """Stretches in which no worker took up a request though some were planned: a tester frozen, or records lost."""
    intended, _ = plan.workload()
    bound = round(plan.bounds.hole_s / NANO)
    taken = np.sort(merged.rows["taken"])
    edges = np.concatenate([[0], taken, [max(round(plan.seconds / NANO), int(taken[-1]) if len(taken) else 0)]])
    before = np.flatnonzero(np.diff(edges) > bound)
    starts, ends = edges[before], edges[before + 1]
    # What begins or ends the stretch is not inside it.
    inside = np.searchsorted(intended, ends, side="left") - np.searchsorted(intended, starts, side="right")
    # Requests that fell due within the bound of the end are late, but no hole.
    due = np.searchsorted(intended, ends - bound, side="left") - np.searchsorted(intended, starts, side="right")
    holes = np.flatnonzero(due > 0)
    if len(holes):
        worst = holes[np.argmax(ends[holes] - starts[holes])]
        yield Reason(
            code="hole",
            sentence=f"nothing was sent from second {starts[worst] * NANO:.2f} to {ends[worst] * NANO:.2f} though "
            f"{inside[worst]} requests were planned; such stretches: {len(holes)}",
            observed=float(ends[worst] - starts[worst]) * NANO,
            bound=plan.bounds.hole_s,
        )


def too_few(summary: LoadSummary, plan: LoadPlan) -> tuple[Reason, ...]:
    """Whether there are enough requests to decide the service level, one way or the other."""
    level = plan.level
    decision = decide(summary.tried - summary.late, summary.tried, level.percentile, level.confidence)
    # A wrong answer needs no second one.
    if decision == "contradicts" or summary.wrong:
        return ()
    more = more_in_time(summary.tried, summary.late, level.percentile, level.confidence)
    if not more and summary.tried >= level.min_requests:
        return ()
    if not more:
        said = f"{summary.tried} requests; the plan asks for {level.min_requests}"
        return (Reason(code="samples", sentence=said, observed=summary.tried, bound=level.min_requests),)
    at_this_share = deciding_count(summary.tried, summary.late, level.percentile, level.confidence)
    said = (
        f"{summary.late} of {summary.tried} requests late decides nothing at p{level.percentile * 100:g} with "
        f"{level.confidence:.0%} confidence: {more} more would, if none were late"
    )
    if at_this_share is not None:
        said += f"; about {at_this_share} in all, if the share stays"
    return (Reason(code="samples", sentence=said, observed=summary.tried, bound=summary.tried + more),)
