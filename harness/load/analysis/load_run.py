"""What one plan came to: the records that its workers left in a folder, merged, summed up and judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.load.analysis.summary import LoadSummary, summarise
from harness.load.analysis.validity import invalid_reasons
from harness.load.analysis.verdict import LoadVerdict, judge, judge_answers
from harness.load.plan.load_plan import LoadPlan
from harness.load.records.rows import Merged, merge, records_name
from harness.load.records.run_facts import KeptAnswer, facts_files, read_facts
from harness.load.records.worker_facts import WorkerFacts
from harness.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class LoadRun:
    """What one plan came to.

    Attributes:
        plan: as it may be shown; in the process that began the run, of sensitive samples with the cases.
        merged, summary, outcome: records, numbers and verdict.
        answers: verdict on the answers alone, whatever their time, and its sentence.
        facts: of the workers; kept: exchanges with a fault that they kept.
        start_ns: second 0 on this machine's monotonic clock; None where no worker said it.
        files: of the run, in its folder.
        cpu_us: of the tester for a request.
    """

    plan: LoadPlan
    merged: Merged
    summary: LoadSummary
    outcome: LoadVerdict
    answers: tuple[Verdict, str]
    facts: tuple[WorkerFacts, ...]
    kept: tuple[KeptAnswer, ...] = ()
    start_ns: int | None = None
    files: tuple[Path, ...] = ()
    cpu_us: float = 0.0


def read_run(
    plan: LoadPlan, folder: Path, codes: dict[int, int | None] | None = None, *, whole: bool = True
) -> LoadRun:
    """Merge and judge what a run left in ``folder``.

    Args:
        codes: exit codes of the workers by number; None for one that still runs.
        whole: whether the master reached the end of the run.
    """
    told = [read_facts(folder, plan.prefix, worker) for worker in range(plan.workers)]
    facts = []
    for worker, each in enumerate(told):
        known = each.facts if each else WorkerFacts(worker=worker)
        code = (codes or {}).get(worker)
        lost = f"exit code {code}" if code is not None else known.lost
        if not lost and not whole and not known.finished:
            lost = "the run was ended before it was done"
        facts.append(msgspec.structs.replace(known, worker=worker, lost=lost))
    paths = record_files(plan, folder)
    merged, summary, outcome = evaluate(plan, paths, facts)
    clocks = [each.clock for each in told if each and each.clock and each.clock.start_monotonic_ns]
    return LoadRun(
        plan=plan.public(),
        merged=merged,
        summary=summary,
        outcome=outcome,
        answers=judge_answers(summary),
        facts=tuple(facts),
        kept=tuple(kept for each in told if each for kept in each.kept),
        start_ns=clocks[0].start_monotonic_ns - clocks[0].offset_to_master_ns if clocks else None,
        files=(*paths, *facts_files(folder, plan.prefix)),
        cpu_us=max((each.cpu_us for each in told if each), default=0.0),
    )


def record_files(plan: LoadPlan, folder: Path) -> list[Path]:
    """The files of rows that the workers of a plan left in ``folder``."""
    names = (records_name(plan.prefix, worker) for worker in range(plan.workers))
    return [path for name in names if (path := folder / name).exists()]


def evaluate(
    plan: LoadPlan, paths: Sequence[Path], facts: Sequence[WorkerFacts]
) -> tuple[Merged, LoadSummary, LoadVerdict]:
    """Records, numbers and verdict of a run.

    Raises:
        RecordsError: a file is not of this run.
    """
    merged = merge(paths, len(plan.workload()[0]), plan.workers, plan.digest)
    summary = summarise(merged, plan)
    return merged, summary, judge(summary, plan, invalid_reasons(summary, merged, plan, facts))
