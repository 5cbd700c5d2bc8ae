"""A drill carried out from inside a check: its baseline, its repetitions, and the record of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import msgspec

from harness.budget import BudgetExhausted
from harness.bundle.drills import (
    AccountSeen,
    DrillRecord,
    DrillSeen,
    ExecutionsSeen,
    HappeningSeen,
    RepetitionSeen,
)
from harness.check import TesterFailed, Untestable
from harness.drills.account import Account, Executions, account_of, executions_of
from harness.drills.criteria import broken, stated
from harness.drills.declared import Drill
from harness.drills.drill import DrillEnding, Repetition, repetition
from harness.drills.executions import NoExecutions
from harness.drills.faults.fault import DrillFault, FaultError, Happening
from harness.drills.injector import Injector
from harness.load.analysis.load_run import LoadRun
from harness.load.analysis.percentiles import NANO
from harness.load.launch import Progress
from harness.load.plan.load_plan import LoadPlan
from harness.load.plan.schedule import Schedule, Stage
from harness.outcome import Proportion
from harness.probing.load.loading import Loader
from harness.probing.load.records import POINTS
from harness.record.quoting import clip
from harness.stats import clopper_pearson

CONFIDENCE = 0.95
METHOD = "Clopper-Pearson, each bound one-sided; share of repetitions in which every criterion of the drill held"
# Without a bound in the policy, an answer that takes longer is a stall that a person would notice.
STALL_S = 1.0
# Sent beyond the phases: the load begins before anybody knows it, and taking a fault back takes its time.
SPARE_S = 2.0
# Characters of what a command said that are kept.
_OUTPUT = 2000
# Points over time in the record of a repetition: tenths of a second for half a minute, fewer where there are hundreds.
_POINTS, _POINTS_OF_ALL = 300, 60_000


@dataclass(frozen=True, slots=True)
class Drilled:
    """One repetition with what the service says it executed, and the criteria that did not hold."""

    repetition: Repetition
    executions: Executions | None
    broken: tuple[str, ...]


def drilled(load: Loader, injector: Injector, drill: Drill) -> list[Drilled]:
    """Carry out a drill; nothing is caused unless the baseline is clean. Ends with the first repetition that cannot be.

    Raises:
        Untestable: the baseline was not clean.
        TesterFailed: the fault cannot be caused.
        BudgetExhausted: the budget does not reach.
    """
    fault = _prepared(injector, drill)
    slow_s = drill.latency_s or max(STALL_S, load.level.latency_s)
    replicas = injector.members or len(load.probe.endpoint.replicas)
    record = _declared(load, drill, fault, slow_s, replicas)
    found: list[Drilled] = []
    unclean = ""
    try:
        baseline = load.send(_plan(load, drill, drill.baseline_s), f"{drill.name}, baseline")
        record = msgspec.structs.replace(record, baseline=baseline.plan.prefix)
        unclean = _unclean(baseline, slow_s)
        for number in range(1, (0 if unclean else drill.repeat) + 1):
            if number > 1:
                _prepared(injector, drill)
            found.append(_once(load, injector, drill, f"{drill.name}, {number} of {drill.repeat}", slow_s))
            if found[-1].repetition.ending is not DrillEnding.CARRIED_OUT:
                break
    finally:
        # What was carried out is told, whatever ends the drill.
        load.probe.outcome.series.append(DrillSeen(drill=_told(record, found, unclean)))
    if unclean:
        raise Untestable(f"drill {drill.name} was not run: {unclean}")
    return found


def share_held(found: Sequence[Drilled]) -> Proportion | None:
    """The share of the repetitions carried out in which every criterion held; None where none was carried out."""
    carried_out = [each for each in found if each.repetition.ending is DrillEnding.CARRIED_OUT]
    if not carried_out:
        return None
    held = sum(not each.broken for each in carried_out)
    share = clopper_pearson(held, len(carried_out), CONFIDENCE)
    return Proportion(held, len(carried_out), METHOD, share.lower, share.upper, CONFIDENCE)


def _prepared(injector: Injector, drill: Drill) -> DrillFault:
    try:
        return injector.prepared(drill)
    except FaultError as error:
        raise TesterFailed(f"drill {drill.name} was not run: {error}") from None


def _unclean(baseline: LoadRun, slow_s: float) -> str:
    """Why a baseline is not clean; empty where it is."""
    seen = account_of(baseline.merged, math.inf, math.inf, baseline.plan.workload()[0], slow_s).before
    if not (seen.bad or seen.slow) and seen.sent:
        return ""
    return f"of {seen.sent} requests of the baseline {seen.bad} failed and {seen.slow} took longer than {slow_s:g} s"


def _plan(load: Loader, drill: Drill, seconds: float) -> LoadPlan:
    rate = load.lowered(drill.rate)
    needed = math.ceil(seconds * rate)
    left = load.budget.requests_left
    if needed > left or seconds > load.budget.seconds_left:
        raise BudgetExhausted(f"drill {drill.name} needs {needed} requests in {seconds:g} s")
    schedule = Schedule(stages=(Stage(seconds=seconds, rate=rate, arrivals="constant"),))
    return load.plan(schedule, warm_up_s=0.0, timeout_s=drill.timeout_s)


def _once(load: Loader, injector: Injector, drill: Drill, name: str, slow_s: float) -> Drilled:
    plan = _plan(load, drill, drill.baseline_s + drill.hold_s + drill.after_s + SPARE_S)
    load.bench.get_ready(plan)

    def send(progress: Callable[[Progress], None]) -> LoadRun:
        return load.send(plan, name, progress, max(POINTS, min(_POINTS, _POINTS_OF_ALL // drill.repeat)))

    done = repetition(send, injector, drill, slow_s)
    if done.account is None or done.run is None:
        return Drilled(done, None, ())
    try:
        counts = injector.executed(drill)
    except NoExecutions as error:
        raise TesterFailed(f"drill {drill.name}: {error}") from None
    executions = None if counts is None else executions_of(counts, done.run.plan.prefix, done.run.merged)
    return Drilled(done, executions, tuple(broken(drill, done.account, executions)))


def _declared(load: Loader, drill: Drill, fault: DrillFault, slow_s: float, replicas: int) -> DrillRecord:
    """The record of a drill before anything is sent."""
    return DrillRecord(
        name=drill.name,
        fault=drill.fault.__struct_config__.tag,  # type: ignore[arg-type]
        target=fault.target,
        caused_by=fault.caused_by,
        model=load.probe.model.id,
        transport=drill.transport,
        rate=min(drill.rate, load.most_rate),
        replicas=replicas,
        repeat=drill.repeat,
        slow_s=slow_s,
        timeout_s=drill.timeout_s,
        criteria=stated(drill),
    )


def _told(record: DrillRecord, found: Sequence[Drilled], unclean: str) -> DrillRecord:
    """The record with what was carried out; of a baseline that was not clean, that nothing was."""
    share = share_held(found)
    not_run = [RepetitionSeen(ending=str(DrillEnding.NOT_RUN), reason=unclean, run=record.baseline)] if unclean else []
    return msgspec.structs.replace(
        record,
        repetitions=[_repetition(each) for each in found] or not_run,
        carried_out=share.n if share else 0,
        held=share.k if share else 0,
        lower=share.lower if share else None,
        confidence=share.confidence if share else None,
    )


def _repetition(each: Drilled) -> RepetitionSeen:
    done = each.repetition
    start_ns = done.run.start_ns if done.run else None
    return RepetitionSeen(
        ending=str(done.ending),
        reason=done.reason,
        run=done.run.plan.prefix if done.run else "",
        injected=happening_seen(done.injected, start_ns),
        reverted=happening_seen(done.reverted, start_ns),
        account=_account(done.account),
        executions=ExecutionsSeen(**asdict(each.executions)) if each.executions else None,
        broken=list(each.broken),
    )


def happening_seen(each: Happening | None, start_ns: int | None) -> HappeningSeen | None:
    """What was done, as the evidence has it; ``start_ns`` is the beginning of the load."""
    if each is None:
        return None
    began_s, ended_s = (None if start_ns is None else (at - start_ns) * NANO for at in (each.began_ns, each.ended_ns))
    return HappeningSeen(
        what=each.what, began=each.began, ended=each.ended, began_s=began_s, ended_s=ended_s, argv=list(each.argv),
        code=each.code, output=clip(each.output, _OUTPUT),
    )  # fmt: skip


def _account(each: Account | None) -> AccountSeen | None:
    if each is None:
        return None
    return AccountSeen(
        before=each.before,
        during=each.during,
        after=each.after,
        first_bad=each.first_bad,
        last_bad=each.last_bad,
        recovered_s=each.recovered_s,
        outage_s=None if math.isinf(each.outage_s) else each.outage_s,
        refusal_s=each.refusal_s,
        worst_s=each.worst_s,
        kinds=dict(each.kinds),
    )
