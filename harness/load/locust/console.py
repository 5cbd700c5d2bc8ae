"""After the run: merge the records, judge, say it on the console, and choose the exit code."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness.load.analysis.load_run import evaluate, record_files
from harness.load.analysis.percentiles import Percentile
from harness.load.analysis.summary import Clock, LoadSummary
from harness.load.analysis.verdict import LoadVerdict
from harness.load.plan.load_plan import LoadPlan
from harness.load.records.rows import RecordsError
from harness.load.records.worker_facts import WorkerFacts
from reports.text.neutralise import lines

INVALID_EXIT = 3
"""Exit code of a run that says nothing about the endpoint."""
_SHOWN = (0.5, 0.9, 0.99, 0.999)
console = logging.getLogger("locust.stats_logger")


class Conclusion(msgspec.Struct, frozen=True, kw_only=True):
    """What the file ``summary-….json`` holds."""

    plan: LoadPlan
    facts: tuple[WorkerFacts, ...]
    summary: LoadSummary | None = None
    outcome: LoadVerdict | None = None
    note: str = ""

    @property
    def exit_code(self) -> int | None:
        """Not 0 where the run is INVALID; None leaves it to locust."""
        invalid = self.outcome.invalid if self.outcome else ()
        lost = any(each.lost or not each.finished for each in self.facts)
        return INVALID_EXIT if invalid or lost or len(self.facts) < self.plan.workers else None


def conclude(directory: Path, plan: LoadPlan, facts: Sequence[WorkerFacts]) -> Conclusion:
    """Judge a run whose records lie in ``directory``; those on other machines must be merged elsewhere."""
    there = record_files(plan, directory)
    remote = len({each.host for each in facts if each.host}) > 1 and len(there) < plan.workers
    if remote:
        found = Conclusion(plan=plan.public(), facts=tuple(facts), note="records lie on the workers' machines")
    else:
        found = _judged(there, plan, facts)
    target = directory / f"summary-{plan.prefix}.json"
    target.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1))
    return found


def _judged(paths: Sequence[Path], plan: LoadPlan, facts: Sequence[WorkerFacts]) -> Conclusion:
    try:
        _, summary, outcome = evaluate(plan, paths, facts)
    except RecordsError as error:
        return Conclusion(plan=plan.public(), facts=tuple(facts), note=str(error))
    return Conclusion(plan=plan.public(), facts=tuple(facts), summary=summary, outcome=outcome)


class _Harmless(logging.Formatter):
    """Lines of another formatter, in which what a terminal would obey is made visible."""

    def __init__(self, own: logging.Formatter) -> None:
        super().__init__()
        self._own = own

    def format(self, record: logging.LogRecord) -> str:
        return lines(self._own.format(record))


def guard_logs() -> None:
    """Let all that this process logs pass through here: names of models and words of the endpoint stand in it."""
    for logger in map(logging.getLogger, ("", "locust", "locust.stats_logger")):
        for handler in logger.handlers:
            if not isinstance(handler.formatter, _Harmless):
                handler.setFormatter(_Harmless(handler.formatter or logging.Formatter()))


def show(found: Conclusion) -> None:
    """Say it: three clocks together, then whether the run is valid, then what follows for the endpoint."""
    summary = found.summary
    if summary is not None:
        console.info("")
        console.info("open loop: %d planned, %d tried, %d ok", summary.planned, summary.tried, summary.ok)
        console.info("%-26s %s", "milliseconds", " ".join(f"{f'p{each * 100:g}':>9}" for each in _SHOWN))
        for name, clock in (
            ("response (from intended)", summary.response),
            ("service (from sending)", summary.service),
            ("send lag", summary.send_lag),
            ("a closed loop would say", summary.other_tools.alone),
        ):
            console.info("%-26s %s", name, " ".join(_milliseconds(clock, each) for each in _SHOWN))
        for error in summary.errors:
            console.info("%-26s %9d", f"{error.kind} {error.code or ''}", error.count)
    if found.note:
        console.info("%s", found.note)
    for each in found.facts:
        if each.lost or each.note:
            console.info("worker %d: %s", each.worker, each.lost or each.note)
    if found.outcome is not None:
        console.info("%s: %s", "INVALID" if found.outcome.invalid else "valid", found.outcome.reason)
    elif found.exit_code:
        console.info("INVALID: not every worker reached its end")
    console.info("")


def _milliseconds(clock: Clock, wanted: float) -> str:
    found: Percentile | None = next((each for each in clock.percentiles if each.percentile == wanted), None)
    return f"{'-':>9}" if found is None or found.value is None else f"{found.value * 1e3:9.3f}"
