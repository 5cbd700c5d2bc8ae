"""What a history keeps of one run: a small part of its document, so that many runs stay within memory."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from reports.comparison.drift import model_digests
from reports.comparison.measured import NumberName, numbers_of
from reports.document.excerpt import clip
from reports.evidence import DutyStateName, Evidence, VerdictName
from reports.evidence.comparison import DriftName, Measured
from reports.text.sentences import DEFAULT, asked_for

SHOWN = 200
FOUND = ("warn", "fail")


@dataclass(frozen=True, slots=True)
class IdentityName:
    """What an endpoint says or answers, and of which model; None for the server."""

    model: str | None
    what: DriftName
    about: str = ""


@dataclass(slots=True)
class FindingSeen:
    """A finding of one run, and the checks (by id) that show it."""

    title: str
    verdict: VerdictName
    checks: list[str]


@dataclass(slots=True)
class RunSeen:
    """One run.

    Attributes:
        verdicts: by id of the check.
        findings: by cause.
        identity: digests are whole; what was not said is left out.
        language: that it was asked for.
    """

    journal_head: str
    report: str
    started: str
    endpoint: str
    tool: str
    profile: str
    exit_code: int | None
    cut_short: bool
    verdicts: dict[str, VerdictName]
    suites: dict[str, str]
    findings: dict[str, FindingSeen]
    duties: dict[str, DutyStateName]
    numbers: dict[NumberName, Measured]
    identity: dict[IdentityName, str] = field(default_factory=dict)
    language: str = DEFAULT


def run_seen(document: Evidence) -> RunSeen:
    """The part of a document that a history shows."""
    tester = document.tester
    return RunSeen(
        journal_head=document.run.journal_head,
        report=clip(document.report.id, SHOWN),
        started=clip(document.run.start, SHOWN),
        endpoint=clip(document.item.endpoint, SHOWN),
        tool=clip(f"{tester.name} {tester.version}", SHOWN),
        profile=clip(document.plan.profile, SHOWN),
        exit_code=document.run.exit_code,
        cut_short=document.report.cut_short,
        language=asked_for(document.run.config_given),
        verdicts={check.id: check.verdict for check in document.checks},
        suites={check.id: check.suite for check in document.checks},
        findings={
            each.root: FindingSeen(clip(each.title, SHOWN), each.verdict, each.checks)
            for each in document.summary.findings
            if each.verdict in FOUND
        },
        duties={row.id: row.state for row in document.duties},
        numbers={name: each.seen for name, each in numbers_of(document).items()},
        identity=_identity(document),
    )


def _identity(document: Evidence) -> dict[IdentityName, str]:
    item = document.item
    told = {IdentityName(None, "server"): f"{item.server_name or ''} {item.server_version or ''}".strip()}
    for model in item.models:
        told[IdentityName(model.name, "version")] = model.version or ""
        told[IdentityName(model.name, "versions")] = ", ".join(sorted(model.versions))
        digests = model_digests(model)
        told[IdentityName(model.name, "metadata")] = digests.pop() if len(digests) == 1 else ""
    taken: dict[IdentityName, set[str]] = defaultdict(set)
    for each in document.fingerprints:
        about = " ".join(part for part in (each.transport, each.replica) if part)
        taken[IdentityName(each.model, "fingerprint", about)].add(each.sha256 or "")
    told |= {name: digests.pop() for name, digests in taken.items() if len(digests) == 1}
    return {name: clip(text, SHOWN) for name, text in told.items() if text}
