"""A drill carried out from inside a check: its baseline and its repetitions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec

from harness.budget import BudgetExhausted
from harness.bundle.drills import DrillSeen
from harness.check import TesterFailed, Untestable
from harness.drills.account import Account, account_of, executions_of
from harness.drills.criteria import broken
from harness.drills.declared import Drill
from harness.drills.drill import Caused, DrillEnding, Repetition, repetition
from harness.drills.executions import NoExecutions
from harness.drills.faults.fault import DrillFault, FaultError
from harness.drills.injector import Injector
from harness.load.analysis.load_run import LoadRun
from harness.load.launch import Progress
from harness.load.plan.load_plan import LoadCase, LoadPlan
from harness.load.plan.schedule import Schedule, Stage
from harness.load.records.rows import Flag
from harness.probing.load.drill_record import Drilled, declared, told, valid_of
from harness.probing.load.loading import Loader
from harness.probing.load.records import POINTS
from harness.probing.load.validity import NOISE, sound
from harness.probing.load.versions import EARLY, cases_of_rollout, versions_seen

# Without a bound in the policy, an answer that takes longer is a stall that a person would notice.
STALL_S = 1.0
# Sent beyond the phases: the load begins before anybody knows it, and taking a fault back takes its time.
SPARE_S = 2.0
# Repetitions that are made up for because the tester's machine was too busy.
MOST_INVALID = 2
# Over all workers; a request that waits for one makes the repetition invalid.
MOST_CONNECTIONS = 10_000
BY_LATENCY = frozenset({"latency_s", "max_recovery_s"})
# Points over time in the record of a repetition: tenths of a second for half a minute, fewer where there are hundreds.
_POINTS, _POINTS_OF_ALL = 300, 60_000


def drilled(load: Loader, injector: Injector, drill: Drill) -> list[Drilled]:
    """Carry out a drill; nothing is caused unless the baseline is clean. Ends with the first repetition that cannot be.

    A repetition that the tester spoilt is carried out once more, ``MOST_INVALID`` times at most.

    Raises:
        Untestable: the baseline was not clean.
        TesterFailed: the fault cannot be caused.
        BudgetExhausted: the budget does not reach.
    """
    fault = _prepared(injector, drill)
    slow_s = drill.latency_s or max(STALL_S, load.level.latency_s)
    replicas = injector.members or len(load.probe.endpoint.replicas)
    record = declared(load, drill, fault, slow_s, replicas)
    found: list[Drilled] = []
    unclean = ""
    try:
        cases = cases_of_rollout(load, drill.rollout) if drill.rollout is not None else ()
        baseline = load.send(_plan(load, drill, drill.baseline_s, cases), f"{drill.name}, baseline")
        record = msgspec.structs.replace(record, baseline=baseline.plan.prefix)
        unclean = _unclean(baseline, slow_s)
        wanted = 0 if unclean else drill.repeat
        while len(valid_of(found)) < wanted and len(found) < wanted + MOST_INVALID:
            if found:
                _prepared(injector, drill)
            number = len(valid_of(found)) + 1
            plan = _plan(load, drill, drill.baseline_s + drill.hold_s + drill.after_s + SPARE_S, cases)
            _once(load, injector, drill, f"{drill.name}, {number} of {drill.repeat}", slow_s, plan, found)
            if found[-1].repetition.ending not in (DrillEnding.CARRIED_OUT, DrillEnding.INVALID):
                break
    finally:
        # What was carried out is told, whatever ends the drill.
        load.probe.outcome.series.append(DrillSeen(drill=told(record, found, unclean)))
    if unclean:
        raise Untestable(f"drill {drill.name} was not run: {unclean}")
    return found


def _prepared(injector: Injector, drill: Drill) -> DrillFault:
    try:
        return injector.prepared(drill)
    except FaultError as error:
        raise TesterFailed(f"drill {drill.name} was not run: {error}") from None


def _unclean(baseline: LoadRun, slow_s: float) -> str:
    """Why a baseline is not clean; empty where it is."""
    seen = account_of(baseline.merged, math.inf, math.inf, baseline.plan.workload()[0], slow_s).before
    if (baseline.merged.rows["flags"] & Flag.OTHER_VERSION).any():
        return EARLY
    if not (seen.bad or seen.slow) and seen.sent:
        return ""
    return f"of {seen.sent} requests of the baseline {seen.bad} failed and {seen.slow} took longer than {slow_s:g} s"


def _plan(load: Loader, drill: Drill, seconds: float, cases: tuple[LoadCase, ...]) -> LoadPlan:
    rate = load.lowered(drill.rate)
    needed = math.ceil(seconds * rate)
    left = load.budget.requests_left
    if needed > left or seconds > load.budget.seconds_left:
        raise BudgetExhausted(f"drill {drill.name} needs {needed} requests in {seconds:g} s")
    schedule = Schedule(stages=(Stage(seconds=seconds, rate=rate, arrivals="constant"),))
    plan = load.plan(schedule, cases=cases, warm_up_s=0.0, timeout_s=drill.timeout_s)
    # Every request may hang as long as its client is patient; one that waits for a connection would seem to be slow.
    cap = min(MOST_CONNECTIONS, plan.connections.cap + math.ceil(rate * drill.timeout_s))
    return msgspec.structs.replace(plan, connections=msgspec.structs.replace(plan.connections, cap=cap))


def _once(
    load: Loader, injector: Injector, drill: Drill, name: str, slow_s: float, plan: LoadPlan, found: list[Drilled]
) -> None:
    """Carry out one repetition and add it to those found, also where the run ends meanwhile."""
    load.bench.get_ready(plan)

    def send(progress: Callable[[Progress], None]) -> LoadRun:
        return load.send(plan, name, progress, max(POINTS, min(_POINTS, _POINTS_OF_ALL // drill.repeat)))

    caused = Caused()
    try:
        done = repetition(send, injector, drill, slow_s, caused)
    except BaseException:
        if caused.tried:
            reason = "; ".join(filter(None, ("the run ended meanwhile", caused.error)))
            ended = Repetition(DrillEnding.INTERRUPTED, reason, None, caused.injected, caused.reverted)
            found.append(Drilled(ended, None, ()))
        raise
    found.append(_counted(injector, drill, done))


def _counted(injector: Injector, drill: Drill, done: Repetition) -> Drilled:
    """A repetition with what the service says it executed, and what is held against it."""
    if done.account is None or done.run is None:
        return Drilled(done, None, ())
    try:
        counts = injector.executed(drill)
    except NoExecutions as error:
        raise TesterFailed(f"drill {drill.name}: {error}") from None
    executions = None if counts is None else executions_of(counts, done.run.plan.prefix, done.run.merged)
    versions = versions_seen(drill, done)
    if versions is not None and versions.early:
        return Drilled(replace(done, ending=DrillEnding.NOT_RUN, reason=EARLY), executions, (), versions)
    broke = (*broken(drill, done.account, executions), *(versions.broken if versions is not None else ()))
    if done.ending is DrillEnding.CARRIED_OUT and (reason := _spoilt(done.run, done.account, drill, broke)):
        done = replace(done, ending=DrillEnding.INVALID, reason=f"INVALID: {reason}")
    return Drilled(done, executions, broke, versions)


def _spoilt(run: LoadRun, account: Account, drill: Drill, broke: Sequence[str]) -> str:
    """What the tester did that could be taken for what the endpoint did; empty where there is nothing."""
    if not sound(run):
        return run.outcome.reason
    waited = sum(facts.cap_hits for facts in run.facts)
    if waited:
        return f"{waited} requests waited for one of the tester's {run.plan.connections.cap} connections"
    if account.total.unsent:
        return f"{account.total.unsent} of {account.total.unsent + account.total.sent} requests were not sent"
    late = [reason.sentence for reason in run.outcome.invalid if reason.code in NOISE]
    # Otherwise only what takes a second is slow, and the tester was not late by that.
    if late and drill.latency_s is not None and set(broke) & BY_LATENCY:
        return late[0]
    return ""
