"""The record of a drill for the evidence, and what its repetitions came to together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import msgspec

from harness.bundle.drills import (
    AccountSeen,
    DrillRecord,
    ExecutionsSeen,
    HappeningSeen,
    RepetitionSeen,
    VersionsSeen,
)
from harness.drills.account import Account, Executions
from harness.drills.criteria import stated
from harness.drills.declared import Drill
from harness.drills.drill import DrillEnding, Repetition
from harness.drills.faults.fault import DrillFault, Happening
from harness.drills.versions import VersionAccount
from harness.load.analysis.percentiles import NANO
from harness.outcome import Proportion
from harness.probing.load.loading import Loader
from harness.record.quoting import clip
from harness.statistics.binomial import clopper_pearson

CONFIDENCE = 0.95
METHOD = "Clopper-Pearson, each bound one-sided; share of repetitions in which every criterion of the drill held"
# Characters of what a command said that are kept.
_OUTPUT = 2000


@dataclass(frozen=True, slots=True)
class Drilled:
    """One repetition with what the service says it executed, and the criteria that did not hold."""

    repetition: Repetition
    executions: Executions | None
    broken: tuple[str, ...]
    versions: VersionAccount | None = None


def valid_of(found: Sequence[Drilled]) -> list[Drilled]:
    """The repetitions that say something of the endpoint."""
    return [each for each in found if each.repetition.ending is DrillEnding.CARRIED_OUT]


def share_held(found: Sequence[Drilled]) -> Proportion | None:
    """The share of the repetitions carried out in which every criterion held; None where none was carried out."""
    carried_out = valid_of(found)
    if not carried_out:
        return None
    held = sum(not each.broken for each in carried_out)
    share = clopper_pearson(held, len(carried_out), CONFIDENCE)
    return Proportion(held, len(carried_out), METHOD, share.lower, share.upper, CONFIDENCE)


def declared(load: Loader, drill: Drill, fault: DrillFault, slow_s: float, replicas: int) -> DrillRecord:
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


def told(record: DrillRecord, found: Sequence[Drilled], unclean: str) -> DrillRecord:
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
        versions=VersionsSeen(**asdict(each.versions)) if each.versions else None,
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
