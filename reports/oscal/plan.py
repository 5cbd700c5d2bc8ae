"""The assessment plan: what was fixed before the first request, each check an objective and an activity."""

from __future__ import annotations

from collections.abc import Iterator

from harness.bundle.store import Store
from reports.evidence import Evidence, PlannedCheck
from reports.oscal.form import Node, control_of, identity, metadata, props, prose, reviewed, sealed, token
from reports.text.sentences import sentences


def plan(document: Evidence, _: Store) -> Iterator[bytes]:
    """Objectives and activities from the plan; the system has no security plan that could be named."""
    said, planned = sentences(), document.plan
    system = identity(document.run.id, "system")
    body: Node = {
        "metadata": metadata(document, said("export.plan")),
        "import-ssp": {"href": f"#{system}", "remarks": said("export.no_ssp")},
        "reviewed-controls": reviewed(control_of(check.duties) for check in planned.checks),
        "back-matter": {
            "resources": [
                {
                    "uuid": system,
                    "title": prose(document.item.authority),
                    "description": said("export.no_ssp"),
                    "props": props(plan_sha256=document.run.plan_sha256, sealed=planned.sealed_at),
                    "rlinks": [_file(document)],
                }
            ]
        },
    }
    if planned.checks:
        controls = dict.fromkeys(control_of(check.duties) for check in planned.checks)
        body["local-definitions"] = {
            "objectives-and-methods": [
                {
                    "control-id": control,
                    "parts": [_objective(check) for check in planned.checks if control_of(check.duties) == control],
                }
                for control in controls
            ],
            "activities": [_activity(check, document.run.id) for check in planned.checks],
            "remarks": prose(planned.decision_rule),
        }
    yield from sealed("assessment-plan", body)


def _file(document: Evidence) -> Node:
    digest = {"algorithm": "SHA-256", "value": document.run.plan_sha256}
    return {"href": "plan.json", "media-type": "application/json", "hashes": [digest]}


def _objective(check: PlannedCheck) -> Node:
    return {"id": token(check.slug), "name": "assessment-objective", "prose": prose(check.criterion)}


def _activity(check: PlannedCheck, run: str) -> Node:
    return {
        "uuid": identity(run, "activity", check.slug),
        "title": prose(check.slug),
        "description": prose(check.criterion),
        "props": [
            {"name": "method", "value": "TEST"},
            *props(suite=check.suite, kind=check.kind, clauses=" ".join(check.clauses), duties=" ".join(check.duties)),
        ],
        "related-controls": reviewed([control_of(check.duties)]),
    }
