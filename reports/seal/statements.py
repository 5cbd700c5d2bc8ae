"""What is signed: statements of in-toto about a bundle or a sealed plan, the same for the same bytes."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from reports.evidence import Evidence

STATEMENT = "https://in-toto.io/Statement/v1"
OURS = "urn:art15:predicate:evidence-1"
RESULT = "https://in-toto.io/attestation/test-result/v0.1"
PLANNED = "urn:art15:predicate:plan-1"
# The machine that signs vouches for bytes. Annex IV(2)(g) asks for persons.
NO_PERSON = "A key of a machine vouches for bytes. It is no responsible person and stands for none of those named."


def evidence_statement(document: Evidence, subjects: dict[str, str], public_key: str) -> dict[str, Any]:
    """Our own predicate: the headline of the document, with every verdict that there is.

    Args:
        subjects: files of the bundle with their SHA-256 in hex.
        public_key: of the signer, in PEM: whoever has no other one can still see whether the envelope is whole.
    """
    run, tester = document.run, document.tester
    predicate = {
        "tool": {"name": tester.name, "version": tester.version},
        "report": document.report.id,
        "run": run.id,
        "issued": document.report.issued,
        "cut_short": document.report.cut_short,
        "plan_sha256": run.plan_sha256,
        "journal": {"head": run.journal_head, "lines": run.journal_lines},
        "exit_code": run.exit_code,
        "verdicts": document.summary.verdicts,
        "clause_verdicts": document.summary.clause_verdicts,
        "duties": {duty.id: duty.state for duty in document.duties},
        "responsible_persons": [{"name": name, "signed_here": False} for name in document.report.responsible],
        "signer": {"public_key": public_key, "means": NO_PERSON},
    }
    return _statement(subjects, OURS, predicate)


def result_statement(document: Evidence, subjects: dict[str, str]) -> dict[str, Any]:
    """The generic test result: it has no word for what could not be decided, which is in none of its lists."""
    verdicts = {
        name: [each.id for each in document.checks if each.verdict == name] for name in ("pass", "warn", "fail")
    }
    predicate = {
        "result": _result(document),
        "configuration": [
            {"name": "plan.json", "digest": {"sha256": document.run.plan_sha256}},
            *(
                [{"name": "policy", "digest": {"sha256": document.plan.policy_sha256}}]
                if document.plan.policy_sha256
                else []
            ),
        ],
        "passedTests": verdicts["pass"],
        "warnedTests": verdicts["warn"],
        "failedTests": verdicts["fail"],
    }
    return _statement(subjects, RESULT, predicate)


def plan_statement(name: str, sha256: str, public_key: str) -> dict[str, Any]:
    """That the signer has seen a sealed plan."""
    return _statement({name: sha256}, PLANNED, {"signer": {"public_key": public_key, "means": NO_PERSON}})


def payload(statement: dict[str, Any]) -> bytes:
    """The bytes that are signed."""
    return (json.dumps(statement, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


def subjects_of(statement: dict[str, Any]) -> dict[str, str]:
    """The files that a statement is about, by name; nothing where it is otherwise than ours are."""
    listed = statement.get("subject")
    try:
        return {each["name"]: each["digest"]["sha256"] for each in listed} if isinstance(listed, list) else {}
    except (KeyError, TypeError):
        return {}


def signer_of(statement: dict[str, Any]) -> str:
    """The public key that a statement names, in PEM; empty where there is none."""
    try:
        found = statement["predicate"]["signer"]["public_key"]
    except (KeyError, TypeError):
        return ""
    return found if isinstance(found, str) else ""


def _statement(subjects: dict[str, str], kind: str, predicate: dict[str, Any]) -> dict[str, Any]:
    listed = [{"name": name, "digest": {"sha256": digest}} for name, digest in sorted(subjects.items())]
    return {"_type": STATEMENT, "subject": listed, "predicateType": kind, "predicate": predicate}


def _result(document: Evidence) -> str:
    """One word of three: PASSED only where everything that applies was decided, and passed."""
    counts = Counter(each.verdict for each in document.checks)
    if counts["fail"]:
        return "FAILED"
    clean = set(counts) <= {"pass", "not_applicable"} and counts["pass"] and not document.report.cut_short
    return "PASSED" if clean else "WARNED"
