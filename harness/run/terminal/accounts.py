"""Lines of the terminal that account for a run: by model, what is accepted, and what was not tested and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest

from harness.run.outcomes import NAMED, UNREACHED, WAIVED, WORDS, word
from harness.run.results import Result
from harness.run.session.open_run import OpenRun
from harness.verdicts import Level, Verdict
from reports.text.neutralise import plain

SERVER = "(server)"
MODELS_SHOWN = 12
COLUMNS = [each for each in WORDS if each != "not applicable"]


def write_models(terminal: pytest.TerminalReporter, run: OpenRun) -> None:
    """A table of counts by model, where there are several; then, once for each, what a model lacks."""
    counts: dict[str, Counter[str]] = {}
    for result in run.results.values():
        counts.setdefault(result.model.id if result.model else SERVER, Counter())[word(result)] += 1
    if len([model for model in counts if model != SERVER]) > 1:
        shown = [each for each in COLUMNS if any(row[each] for row in counts.values())]
        width = max(len(plain(model)) for model in list(counts)[:MODELS_SHOWN])
        terminal.write_line("  ".join(["by model:".ljust(width), *shown]))
        for model, row in list(counts.items())[:MODELS_SHOWN]:
            numbers = [str(row[each]).rjust(len(each)) for each in shown]
            terminal.write_line("  ".join([plain(model).ljust(width), *numbers]))
        if len(counts) > MODELS_SHOWN:
            terminal.write_line(f"and {len(counts) - MODELS_SHOWN} more models: see the report")
    for model, (reason, paste) in list(run.unsampled.items())[:MODELS_SHOWN]:
        untested = sum(row == "untestable" for row in map(word, _of(run, model)))
        said = run.redactor.text(f"model {model}: {untested} checks could not be tested: {reason}")
        terminal.write_line(plain(said), yellow=True)
        if paste:
            terminal.write_line("  to paste into the policy (--oip-policy FILE):")
        for line in run.redactor.text(paste).splitlines():
            terminal.write_line(f"    {plain(line)}".rstrip())


def write_waived(terminal: pytest.TerminalReporter, run: OpenRun) -> None:
    """Each finding that somebody accepts, with the name and the date."""
    for result in run.results.values():
        if word(result) == WAIVED and result.waiver is not None:
            waiver = result.waiver
            said = f"waived: {result.id}: {result.reason} (by {waiver.owner} until {waiver.expires}: {waiver.reason})"
            terminal.write_line(plain(run.redactor.text(said)), yellow=True)


def write_untested(terminal: pytest.TerminalReporter, run: OpenRun) -> None:
    """What was left out, in one line by reason, and how many MUST checks could not be tested."""
    left = [result for result in run.results.values() if word(result) == UNREACHED]
    for why, results in _grouped(left).items():
        terminal.write_line(f"{len(results)} planned checks not carried out ({why}): {_names(results)}", yellow=True)
    untested = [
        result
        for result in run.results.values()
        if result.verdict is Verdict.UNTESTABLE and result.level is Level.MUST and not result.unreached
    ]
    if untested:
        terminal.write_line(f"{len(untested)} MUST checks could not be tested: {_names(untested)}", yellow=True)


def _of(run: OpenRun, model: str) -> Iterable[Result]:
    return [result for result in run.results.values() if result.model is not None and result.model.id == model]


def _grouped(results: Iterable[Result]) -> dict[str, list[Result]]:
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(result.unreached, []).append(result)
    return groups


def _names(results: list[Result]) -> str:
    return plain(", ".join(result.id for result in results[:NAMED]) + (", …" if len(results) > NAMED else ""))
