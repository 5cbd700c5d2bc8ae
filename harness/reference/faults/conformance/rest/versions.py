"""Seeded faults that the checks of ``suites/conformance/rest/test_versions.py`` find."""

from __future__ import annotations

from typing import Any

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply


@fault("unknown-version-ready", "REST-MREADY-03", "VERS-02", text="every version of a known model is reported as ready")
def unknown_version_ready(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "model-ready" and call.version is not None and reply.status == 404:
            reply.status, reply.document = 200, {"name": call.model, "ready": True}

    hooks.documents.append(edit)


@fault("version-ignored", "VERS-04", text="the version in the path is ignored: the newest answers")
def version_ignored(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        if call.op == "infer" and call.version in ("1", "2"):
            call.version = None
        return None

    hooks.gates.append(gate)


@fault("model-version-wrong", "VERS-04", text="model_version is always 7")
def model_version_wrong(hooks: Hooks) -> None:
    hooks.on("infer")(lambda _, body: {**body, "model_version": "7"})


@fault("unknown-version-accepted", "VERS-02", text="an unknown version answers, and is named in the reply")
def unknown_version_accepted(hooks: Hooks) -> None:
    asked: dict[str, Any] = {}

    def gate(call: Call) -> Reply | None:
        if call.version is not None and call.version not in ("1", "2"):
            asked["version"], call.version = call.version, None
        else:
            asked.clear()
        return None

    hooks.gates.append(gate)
    hooks.on("infer")(lambda _, body: {**body, "model_version": asked["version"]} if asked else body)


@fault("version-without-versions", "VERS-05", text="no versions anywhere, yet replies say model_version 1")
def version_without_versions(hooks: Hooks) -> None:
    hooks.settings.versionless = True
    hooks.on("infer")(lambda _, body: {**body, "model_version": "1"})
