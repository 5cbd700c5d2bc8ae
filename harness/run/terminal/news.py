"""The last lines of a run: the answer in words, the worst findings, and where the report is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from harness.run.outcomes import counted
from harness.run.session.open_run import OpenRun
from reports.evidence import Evidence, Finding
from reports.page.first_screen import spoken
from reports.text.markdown import cut
from reports.text.neutralise import plain
from reports.text.quoted import translated
from reports.text.sentences import Sentences

# Statements that stand before everything, and the one that says what was not tested.
FIRST, SILENT = ("cut_short", "away_once", "away_often"), "silent"
# Findings that are named, and signs of each line.
WORST, LONGEST = 3, 300


def worst(findings: Sequence[Finding]) -> list[Finding]:
    """The first of findings that come by consequence; one that breaks nothing stands behind all that do."""
    return sorted(findings, key=lambda each: each.verdict != "fail")[:WORST]


def write_news(
    terminal: pytest.TerminalReporter, run: OpenRun, evidence: Evidence, findings: Sequence[Finding]
) -> None:
    """Counts, the answer, the worst of these findings, the report, and why the run ends as it does."""
    said = run.config.said
    terminal.write_line(
        said("terminal.counts", counts=counted(run.results.values(), said), requests=evidence.run.requests)
    )
    for text in _answer(said, evidence):
        terminal.write_line(cut(text, LONGEST))
    for finding in worst(findings):
        colour = {"red": finding.verdict == "fail", "yellow": finding.verdict != "fail"}
        terminal.write_line(cut(headline(said, finding), LONGEST), **colour)
    if terminal.verbosity <= 0:
        rest = len(findings) - WORST
        terminal.write_line(said("terminal.more_findings", number=rest) if rest > 0 else said("terminal.more"))
    terminal.write_line(plain(said("terminal.report", path=str(run.report))), bold=True)
    if run.exit.why:
        terminal.write_line(
            plain(
                said(
                    "terminal.exit",
                    code=run.exit.code,
                    why=said("list.between").join(translated(said, why) for why in run.exit.why),
                )
            )
        )


def headline(said: Sentences, finding: Finding) -> str:
    """Verdict and title, and why it is not held against the endpoint, where it is not."""
    word, title = said(f"state.{finding.verdict}").upper(), translated(said, finding.title)
    if finding.standing in ("known", "not_counted"):
        standing = said(f"finding.{finding.standing}")
        return said("terminal.standing", word=word, title=title, standing=standing)
    return f"{word} {title}"


def _answer(said: Sentences, evidence: Evidence) -> list[str]:
    """What the run says first, and what it is silent on."""
    kinds = evidence.summary.kinds
    answers = [each for each in kinds if each.kind not in (*FIRST, SILENT)][:1]
    return [spoken(said, each) for each in (*answers, *(each for each in kinds if each.kind == SILENT))]
