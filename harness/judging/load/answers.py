"""What a run of load shows whatever the policy says, and what it shows of the policy's service level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.criteria import Criterion
from harness.judging.mixed_up import VARIES
from harness.judging.still_serves import alive
from harness.load.analysis.load_run import LoadRun
from harness.load.analysis.summary import tried_of
from harness.load.analysis.verdict import LoadVerdict
from harness.load.records.rows import Flag, Status
from harness.outcome import Proportion
from harness.probing.load.loading import Loader
from harness.probing.load.records import latency_words
from harness.probing.load.validity import listened, settle
from harness.statistics.binomial import clopper_pearson
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from harness.probing.probe import Probe

LEAK, SAME, HANG, CRASH = (
    Criterion.NO_LEAK.clause,
    Criterion.SAME_ANSWER.clause,
    Criterion.NO_HANG.clause,
    Criterion.NO_CRASH.clause,
)
LEVEL = Criterion.SERVICE_LEVEL.clause
# A connection that a server closes while it is idle may take a request with it: so few say nothing.
FEW_CLOSED, CLOSED_SHARE = 1, 0.002
CONFIDENCE = 0.95
EXPECTED = "the same answer to the same request"
_SHOWN = 200


def answers_are_right(load: Loader, found: LoadRun) -> None:
    """Cases for each answer's id and content, apart from their time: wrong is wrong in an INVALID run too.

    Where the request varies alone, its answers under load are compared with nothing: that is broken already, unless the
    policy declares it.
    """
    probe, errors = load.probe, {error.kind: error for error in found.summary.errors}
    asked = probe.check.criteria
    # An answer without any id is wrong; only one with another request's id says that something was mixed up.
    mixed = any(found.plan.prefix in each.body for each in found.kept if each.status == "wrong_id")
    if "wrong_id" in errors and not mixed:
        errors.setdefault("wrong_answer", errors.pop("wrong_id"))
    for clause, kind, expected, root in (
        (LEAK, "wrong_id", "each answer has the id of its own request", "load-answers-another-request"),
        (SAME, "wrong_answer", "each answer is that to the same request before the load", "load-changes-answers"),
    ):
        if clause.partition(":")[2] not in asked or not found.summary.ok:
            continue
        wrong = errors.get(kind)
        if wrong is None and clause == SAME and any(case.varies for case in found.plan.cases):
            if not probe.declared_varying:
                observed = "before the load, alone, it is answered differently from one time to the next"
                probe.holds(False, clause=SAME, expected=EXPECTED, observed=observed, root=VARIES)
            continue
        observed = f"none of {found.summary.ok} answers otherwise"
        if wrong is not None:
            since = f"from second {wrong.first_s:.2f} on"
            observed = f"{wrong.count} of {found.summary.tried} answers otherwise, {since}{_kept(found, kind)}"
        probe.holds(wrong is None, clause=clause, expected=expected, observed=observed, root=root)


def answers_come(load: Loader, found: LoadRun) -> None:
    """Under a load far from too much, each request gets an answer in the time for one request.

    Requests that are lost are lost again in a second run; one that a network has lost is not. Ends the check where the
    tester did not listen all the time.
    """
    listened(found)
    silent, cut = _lost(found)
    again = ""
    if silent or cut:
        second = load.repeat(found, "what was lost, once more")
        listened(second)
        more = _lost(second)
        again = f"; in a second run of {second.summary.tried} requests {more[0]} and {more[1]}"
        if not any(more):
            load.probe.observe(f"{silent} requests had no answer in time and {cut} lost their connection, once")
            silent = cut = 0
    load.probe.holds(
        not (silent or cut), clause=HANG, expected=f"an answer to each request within {found.plan.timeout_s:g} s",
        observed=f"of {found.summary.tried} requests {silent} had no answer in time, {cut} lost their "
        f"connection{again}",
        root="requests-lost-under-load",
    )  # fmt: skip


def _lost(found: LoadRun) -> tuple[int, int]:
    """Requests without an answer in time, and those that lost their connection, unless they are few or were told so."""
    rows = found.merged.rows
    silent = int((rows["status"] == Status.TIMEOUT).sum())
    unannounced = rows["flags"] & Flag.CLOSES == 0
    cut = int((np.isin(rows["status"], (Status.CLOSED, Status.RESET, Status.TRUNCATED)) & unannounced).sum())
    return silent, cut if cut > max(FEW_CLOSED, CLOSED_SHARE * len(rows)) else 0


def still_there(load: Loader) -> None:
    """Afterwards, the endpoint serves."""
    seen = alive(load.probe)
    load.probe.holds(seen.problem is None, clause=CRASH, expected="an endpoint that serves after the load",
                     observed=seen.problem or "it serves", exchange=seen.exchange, root=seen.root)  # fmt: skip


def level_holds(load: Loader, found: LoadRun) -> None:
    """The policy's service level; where it states none, what was measured is an observation.

    Ends the check where the run is INVALID or does not decide.
    """
    probe, outcome = load.probe, found.outcome
    probe.observe(latency_words(found))
    if any(error for error in found.summary.errors):
        probe.observe(
            "failed: "
            + ", ".join(f"{each.count} {each.kind} {each.code or ''}".strip() for each in found.summary.errors)
        )
    if outcome.verdict is not Verdict.TOOL_ERROR:
        estimate(probe, outcome)
    if load.stated and outcome.verdict is Verdict.FAIL:
        found = load.confirmed(found)
        outcome = found.outcome
    settle(load, found)
    if not load.stated:
        name = f"p{load.level.percentile * 100:g} within {load.level.latency_s * 1e3:.0f} ms"
        probe.observe(
            f"the policy states no service level; by our own measure ({name}), {outcome.verdict}: {outcome.reason}"
        )
        return
    probe.holds(outcome.verdict is Verdict.PASS, clause=LEVEL, observed=outcome.reason, root="service-level-missed",
                expected=f"p{load.level.percentile * 100:g} within {load.level.latency_s * 1e3:g} ms "
                f"of the intended time, at {load.level.confidence:.0%} confidence")  # fmt: skip


def estimate(probe: Probe, outcome: LoadVerdict) -> None:
    """The share of requests in time, with its interval."""
    if not outcome.requests:
        return
    good = outcome.requests - outcome.late
    share = clopper_pearson(good, outcome.requests, CONFIDENCE)
    method = "Clopper-Pearson, each bound one-sided; share of requests answered well within the latency of the level"
    probe.outcome.estimate = Proportion(good, outcome.requests, method, share.lower, share.upper, CONFIDENCE)


def successes_at(found: LoadRun, start_s: float, end_s: float) -> tuple[int, int]:
    """Requests sent for [start, end) seconds, and how many answers, to whichever request, were good and came in it."""
    rows = tried_of(found.merged.rows)
    inside = (rows["intended"] >= start_s * 1e9) & (rows["intended"] < end_s * 1e9)
    done = (rows["done"] >= start_s * 1e9) & (rows["done"] < end_s * 1e9) & (rows["status"] == Status.OK)
    return int(inside.sum()), int(done.sum())


def _kept(found: LoadRun, kind: str) -> str:
    one = next((each for each in found.kept if each.status == kind), next(iter(found.kept), None))
    if one is None:
        return ""
    return f"; request {one.id}: {one.sentence}; body {one.body[:_SHOWN]!r}"
