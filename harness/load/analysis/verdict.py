"""The verdict of one run at one rate, by LoadGen's four conditions and the project's one decision rule.

``pass`` when all four hold; ``fail`` when the service level is contradicted with the plan's confidence, or an answer
was wrong; ``inconclusive`` in between and for too few samples; ``tool_error`` when the run is INVALID otherwise.
An INVALID run never fails.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from harness.load.analysis.percentiles import NANO
from harness.load.analysis.summary import LoadSummary
from harness.load.analysis.validity import Reason
from harness.load.plan.load_plan import LoadPlan, ServiceLevel
from harness.statistics.binomial import clopper_pearson, decide
from harness.statistics.early_stopping import deciding_count, min_requests, more_in_time
from harness.statistics.order import place
from harness.verdicts import Verdict


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """One of LoadGen's conditions: ``min_duration``, ``min_requests``, ``performance``, ``early_stopping``."""

    name: str
    met: bool
    sentence: str


class LoadVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What may be said.

    Attributes:
        verdict: of the lattice; never ``fail`` where ``invalid`` is not empty.
        reason: one sentence.
        conditions: LoadGen's four.
        invalid: why the run is INVALID; empty: it is valid.
        requests, late: tried, and of them not answered well in time.
        in_time_lower, in_time_upper: one-sided exact bounds on the share in time, each at ``confidence``.
        more_in_time: further requests, none late, that would make it pass; None: nothing is asked.
        would_decide: requests in all that would decide at the share seen; None: decided, or it cannot be said.
    """

    verdict: Verdict
    reason: str
    conditions: tuple[Condition, ...]
    invalid: tuple[Reason, ...]
    requests: int
    late: int
    confidence: float
    in_time_lower: float | None
    in_time_upper: float | None
    more_in_time: int | None
    would_decide: int | None


def judge(summary: LoadSummary, plan: LoadPlan, invalid: Sequence[Reason] = ()) -> LoadVerdict:
    """The verdict of a run; ``invalid`` as :func:`harness.load.analysis.validity.invalid_reasons` found."""
    level = plan.level
    conditions = conditions_of(summary, plan)
    verdict, reason = _decided(summary, plan, conditions, invalid)
    share = clopper_pearson(summary.tried - summary.late, summary.tried, level.confidence) if summary.tried else None
    open_still = verdict == Verdict.INCONCLUSIVE and plan.closed_loop is None
    return LoadVerdict(
        verdict=verdict,
        reason=reason,
        conditions=conditions,
        invalid=tuple(invalid),
        requests=summary.tried,
        late=summary.late,
        confidence=level.confidence,
        in_time_lower=share.lower if share else None,
        in_time_upper=share.upper if share else None,
        more_in_time=more_in_time(summary.tried, summary.late, level.percentile, level.confidence)
        if open_still
        else None,
        would_decide=deciding_count(summary.tried, summary.late, level.percentile, level.confidence)
        if open_still
        else None,
    )


def judge_answers(summary: LoadSummary) -> tuple[Verdict, str]:
    """Whether the answers were right, apart from their time: a wrong answer stays wrong when the tester sent late."""
    if summary.wrong:
        return Verdict.FAIL, f"{summary.wrong} of {summary.tried} answers were wrong or of another request"
    if not summary.ok:
        return Verdict.UNTESTABLE, "no request was answered"
    return Verdict.PASS, f"none of {summary.ok} answers was wrong"


def conditions_of(summary: LoadSummary, plan: LoadPlan) -> tuple[Condition, ...]:
    """LoadGen's four conditions of a Server run (results.cc)."""
    level, tried, late = plan.level, summary.tried, summary.late
    within = tried > 0 and tried - late > place(tried, level.percentile)
    name, limit = f"p{level.percentile * 100:g}", f"{level.latency_s * 1e3:g} ms"
    needed = min_requests(late, level.percentile, level.confidence)
    return (
        Condition(
            name="min_duration",
            met=summary.seconds + NANO >= level.min_seconds,
            sentence=f"{summary.seconds:g} s of {level.min_seconds:g} s",
        ),
        Condition(
            name="min_requests",
            met=tried >= level.min_requests,
            sentence=f"{tried} requests of {level.min_requests}",
        ),
        Condition(
            name="performance",
            met=within,
            sentence=f"{name} is {'within' if within else 'over'} {limit}: {late} of {tried} late",
        ),
        Condition(
            name="early_stopping",
            met=tried >= needed,
            sentence=f"{tried} requests; with {late} late, {needed} show it at {level.confidence:.0%} confidence",
        ),
    )


def _decided(
    summary: LoadSummary, plan: LoadPlan, conditions: Sequence[Condition], invalid: Sequence[Reason]
) -> tuple[Verdict, str]:
    broken = [reason.sentence for reason in invalid if not reason.of_samples]
    if broken:
        told = [f"{summary.wrong} answers were wrong"] if summary.wrong else []
        return Verdict.TOOL_ERROR, f"INVALID: {'; '.join(broken + told)}"
    if invalid:
        return Verdict.INCONCLUSIVE, f"INVALID: {'; '.join(reason.sentence for reason in invalid)}"
    if summary.wrong:
        return judge_answers(summary)
    if plan.closed_loop is not None:
        return Verdict.INCONCLUSIVE, "closed loop: service times, which say nothing of a service level"
    return _level_decided(summary, plan.level, conditions)


def _level_decided(summary: LoadSummary, level: ServiceLevel, conditions: Sequence[Condition]) -> tuple[Verdict, str]:
    decision = decide(summary.tried - summary.late, summary.tried, level.percentile, level.confidence)
    name, limit = f"p{level.percentile * 100:g}", f"{level.latency_s * 1e3:g} ms"
    late = f"{summary.late} of {summary.tried} requests were late or failed"
    if decision == "contradicts":
        return Verdict.FAIL, f"{name} is over {limit} with {level.confidence:.0%} confidence: {late}"
    unmet = [condition.sentence for condition in conditions if not condition.met]
    if decision == "supports" and not unmet:
        return Verdict.PASS, f"{name} is within {limit} with {level.confidence:.0%} confidence: {late}"
    return Verdict.INCONCLUSIVE, f"{name} within {limit} is not decided: {'; '.join(unmet) or late}"
