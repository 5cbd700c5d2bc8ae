"""What MLflow's REST API answers, as far as it is read; what is of another type is no answer of MLflow."""

from __future__ import annotations

import msgspec


class NamedVersion(msgspec.Struct, frozen=True):
    """A version as a model lists it: by its alias, or by its stage."""

    version: str
    alias: str = ""
    current_stage: str = ""


class RegisteredModel(msgspec.Struct, frozen=True):
    """A registered model."""

    aliases: list[NamedVersion] = []
    latest_versions: list[NamedVersion] = []


class RegisteredModelReply(msgspec.Struct, frozen=True):
    """Answer of registered-models/get."""

    registered_model: RegisteredModel


class ModelVersion(msgspec.Struct, frozen=True):
    """A version; ``run_id`` is empty or null where no run made it."""

    status: str = "READY"
    run_id: str | None = None


class ModelVersionReply(msgspec.Struct, frozen=True):
    """Answer of model-versions/get."""

    model_version: ModelVersion


class ArtefactLocation(msgspec.Struct, frozen=True):
    """Answer of model-versions/get-download-uri."""

    artifact_uri: str = ""


class RunTag(msgspec.Struct, frozen=True):
    """A tag of a run."""

    key: str = ""
    value: str = ""


class RunOutput(msgspec.Struct, frozen=True):
    """A model that a run logged (MLflow 3)."""

    model_id: str = ""


class RunData(msgspec.Struct, frozen=True):
    """What a run recorded, as far as it is read."""

    tags: list[RunTag] = []


class RunOutputs(msgspec.Struct, frozen=True):
    """What a run made."""

    model_outputs: list[RunOutput] = []


class RunInfo(msgspec.Struct, frozen=True):
    """Where a run keeps its artefacts, and whether it is deleted."""

    artifact_uri: str = ""
    lifecycle_stage: str = "active"


class MlflowRun(msgspec.Struct, frozen=True):
    """A run."""

    info: RunInfo
    data: RunData = RunData()
    outputs: RunOutputs = RunOutputs()


class RunReply(msgspec.Struct, frozen=True):
    """Answer of runs/get."""

    run: MlflowRun


class LoggedInfo(msgspec.Struct, frozen=True):
    """A logged model (MLflow 3): its name within the run, and where it lies."""

    name: str = ""
    artifact_uri: str = ""
    source_run_id: str = ""


class LoggedModel(msgspec.Struct, frozen=True):
    """A logged model."""

    info: LoggedInfo


class LoggedModelReply(msgspec.Struct, frozen=True):
    """Answer of logged-models/ID."""

    model: LoggedModel
