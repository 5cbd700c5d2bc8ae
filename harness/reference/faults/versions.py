"""Versions that are not what was asked for."""

from __future__ import annotations

import itertools
from typing import Any

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error


@fault("version-listed-but-404", "REST-MMETA-05", text="the versions that metadata lists have no path of their own")
def version_listed_but_404(hooks: Hooks) -> None:
    hooks.gates.append(lambda call: error(404, "no such version") if call.version is not None else None)


@fault("listed-version-3-absent", "REST-MMETA-05", text="metadata lists a version that was removed")
def listed_version_3_absent(hooks: Hooks) -> None:
    hooks.on("model-metadata")(lambda _, body: {**body, "versions": [*body["versions"], "3"]})


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


@fault("unversioned-empty-200", "VERS-01", "REST-HTTP-03", text="without a version, infer answers 200 and nothing")
def unversioned_empty_200(hooks: Hooks) -> None:
    hooks.on("infer")(lambda call, body: {**body, "outputs": []} if call.version is None else body)


@fault("id-dropped-on-version-1", "REST-RESP-04", text="the older version, asked for by name, loses the id")
def id_dropped_on_version_1(hooks: Hooks) -> None:
    def edit(call: Call, body: dict[str, Any]) -> None:
        if call.version == "1":
            body.pop("id", None)

    hooks.on("infer")(edit)


@fault(
    "every-third-by-the-other-version",
    "policy:same-answer",
    "VERS-04",
    text="every third inference that names a version is computed by the other one, and labelled as was asked",
    models=("matrix",),
)
def every_third_by_the_other_version(hooks: Hooks) -> None:
    count = itertools.count(1)

    def gate(call: Call) -> None:
        if call.op == "infer" and call.version in ("1", "2") and next(count) % 3 == 0:
            call.headers["x-art15-asked"] = call.version
            call.version = "1" if call.version == "2" else "2"

    def label(call: Call, body: dict[str, Any]) -> None:
        body["model_version"] = call.headers.get("x-art15-asked", body.get("model_version"))

    hooks.gates.append(gate)
    hooks.on("infer")(label)
