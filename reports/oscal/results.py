"""The assessment results: each check an observation, and a finding for each objective that was decided.

An objective is the sentence of one check. No finding is about a duty: that checks hold does not fulfil one. What was
not decided, on any model, is an observation and no finding.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.bundle.store import Store
from reports.evidence import CheckResult, Evidence
from reports.oscal.form import PLAN, Node, control_of, identity, metadata, props, prose, reviewed, sealed, token
from reports.text.sentences import sentences

# What was decided, the worst first: the state of an objective, and the reason of the state.
STATES = {"fail": ("not-satisfied", "fail"), "warn": ("not-satisfied", "other"), "pass": ("satisfied", "pass")}
# Exchanges that one observation names.
MOST = 5


def results(document: Evidence, _: Store) -> Iterator[bytes]:
    """One result with observations and findings."""
    body = {
        "metadata": metadata(document, document.report.title),
        "import-ap": {"href": PLAN},
        "results": [_result(document)],
    }
    yield from sealed("assessment-results", body)


def _result(document: Evidence) -> Node:
    run, said = document.run, sentences()
    made: Node = {
        "uuid": identity(run.id, "result"),
        "title": prose(document.report.title),
        "description": prose(" ".join(document.summary.statements), 5000),
        "start": run.start,
        "props": props(
            endpoint=document.item.endpoint, profile=document.plan.profile, plan_sha256=run.plan_sha256,
            journal_head=run.journal_head, requests=str(run.requests),
        ),
        "local-definitions": {"components": [_component(document)]},
        "reviewed-controls": reviewed(control_of(check.duties) for check in document.checks),
        "remarks": said("export.objectives"),
    }  # fmt: skip
    if run.end is not None:
        made["end"] = run.end
    if document.checks:
        made["observations"] = [_observation(check, document) for check in document.checks]
    slugs: dict[str, list[CheckResult]] = {}
    for check in document.checks:
        slugs.setdefault(check.slug, []).append(check)
    findings = [found for checks in slugs.values() if (found := _finding(checks, run.id)) is not None]
    if findings:
        made["findings"] = findings
    return made


def _component(document: Evidence) -> Node:
    item = document.item
    names = " ".join(filter(None, (item.server_name, item.server_version)))
    return {
        "uuid": identity(document.run.id, "component"),
        "type": "service",
        "title": prose(item.authority),
        "description": prose(names or item.endpoint),
        "props": props(models=", ".join(model.name for model in item.models), **_declared(item.declared)),
        "status": {"state": "other", "remarks": sentences()("export.component")},
    }


def _declared(declared: dict[str, str]) -> dict[str, str]:
    return {token(f"declared-{name}"): value for name, value in declared.items()}


def _observation(check: CheckResult, document: Evidence) -> Node:
    text = sentences()("export.observed", criterion=check.criterion, observed=check.observed or check.reason)
    evidence: list[Node] = [{"href": "evidence.json", "description": prose(check.id)}]
    shown = dict.fromkeys(case.exchange for case in check.counterexamples if case.exchange is not None)
    named = list(shown) or check.exchanges
    evidence += [
        {"href": "exchanges.warc.gz", "description": sentences()("export.exchange", digest=digest)}
        for digest in named[:MOST]
    ]
    waived = {}
    if check.waiver is not None:
        waived = {"waived_by": check.waiver.owner, "waived_until": check.waiver.expires}
    return {
        "uuid": _observed_as(check, document.run.id),
        "title": prose(check.title),
        "description": prose(text, 4000),
        "props": props(
            check=check.id, verdict=check.verdict, reason=check.reason, model=check.model or "",
            level=check.level or "", clauses=" ".join(each.clause for each in check.clauses),
            duties=" ".join(check.duties), cases=str(check.cases), failures=str(check.failures), **waived,
        ),
        "methods": ["TEST"],
        "subjects": [{"subject-uuid": identity(document.run.id, "component"), "type": "component"}],
        "relevant-evidence": evidence,
        "collected": check.started,
    }  # fmt: skip


def _observed_as(check: CheckResult, run: str) -> str:
    return identity(run, "observation", check.id)


def _finding(checks: list[CheckResult], run: str) -> Node | None:
    """What one objective comes to over all models; None where nothing was decided, or not everything that holds."""
    verdicts = {check.verdict for check in checks} - {"not_applicable"}
    worst = next((each for each in STATES if each in verdicts), None)
    if worst is None or (worst == "pass" and verdicts != {"pass"}):
        return None
    state, reason = STATES[worst]
    status: Node = {"state": state, "reason": reason}
    if worst == "warn":
        status["remarks"] = sentences()("export.should")
    first = next(check for check in checks if check.verdict == worst)
    return {
        "uuid": identity(run, "finding", first.slug),
        "title": prose(first.title),
        "description": prose(first.observed or first.reason or first.criterion),
        "target": {"type": "objective-id", "target-id": token(first.slug), "status": status},
        "related-observations": [{"observation-uuid": _observed_as(check, run)} for check in checks],
    }
