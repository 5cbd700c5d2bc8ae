"""The end of a run on the terminal: findings with a line to repeat them, counts, and where the report is."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from harness.run.outcomes import counted
from harness.run.results import Result, chosen
from harness.run.session.open_run import OpenRun
from harness.run.terminal.accounts import write_models, write_untested, write_waived
from reports.document.findings import cases_of
from reports.evidence import Evidence, Finding, decode
from reports.text.formats import seen_again, transports
from reports.text.neutralise import plain
from reports.text.sentences import sentences

# Checks, or clauses, that are named of one finding.
NAMED = 8
# Where a command line takes a body out of the bundle; what an endpoint said stands behind it.
_SHOW = re.compile(r"^(\{ printf '[^']*'; )?art15 show ")


def describe(result: Result, run: OpenRun) -> str:
    """One finding in words: what was expected, what was seen, which clause, where the exchange is.

    The endpoint's own words are in it: secrets are taken out, and what a terminal would obey is made visible.
    """
    lines = [f"{result.verdict.upper()} {result.id}: {result.check.title}"]
    for violation in chosen(result.outcome)[:3]:
        level = result.outcome.levels[violation.clause]
        lines.append(f"  {violation.clause} ({level}): expected {violation.expected}; observed {violation.observed}")
        if violation.exchange:
            lines.append(f"  exchange: {art15()} show {violation.exchange[:16]} {shlex.quote(str(run.config.folder))}")
    if not result.outcome.violations:
        lines.append(f"  {result.reason}")
    return "\n".join(plain(run.redactor.text(line)) for line in lines)


def art15() -> str:
    """The command as this shell finds it."""
    return "art15" if shutil.which("art15") else shlex.quote(str(Path(sys.executable).parent / "art15"))


def _runnable(curl: str) -> str:
    """The command line with ``art15`` as this shell finds it, where the body comes from it."""
    return _SHOW.sub(lambda found: f"{found[1] or ''}{art15()} show ", curl, count=1)


def write_summary(terminal: pytest.TerminalReporter, run: OpenRun) -> None:
    """Findings grouped by root cause, then counts; the last line names what a MUST could not be tested for."""
    assert run.report is not None
    folder = run.config.folder
    evidence = decode((folder / "evidence.json").read_bytes())
    findings = [finding for finding in evidence.summary.findings if finding.verdict != "untestable"]
    write_reach(terminal, evidence)
    if findings:
        _write_findings(terminal, evidence, findings, folder)
    terminal.section("art15")
    terminal.write_line(f"checks: {counted(run.results.values())}; requests: {evidence.run.requests}")
    write_models(terminal, run)
    write_waived(terminal, run)
    if run.unproven:
        text = f"tool error: {len(run.unproven)} failures are not shown by the bundle; {run.unproven[0]}"
        terminal.write_line(plain(text), red=True)
    for text in evidence.run.deviations:
        terminal.write_line(plain(f"note: {text}"), yellow=True)
    for fact in evidence.run.facts:
        terminal.write_line(plain(f"fact: {fact.text}"), yellow=True)
    terminal.write_line(plain(f"report: {run.report}"))
    terminal.write_line(plain(f"verify: {art15()} verify {shlex.quote(str(folder))}"))
    write_untested(terminal, run)
    if run.exit.why:
        terminal.write_line(plain(f"exit code {run.exit.code}: {'; '.join(run.exit.why)}"))


def write_reach(terminal: pytest.TerminalReporter, evidence: Evidence) -> None:
    """First of all: whether the run is whole, and whether the endpoint was there all the time."""
    told = zip(evidence.summary.kinds, evidence.summary.statements, strict=True)
    said = [text for each, text in told if each.kind in ("cut_short", "away_once", "away_often")]
    if said:
        terminal.section("not as planned")
    for text in said:
        terminal.write_line(plain(text), red=True)


def _write_findings(
    terminal: pytest.TerminalReporter, evidence: Evidence, findings: list[Finding], folder: Path
) -> None:
    """Findings below what they mean for who uses the endpoint, the worst first."""
    terminal.section("findings, one per cause, by consequence")
    before: str | None = ""
    for finding in findings:
        if finding.consequence != before:
            before = finding.consequence
            word = sentences()(f"consequence.{before}" if before else "finding.undecided")
            terminal.write_line(f"-- {word}", bold=True)
        _write_finding(terminal, evidence, finding, folder)


def _write_finding(terminal: pytest.TerminalReporter, evidence: Evidence, finding: Finding, folder: Path) -> None:
    """The finding, what it touches, and the line that repeats one of its counterexamples."""
    colour = {"red": finding.verdict == "fail", "yellow": finding.verdict != "fail"}
    terminal.write_line(plain(f"{finding.verdict.upper()} {finding.title}"), **colour)
    touched = ", ".join([finding.root, *(each for each in finding.clauses if each != finding.root)][:NAMED])
    over = f" (over {transports(sentences(), finding.transports)})" if finding.transports else ""
    terminal.write_line(plain(f"  cause and clauses: {touched}{over}"))
    rest = f" and {len(finding.checks) - NAMED} more" if len(finding.checks) > NAMED else ""
    terminal.write_line(plain(f"  checks: {', '.join(finding.checks[:NAMED])}{rest}"))
    for text in finding.also:
        terminal.write_line(plain(f"  with it: {text}"))
    example = next((case for case in cases_of(finding, evidence.checks) if case.curl), None)
    if example is not None:
        terminal.write_line(plain(f"  expected {example.expected}; observed {example.observed}"))
        lead = "one of its requests" if example.one_of_many else "repeat"
        terminal.write_line(plain(f"  {lead}: (cd {shlex.quote(str(folder))} && {_runnable(str(example.curl))})"))
        if example.replayed:
            terminal.write_line(f"  {seen_again(sentences(), example.replayed)}")
    if finding.cure:
        terminal.write_line(plain(f"  usual cure: {finding.cure}"))
