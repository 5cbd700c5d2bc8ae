"""What one plan came to: the records that its workers left in a folder, merged, summed up and judged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from harness.load.analysis.summary import Summary, summarise
from harness.load.analysis.validity import invalid_reasons
from harness.load.analysis.verdict import Outcome, judge, judge_answers
from harness.load.plan.load_plan import LoadPlan
from harness.load.records.rows import Merged, merge
from harness.load.records.worker_facts import WorkerFacts
from harness.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class LoadRun:
    """What one plan came to.

    Attributes:
        plan: as it may be shown.
        merged, summary, outcome: records, numbers and verdict.
        answers: verdict on the answers alone, whatever their time, and its sentence.
        facts: of the workers; kept: exchanges with a fault that they kept.
        start_ns: second 0 on this machine's monotonic clock; None where no worker said it.
        files: of the run, in its folder.
        cpu_us: of the tester for a request.
    """

    plan: LoadPlan
    merged: Merged
    summary: Summary
    outcome: Outcome
    answers: tuple[Verdict, str]
    facts: tuple[WorkerFacts, ...]
    kept: tuple[dict[str, Any], ...] = ()
    start_ns: int | None = None
    files: tuple[Path, ...] = ()
    cpu_us: float = 0.0


def judged(plan: LoadPlan, folder: Path, codes: dict[int, int | None] | None = None, *, whole: bool = True) -> LoadRun:
    """Merge and judge what a run left in ``folder``.

    Args:
        codes: exit codes of the workers by number; None for one that still runs.
        whole: whether the master reached the end of the run.
    """
    told = [_facts_of(folder, plan.prefix, worker) for worker in range(plan.workers)]
    facts = []
    for worker, each in enumerate(told):
        known = each.facts if each else WorkerFacts(worker=worker)
        code = (codes or {}).get(worker)
        lost = f"exit code {code}" if code is not None else known.lost
        if not lost and not whole and not known.finished:
            lost = "the run was ended before it was done"
        facts.append(msgspec.structs.replace(known, worker=worker, lost=lost))
    paths = [path for worker in range(plan.workers) if (path := folder / f"load-{plan.prefix}-{worker}.rec").exists()]
    merged = merge(paths, len(plan.workload()[0]), plan.workers, plan.digest)
    summary = summarise(merged, plan)
    outcome = judge(summary, plan, invalid_reasons(summary, merged, plan, facts))
    clocks = [
        each.clock["start_monotonic_ns"] - each.clock["offset_to_master_ns"] for each in told if each and each.clock
    ]
    return LoadRun(
        plan=plan.public(),
        merged=merged,
        summary=summary,
        outcome=outcome,
        answers=judge_answers(summary),
        facts=tuple(facts),
        kept=tuple(kept for each in told if each for kept in each.kept),
        start_ns=clocks[0] if clocks else None,
        files=(*paths, *(path for path in folder.glob(f"run-facts-{plan.prefix}-*.json"))),
        cpu_us=max((each.cpu_us for each in told if each), default=0.0),
    )


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """What is used of a worker's run-facts file."""

    facts: WorkerFacts
    clock: dict[str, int] = {}
    kept: list[dict[str, Any]] = []
    cpu_us: float = 0.0


def _facts_of(folder: Path, run: str, worker: int) -> _Told | None:
    try:
        return msgspec.json.decode((folder / f"run-facts-{run}-{worker}.json").read_bytes(), type=_Told)
    except (OSError, msgspec.DecodeError):
        return None
