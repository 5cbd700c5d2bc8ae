"""The end of a run on the terminal: findings with a line to repeat them, counts, and where the report is."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from harness.run.outcomes import LONGEST_NAME
from harness.run.results import Result, chosen
from harness.run.session.open_run import OpenRun
from harness.run.terminal.accounts import (
    write_accepted,
    write_models,
    write_unsampled,
    write_untested,
    write_waived,
)
from harness.run.terminal.news import FIRST, headline, write_news
from reports.document.findings import cases_of
from reports.evidence import Evidence, Finding, decode
from reports.page.first_screen import facts, spoken
from reports.text.formats import seen_again
from reports.text.markdown import cut
from reports.text.neutralise import plain
from reports.text.quoted import translated
from reports.text.sentences import Sentences

# Checks, or clauses, that are named of one finding.
NAMED = 8
# Where a command line takes a body out of the bundle; what an endpoint said stands behind it.
_SHOW = re.compile(r"^(\{ printf '[^']*'; )?art15 show ")


def describe(result: Result, run: OpenRun) -> str:
    """One finding in words: what was expected, what was seen, which clause, where the exchange is.

    The endpoint's own words are in it: secrets are taken out, and what a terminal would obey is made visible.
    """
    said = run.config.said
    lines = [f"{said(f'state.{result.verdict}').upper()} {result.id}: {result.check.title}"]
    for violation in chosen(result.outcome)[:3]:
        level = result.outcome.levels[violation.clause]
        seen = {"expected": violation.expected, "observed": violation.observed}
        lines.append("  " + said("terminal.case", clause=violation.clause, level=str(level), **seen))
        if violation.exchange:
            command = f"{art15()} show {violation.exchange[:16]} {shlex.quote(str(run.config.folder))}"
            lines.append("  " + said("terminal.exchange", command=command))
    if not result.outcome.violations:
        lines.append(f"  {translated(said, result.reason)}")
    return "\n".join(plain(run.redactor.text(line)) for line in lines)


def art15() -> str:
    """The command as this shell finds it."""
    return "art15" if shutil.which("art15") else shlex.quote(str(Path(sys.executable).parent / "art15"))


def _runnable(curl: str) -> str:
    """The command line with ``art15`` as this shell finds it, where the body comes from it."""
    return _SHOW.sub(lambda found: f"{found[1] or ''}{art15()} show ", curl, count=1)


def write_summary(terminal: pytest.TerminalReporter, run: OpenRun) -> None:
    """What must be known first; with -v all findings and accounts; and at the end the news in ten lines."""
    assert run.report is not None
    folder = run.config.folder
    evidence = decode((folder / "evidence.json").read_bytes())
    findings = [finding for finding in evidence.summary.findings if finding.verdict != "untestable"]
    verbose = terminal.verbosity > 0
    write_reach(terminal, run.config.said, evidence)
    if verbose and findings:
        _write_findings(terminal, run.config.said, evidence, findings, folder)
    terminal.section("art15")
    if verbose:
        _write_accounts(terminal, run, evidence)
    write_unsampled(terminal, run)
    if run.unproven:
        text = run.config.said("terminal.unproven", failures=run.unproven, first=run.unproven[0])
        terminal.write_line(plain(text), red=True)
    write_news(terminal, run, evidence, [] if verbose else findings)


def _write_accounts(terminal: pytest.TerminalReporter, run: OpenRun, evidence: Evidence) -> None:
    """By model, what is accepted, what was noted, and what was not tested."""
    said = run.config.said
    write_models(terminal, run)
    write_waived(terminal, run)
    write_accepted(terminal, run)
    for text in evidence.run.deviations:
        terminal.write_line(plain(said("terminal.note", text=translated(said, text))), yellow=True)
    for _, lead, text in facts(evidence, said):
        terminal.write_line(plain(said("terminal.fact", text=f"{lead} {text}".strip())), yellow=True)
    write_untested(terminal, run)
    command = f"{art15()} verify {shlex.quote(str(run.config.folder))}"
    terminal.write_line(plain(said("terminal.verify", command=command)))


def write_reach(terminal: pytest.TerminalReporter, said: Sentences, evidence: Evidence) -> None:
    """First of all: whether the run is whole, and whether the endpoint was there all the time."""
    first = [each for each in evidence.summary.kinds if each.kind in FIRST]
    if first:
        terminal.section(said("terminal.not_as_planned"))
    for each in first:
        terminal.write_line(plain(spoken(said, each)), red=True)


def _write_findings(
    terminal: pytest.TerminalReporter, said: Sentences, evidence: Evidence, findings: list[Finding], folder: Path
) -> None:
    """Findings below what they mean for who uses the endpoint, the worst first."""
    terminal.section(said("terminal.findings"))
    before: str | None = ""
    for finding in findings:
        if finding.consequence != before:
            before = finding.consequence
            word = said(f"consequence.{before}" if before else "finding.undecided")
            terminal.write_line(f"-- {word}", bold=True)
        _write_finding(terminal, said, evidence, finding, folder)


def _write_finding(
    terminal: pytest.TerminalReporter, said: Sentences, evidence: Evidence, finding: Finding, folder: Path
) -> None:
    """The finding, what it touches, and the line that repeats one of its counterexamples."""
    colour = {"red": finding.verdict == "fail", "yellow": finding.verdict != "fail"}
    terminal.write_line(plain(headline(said, finding)), **colour)
    touched = [finding.root, *(each for each in finding.clauses if each != finding.root)][:NAMED]
    kind = "terminal.touched_over" if finding.transports else "terminal.touched"
    terminal.write_line(plain(f"  {said(kind, names=touched, transports=finding.transports)}"))
    checks = [cut(name, LONGEST_NAME) for name in finding.checks]
    terminal.write_line(f"  {said('terminal.checks', checks=checks)}")
    for text in finding.also:
        terminal.write_line(plain(f"  {said('terminal.with_it', text=translated(said, text))}"))
    example = next((case for case in cases_of(finding, evidence.checks) if case.curl), None)
    if example is not None:
        seen = said("terminal.seen", expected=example.expected, observed=example.observed)
        terminal.write_line(plain(f"  {seen}"))
        command = f"(cd {shlex.quote(str(folder))} && {_runnable(str(example.curl))})"
        kind = "terminal.one_of_many" if example.one_of_many else "terminal.repeat"
        terminal.write_line(plain(f"  {said(kind, command=command)}"))
        if example.replayed:
            terminal.write_line(f"  {seen_again(said, example.replayed)}")
    if finding.cure:
        terminal.write_line(plain(f"  {said('terminal.cure', cure=translated(said, finding.cure))}"))
