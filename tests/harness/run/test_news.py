"""Which findings the last lines of a run name."""

from __future__ import annotations

from harness.run.terminal.news import worst
from reports.evidence import Finding, VerdictName

VERDICTS: list[VerdictName] = ["warn", "fail", "inconclusive", "fail", "warn"]


def test_what_fails_is_named_before_what_warns_and_else_by_consequence() -> None:
    findings = [
        Finding(root=str(at), verdict=verdict, title="", checks=[], clauses=[], models=[])
        for at, verdict in enumerate(VERDICTS)
    ]
    assert [each.root for each in worst(findings)] == ["1", "3", "0"]
    assert [each.root for each in worst(findings[:1])] == ["0"]
