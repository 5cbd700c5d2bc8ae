"""Compares two evidence documents; nothing but the documents is read, and neither is trusted."""

from __future__ import annotations

from typing import Literal

from reports.comparison.conditions import conditions
from reports.comparison.drift import drift_rows
from reports.comparison.numbers import CONFIDENCE, number_rows, worse_numbers
from reports.comparison.results import DECIDED, finding_rows, is_worse, verdict_rows
from reports.evidence import Evidence
from reports.evidence.comparison import COMPARISON_VERSION, ComparedRun, RunComparison


def compare(a: Evidence, b: Evidence) -> RunComparison:
    """Hold B against A."""
    findings, drift, numbers = finding_rows(a, b), drift_rows(a, b), number_rows(a, b)
    verdicts, only_a, only_b = verdict_rows(a, b)
    worse: list[Literal["findings", "drift", "numbers"]] = []
    if any(map(is_worse, findings)):
        worse.append("findings")
    if drift:
        worse.append("drift")
    if worse_numbers(a, b, numbers):
        worse.append("numbers")
    one, other = compared_run(a), compared_run(b)
    return RunComparison(
        schema_version=COMPARISON_VERSION,
        a=one,
        b=other,
        same_run=one.journal_head == other.journal_head,
        conditions=conditions(a, b),
        findings=findings,
        verdicts=verdicts,
        checks_only_a=only_a,
        checks_only_b=only_b,
        drift=drift,
        numbers=numbers,
        confidence=CONFIDENCE,
        worse=worse,
    )


def compared_run(document: Evidence) -> ComparedRun:
    """What names a run beside another one."""
    return ComparedRun(
        journal_head=document.run.journal_head,
        report=document.report.id,
        started=document.run.start,
        endpoint=document.item.endpoint,
        exit_code=document.run.exit_code,
        cut_short=document.report.cut_short,
        checks=len(document.checks),
        decided=sum(check.verdict in DECIDED for check in document.checks),
    )
