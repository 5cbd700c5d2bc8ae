"""A registry of MLflow: versions, aliases and stages of registered models, logged models, and runs.

Source: MLflow, "REST API" (registered-models/get, model-versions/get, model-versions/get-download-uri,
logged-models, runs/get) and the forms of its URIs: models:/NAME/VERSION, models:/NAME/STAGE, models:/NAME@ALIAS,
models:/m-ID, runs:/ID/PATH.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from harness.provenance.artefact import root_of
from harness.provenance.mlflow_replies import (
    ArtefactLocation,
    LoggedModelReply,
    ModelVersionReply,
    RegisteredModelReply,
    RunReply,
)
from harness.provenance.mlflow_server import MlflowServer
from harness.provenance.registry import CannotAsk, NotThere, RegistryEntry

# What MLflow's client writes beside the files of a version that it downloads.
DOWNLOADED = "registered_model_meta"
OUTPUTS = 10
_REFERENCE = re.compile(
    r"models:/(?P<logged>m-[0-9a-f]{1,64})|models:/(?P<name>[^/@\s]{1,300})(?:/(?P<version>[\w.-]{1,100})|@(?P<alias>[\w.-]{1,300}))"
    r"|runs:/(?P<run>[\w-]{1,100})(?:/(?P<path>[^\s?#]{1,500}))?"
)
COMMIT, _PLAIN = "mlflow.source.git.commit", re.compile(r"[A-Za-z][\w-]*")


class MlflowRegistry:
    """What a server of MLflow holds.

    Args:
        server: the one to ask.
    """

    def __init__(self, server: MlflowServer) -> None:
        self._server = server

    def implied(self, claims: Mapping[str, str]) -> str | None:
        """The version that name and version name, or else the run."""
        name, version, run = (claims.get(f"model.{each}") for each in ("name", "version", "run"))
        if name and version and version.isdecimal():
            return f"models:/{name}/{version}"
        return f"runs:/{run}" if run else None

    def named(self, reference: str) -> RegistryEntry:
        """The entry of a URI of MLflow; its files are read, and never loaded."""
        found = _REFERENCE.fullmatch(reference)
        if found is None:
            raise CannotAsk(f"{reference!r} is no models:/NAME/VERSION, no models:/NAME@ALIAS and no runs:/ID")
        self._server.begin()
        try:
            if found["logged"]:
                return self._logged(found["logged"])
            if found["run"]:
                return self._of_run(found["run"], found["path"] or "")
            return self._registered(found["name"], found["version"], found["alias"])
        except NotThere as error:
            raise NotThere(str(error) or f"MLflow has no {reference}") from None

    def holding(self, digests: Sequence[str]) -> RegistryEntry:
        """MLflow keeps no digests to look for."""
        raise CannotAsk(
            f"MLflow finds nothing by its digest ({', '.join(digests)}): the endpoint has to claim model.registry, or "
            "model.name and model.version"
        )

    def _registered(self, name: str, version: str | None, alias: str | None) -> RegistryEntry:
        moving = alias or (version if version is not None and not version.isdecimal() else None)
        number = self._moved(name, alias, moving) if moving else str(version)
        reply = self._server.get("/model-versions/get", ModelVersionReply, name=name, version=number).model_version
        facts = {"model.name": name, "model.version": number}
        if reply.run_id:
            facts |= self._run_facts(reply.run_id)
        broken = () if reply.status == "READY" else (f"the version is {reply.status[:40]!r}, and not ready",)
        where = self._server.get("/model-versions/get-download-uri", ArtefactLocation, name=name, version=number)
        digests, undigested = self._digests(where.artifact_uri, name, number)
        called = f"version {number} of {name}" + (f" ({moving})" if moving else "")
        return RegistryEntry(called, digests, broken, facts, undigested, moving=moving or "")

    def _moved(self, name: str, alias: str | None, moving: str) -> str:
        """The version that an alias or a stage names now."""
        model = self._server.get("/registered-models/get", RegisteredModelReply, name=name).registered_model
        if alias:
            found = [each.version for each in model.aliases if each.alias == alias]
        else:
            staged = [
                each for each in model.latest_versions if moving.lower() in ("latest", each.current_stage.lower())
            ]
            found = sorted((each.version for each in staged), key=lambda text: (len(text), text), reverse=True)
        if not found:
            raise NotThere(f"MLflow has no {'alias' if alias else 'stage'} {moving} of {name}")
        return found[0]

    def _run_facts(self, run: str) -> dict[str, str]:
        try:
            found = self._server.get("/runs/get", RunReply, run_id=run).run
        except NotThere:
            return {"model.run": f"{run} (not there)"}
        gone = "" if found.info.lifecycle_stage == "active" else f" ({found.info.lifecycle_stage[:20]})"
        commits = [each.value for each in found.data.tags if each.key == COMMIT]
        return {"model.run": run + gone} | ({"source.commit": commits[0]} if commits else {})

    def _logged(self, identity: str) -> RegistryEntry:
        info = self._server.get(f"/logged-models/{identity}", LoggedModelReply).model.info
        facts = self._run_facts(info.source_run_id) if info.source_run_id else {}
        return RegistryEntry(f"the logged model {identity}", *self._entry(info.artifact_uri, facts))

    def _of_run(self, run: str, path: str) -> RegistryEntry:
        found = self._server.get("/runs/get", RunReply, run_id=run).run
        if found.info.lifecycle_stage != "active":
            raise NotThere(f"MLflow has no run {run} any more: it is {found.info.lifecycle_stage[:20]!r}")
        facts, name = self._run_facts(run), f"the run {run}"
        if not path:
            return RegistryEntry(name, (), (), facts, "a run is no artefact, and has no digest")
        for output in found.outputs.model_outputs[:OUTPUTS]:
            if re.fullmatch(r"m-[0-9a-f]{1,64}", output.model_id):
                info = self._server.get(f"/logged-models/{output.model_id}", LoggedModelReply).model.info
                if info.name == path:
                    return RegistryEntry(f"{path} of {name}", *self._entry(info.artifact_uri, facts))
        return RegistryEntry(f"{path} of {name}", *self._entry(f"{found.info.artifact_uri}/{path}", facts))

    def _entry(self, uri: str, facts: dict[str, str]) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, str], str]:
        digests, undigested = self._digests(uri)
        return digests, (), facts, undigested

    def _digests(self, uri: str, name: str = "", version: str = "") -> tuple[tuple[str, ...], str]:
        """Every right digest of what lies there, and why there is none: of the folder, and of each file."""
        parts = urlsplit(uri)
        if parts.scheme != "mlflow-artifacts":
            return (
                (),
                f"MLflow does not serve the artefacts: they lie at {parts.scheme[:20] or 'a path'}:",
            )
        try:
            files = self._server.files(parts.path.strip("/"))
        except CannotAsk as error:
            return (), str(error)
        if not files:
            return (), "MLflow lists no artefact of it"
        roots = [root_of(files)]
        if _PLAIN.fullmatch(name):
            added = f"model_name: {name}\nmodel_version: '{version}'\n".encode()
            roots.append(root_of(files | {DOWNLOADED: hashlib.sha256(added).hexdigest()}))
        return tuple(f"sha256:{each}" for each in (*roots, *files.values())), ""
