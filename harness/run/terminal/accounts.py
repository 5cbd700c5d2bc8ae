"""Lines of the terminal that account for a run: by model, what is accepted, and what was not tested and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest

from harness.run.outcomes import KNOWN, LONGEST_NAME, NAMED, NOT_COUNTED, UNREACHED, WAIVED, WORDS, word
from harness.run.results import Result
from harness.run.session.open_run import OpenRun
from harness.verdicts import Level, Verdict
from reports.text.markdown import cut
from reports.text.neutralise import plain
from reports.text.quoted import translated

SERVER = "(server)"
MODELS_SHOWN = 12
COLUMNS = [each for each in WORDS if each != "not applicable"]


def write_models(terminal: pytest.TerminalReporter, run: OpenRun) -> None:
    """A table of counts by model, where there are several."""
    counts: dict[str, Counter[str]] = {}
    for result in run.results.values():
        counts.setdefault(result.model.id if result.model else SERVER, Counter())[word(result)] += 1
    if len([model for model in counts if model != SERVER]) > 1:
        shown = [each for each in COLUMNS if any(row[each] for row in counts.values())]
        names = {model: cut(model, LONGEST_NAME) for model in list(counts)[:MODELS_SHOWN]}
        width = max(map(len, names.values()))
        heads = [run.config.said.spoken("counted", each) for each in shown]
        terminal.write_line("  ".join([run.config.said("terminal.by_model").ljust(width), *heads]))
        for model, name in names.items():
            numbers = [str(counts[model][each]).rjust(len(head)) for each, head in zip(shown, heads, strict=True)]
            terminal.write_line("  ".join([name.ljust(width), *numbers]))
        if len(counts) > MODELS_SHOWN:
            terminal.write_line(run.config.said("terminal.more_models", number=len(counts) - MODELS_SHOWN))


def write_unsampled(terminal: pytest.TerminalReporter, run: OpenRun) -> None:
    """Once for each model of which no accepted request is known: what it lacks, and what would help."""
    for model, (reason, paste) in list(run.unsampled.items())[:MODELS_SHOWN]:
        untested = sum(row == "untestable" for row in map(word, _of(run, model)))
        text = run.config.said(
            "terminal.unsampled", model=model, checks=untested, reason=translated(run.config.said, reason)
        )
        terminal.write_line(plain(run.redactor.text(text)), yellow=True)
        if paste:
            terminal.write_line(f"  {run.config.said('terminal.paste')}")
        for line in run.redactor.text(paste).splitlines():
            terminal.write_line(f"    {plain(line)}".rstrip())


def write_waived(terminal: pytest.TerminalReporter, run: OpenRun) -> None:
    """Each finding that somebody accepts, with the name and the date."""
    for result in run.results.values():
        if word(result) == WAIVED and result.waiver is not None:
            waiver = result.waiver
            by = {"owner": waiver.owner, "expires": str(waiver.expires), "why": waiver.reason}
            why = translated(run.config.said, result.reason)
            text = run.config.said("terminal.waived", check=result.id, reason=why, **by)
            terminal.write_line(plain(run.redactor.text(text)), yellow=True)


def write_accepted(terminal: pytest.TerminalReporter, run: OpenRun) -> None:
    """What the baseline knows, what of it was not seen, and what the requirement set does not count."""
    said, used = run.config.said, {KNOWN: {}, NOT_COUNTED: {"set": run.config.accepting.requirements.name}}
    for called, params in used.items():
        results = [result for result in run.results.values() if word(result) == called]
        if results:
            kind = f"terminal.{called.replace(' ', '_')}"
            terminal.write_line(said(kind, number=len(results), names=_names(results), **params), yellow=True)
    compared = run.compared()
    if compared is not None and compared.unseen:
        names = ", ".join(each.words for each in compared.unseen[:NAMED])
        more = ", …" if len(compared.unseen) > NAMED else ""
        text = said("terminal.unseen", number=len(compared.unseen), names=names + more)
        terminal.write_line(plain(text), yellow=True)


def write_untested(terminal: pytest.TerminalReporter, run: OpenRun) -> None:
    """What was left out, in one line by reason, and how many MUST checks could not be tested."""
    left = [result for result in run.results.values() if word(result) == UNREACHED]
    for why, results in _grouped(left).items():
        text = run.config.said("terminal.not_carried_out", number=len(results), why=why, names=_names(results))
        terminal.write_line(text, yellow=True)
    untested = [
        result
        for result in run.results.values()
        if result.verdict is Verdict.UNTESTABLE and result.level is Level.MUST and not result.unreached
    ]
    if untested:
        text = run.config.said("terminal.untested", number=len(untested), names=_names(untested))
        terminal.write_line(text, yellow=True)


def _of(run: OpenRun, model: str) -> Iterable[Result]:
    return [result for result in run.results.values() if result.model is not None and result.model.id == model]


def _grouped(results: Iterable[Result]) -> dict[str, list[Result]]:
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(result.unreached, []).append(result)
    return groups


def _names(results: list[Result]) -> str:
    return ", ".join(cut(each.id, LONGEST_NAME) for each in results[:NAMED]) + (", …" if len(results) > NAMED else "")
