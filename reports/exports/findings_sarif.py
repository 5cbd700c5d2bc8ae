"""``findings.sarif``: the findings as forges and editors read them (SARIF 2.1.0).

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/. A finding is a result, its cause the rule. There is no source
to point at: the place is the document that shows it, and the model is a logical location.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from harness.bundle.store import Store
from reports.evidence import CheckResult, Evidence, Finding
from reports.exports import Export
from reports.text.ascii import ascii_json, shown
from reports.text.markdown import cut
from reports.text.sentences import sentences

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# Characters of what somebody else wrote.
LONGEST = 1000
# What fails and warns is told by its level; all else is no failure, and a viewer may leave it out.
LEVELS = {"fail": "error", "warn": "warning"}
KINDS = {"inconclusive": "review", "tool_error": "open", "untestable": "open"}


def _sarif(document: Evidence, _: Store) -> Iterator[bytes]:
    """One run with a result for each finding."""
    findings = document.summary.findings
    checks = {check.id: check for check in document.checks}
    run = {
        "tool": {"driver": _driver(document, findings)},
        "automationDetails": {"id": f"art15/{cut(document.item.authority, LONGEST)}/"},
        "invocations": [_invocation(document)],
        "originalUriBaseIds": {"BUNDLE": {"description": {"text": sentences()("export.bundle")}}},
        "artifacts": [{"location": {"uri": "evidence.json", "uriBaseId": "BUNDLE"}, "mimeType": "application/json"}],
        "results": [_result(finding, at, checks) for at, finding in enumerate(findings)],
        "columnKind": "unicodeCodePoints",
        "properties": {"run": document.run.id, "protocol": document.catalogue.protocol_commit},
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    yield ascii_json(shown(log))


def _driver(document: Evidence, findings: list[Finding]) -> dict[str, Any]:
    clauses = {clause.id: clause.text for clause in document.catalogue.clauses}
    return {
        "name": document.tester.name,
        "version": document.tester.version,
        "rules": [_rule(finding, clauses) for finding in findings],
    }


def _rule(finding: Finding, clauses: dict[str, str]) -> dict[str, Any]:
    asked = " ".join(f"{name}: {clauses[name]}" for name in finding.clauses if name in clauses)
    help_text = finding.cure or sentences()("export.explain", root=finding.root)
    return {
        "id": cut(finding.root, LONGEST),
        "shortDescription": {"text": cut(finding.title, LONGEST)},
        "fullDescription": {"text": cut(asked or finding.title, LONGEST)},
        "help": {"text": cut(help_text, LONGEST)},
        "defaultConfiguration": {"level": LEVELS.get(finding.verdict, "none")},
    }


def _result(finding: Finding, at: int, checks: dict[str, CheckResult]) -> dict[str, Any]:
    involved = [checks[name] for name in finding.checks if name in checks]
    cases = [case for check in involved for case in check.counterexamples if case.cause in (finding.root, None)]
    text = finding.title
    if cases:
        seen = {"expected": cases[0].expected, "observed": cases[0].observed}
        text = sentences()("export.result", title=finding.title, **seen)
    result: dict[str, Any] = {
        "ruleId": cut(finding.root, LONGEST),
        "ruleIndex": at,
        "kind": KINDS.get(finding.verdict, "fail"),
        "level": LEVELS.get(finding.verdict, "none"),
        "message": {"text": cut(text, 4 * LONGEST)},
        "locations": [_location(finding)],
        "partialFingerprints": {"art15Cause/v1": hashlib.sha256(finding.root.encode("utf-8", "replace")).hexdigest()},
        "properties": {
            "verdict": finding.verdict,
            "checks": [cut(name, LONGEST) for name in finding.checks],
            "clauses": finding.clauses,
            "exchanges": sorted({case.exchange for case in cases if case.exchange is not None}),
            **({"consequence": finding.consequence} if finding.consequence else {}),
        },
    }
    if finding.standing in ("new", "known"):
        result["baselineState"] = "new" if finding.standing == "new" else "unchanged"
    # Accepted as a whole, or not at all.
    result["suppressions"] = _suppressions(involved) if all(check.waiver for check in involved) else []
    return result


def _location(finding: Finding) -> dict[str, Any]:
    place: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": "evidence.json", "uriBaseId": "BUNDLE", "index": 0},
            "region": {"startLine": 1},
        }
    }
    if finding.models:
        place["logicalLocations"] = [{"name": cut(name, LONGEST), "kind": "resource"} for name in finding.models]
    return place


def _suppressions(checks: list[CheckResult]) -> list[dict[str, Any]]:
    said = {
        sentences()("export.waived", reason=each.waiver.reason, owner=each.waiver.owner, expires=each.waiver.expires)
        for each in checks
        if each.waiver is not None
    }
    rows = [{"kind": "external", "status": "accepted", "justification": cut(text, LONGEST)} for text in said]
    return sorted(rows, key=lambda row: row["justification"])


def _invocation(document: Evidence) -> dict[str, Any]:
    run = document.run
    row: dict[str, Any] = {
        "executionSuccessful": not document.report.cut_short and run.exit_code in (0, 1, 5),
        "startTimeUtc": run.start,
        "toolExecutionNotifications": [
            {"level": "note", "message": {"text": cut(text, LONGEST)}} for text in run.deviations
        ],
    }
    if run.end is not None:
        row["endTimeUtc"] = run.end
    if run.exit_code is not None:
        row["exitCode"] = run.exit_code
    return row


EXPORT = Export(
    form="sarif",
    name="findings.sarif",
    title="log of findings",
    about="The findings, for forges and editors (SARIF 2.1.0)",
    make=_sarif,
)
