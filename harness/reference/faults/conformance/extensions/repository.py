"""Seeded faults that the checks of ``suites/conformance/extensions/test_repository.py`` find."""

from __future__ import annotations

from harness.reference.faults.kit.repository import become, index_rows, on_index
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply

fault("index-object", "REPO-01", text="the index is an object with a member models")(
    on_index(lambda rows: {"models": rows})
)

fault("index-name-number", "REPO-01", text="the first name of the index is a number")(
    on_index(lambda rows: [{**row, "name": 1} if at == 0 else row for at, row in enumerate(rows)])
)

fault("index-state-number", "REPO-02", "REPO-03", text="the state of an index entry is a number")(
    index_rows(lambda row: {**row, "state": int(row["state"] == "READY")})
)

fault("index-version-number", "REPO-02", text="the version of an index entry is a number")(
    index_rows(lambda row: {**row, "version": int(row["version"])})
)

fault("index-reason-null", "REPO-02", text="the reason of a loaded model is null")(
    index_rows(lambda row: {**row, "reason": row["reason"] or None})
)

fault("index-state-loaded", "REPO-03", text="a model that is ready has the state loaded")(
    index_rows(lambda row: {**row, "state": "loaded" if row["state"] == "READY" else row["state"]})
)

fault("index-state-small", "REPO-03", text="states are in small letters")(
    index_rows(lambda row: {**row, "state": row["state"].lower()})
)


@fault("index-status-201", "REPO-01", text="the index has the status 201")
def index_status_201(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "index" and reply.status == 200:
            reply.status = 201

    hooks.documents.append(edit)


@fault("index-ready-empty", "REPO-04", text="with ready true, the index is empty")
def index_ready_empty(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "index" and reply.status == 200 and b"true" in call.body:
            reply.document = []

    hooks.documents.append(edit)


@fault("index-without-body-moved", "REPO-05", text="an index request without a body is redirected")
def index_without_body_moved(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "index" and not call.body:
            become(reply, 302, {})

    hooks.documents.append(edit)
