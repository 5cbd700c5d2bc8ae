"""A drill carried out from inside a check: its baseline, its repetitions, and the record of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from harness.budget import BudgetExhausted
from harness.bundle.drills import (
    AccountSeen,
    DrillRecord,
    DrillSeen,
    ExecutionsSeen,
    HappeningSeen,
    RepetitionSeen,
    TallySeen,
)
from harness.check import TesterFailed, Untestable
from harness.drills.account import Account, Executions, PhaseTally, account_of, executions_of
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
from harness.stats import clopper_pearson

CONFIDENCE = 0.95
METHOD = "Clopper-Pearson, each bound one-sided; share of repetitions in which every criterion of the drill held"
# Without a bound in the policy, an answer that takes longer is a stall that a person would notice.
STALL_S = 1.0
# Sent beyond the phases: the load begins before anybody knows it, and taking a fault back takes its time.
SPARE_S = 2.0
# Characters of what a command said that are kept.
_OUTPUT = 2000


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
    _baseline(load, drill, slow_s)
    found: list[Drilled] = []
    try:
        for number in range(1, drill.repeat + 1):
            if number > 1:
                _prepared(injector, drill)
            found.append(_once(load, injector, drill, f"{drill.name}, {number} of {drill.repeat}", slow_s))
            if found[-1].repetition.ending is not DrillEnding.CARRIED_OUT:
                break
    finally:
        # What was carried out is told, whatever ends the drill.
        record = _record(load, drill, fault, found)
        load.probe.outcome.series.append(DrillSeen(drill=record))
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


def _baseline(load: Loader, drill: Drill, slow_s: float) -> None:
    plan = _plan(load, drill, drill.baseline_s)
    run = load.send(plan, f"{drill.name}, baseline")
    seen = account_of(run.merged, math.inf, math.inf, run.plan.workload()[0], slow_s).before
    if seen.bad or seen.slow or not seen.sent:
        raise Untestable(
            f"drill {drill.name} was not run: of {seen.sent} requests of the baseline {seen.bad} failed and "
            f"{seen.slow} took longer than {slow_s:g} s"
        )


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
        return load.send(plan, name, progress)

    done = repetition(send, injector, drill, slow_s)
    if done.account is None or done.run is None:
        return Drilled(done, None, ())
    try:
        counts = injector.executed(drill)
    except NoExecutions as error:
        raise TesterFailed(f"drill {drill.name}: {error}") from None
    executions = None if counts is None else executions_of(counts, done.run.plan.prefix, done.run.merged)
    return Drilled(done, executions, tuple(broken(drill, done.account, executions)))


def _record(load: Loader, drill: Drill, fault: DrillFault, found: Sequence[Drilled]) -> DrillRecord:
    share = share_held(found)
    return DrillRecord(
        name=drill.name,
        fault=drill.fault.__struct_config__.tag,  # type: ignore[arg-type]
        target=fault.target,
        caused_by=fault.caused_by,
        model=load.probe.model.id,
        transport=drill.transport,
        rate=drill.rate,
        criteria=stated(drill),
        repetitions=[_repetition(each) for each in found],
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
        injected=_happening(done.injected, start_ns),
        reverted=_happening(done.reverted, start_ns),
        account=_account(done.account),
        executions=ExecutionsSeen(**asdict(each.executions)) if each.executions else None,
        broken=list(each.broken),
    )


def _happening(each: Happening | None, start_ns: int | None) -> HappeningSeen | None:
    if each is None:
        return None
    began_s, ended_s = (None if start_ns is None else (at - start_ns) * NANO for at in (each.began_ns, each.ended_ns))
    return HappeningSeen(
        what=each.what, began=each.began, ended=each.ended, began_s=began_s, ended_s=ended_s, argv=list(each.argv),
        code=each.code, output=each.output[:_OUTPUT],
    )  # fmt: skip


def _account(each: Account | None) -> AccountSeen | None:
    if each is None:
        return None
    return AccountSeen(
        before=_tally(each.before),
        during=_tally(each.during),
        after=_tally(each.after),
        first_bad=each.first_bad,
        last_bad=each.last_bad,
        recovered_s=each.recovered_s,
        outage_s=None if math.isinf(each.outage_s) else each.outage_s,
        refusal_s=each.refusal_s,
        worst_s=each.worst_s,
        kinds=dict(each.kinds),
    )


def _tally(each: PhaseTally) -> TallySeen:
    return TallySeen(**asdict(each))
