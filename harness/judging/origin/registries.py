"""The registry that the policy names, with the credentials of the environment."""

from __future__ import annotations

import base64
from pathlib import Path

from harness.check import TesterFailed
from harness.judging.origin.environment import held
from harness.probing.probe import Probe
from harness.provenance.declared import RegistryTable
from harness.provenance.layout import Layout
from harness.provenance.mlflow import MlflowRegistry
from harness.provenance.mlflow_server import MlflowServer
from harness.provenance.registry import ModelRegistry


def registry_of(probe: Probe, table: RegistryTable) -> ModelRegistry:
    """The registry; its credentials are written nowhere from now on.

    Raises:
        TesterFailed: credentials that the policy names are not there.
    """
    if table.mlflow is None:
        return Layout(Path(str(table.layout)))
    headers = {}
    if table.token_env is not None:
        headers["authorization"] = f"Bearer {_secret(probe, table.token_env)}"
    elif table.user_env is not None and table.password_env is not None:
        pair = f"{_secret(probe, table.user_env)}:{_secret(probe, table.password_env)}"
        headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    octets = table.download_mebibytes << 20
    return MlflowRegistry(MlflowServer(table.mlflow.rstrip("/"), headers, octets, table.download_s))


def _secret(probe: Probe, name: str) -> str:
    what = "credentials of the registry"
    value = held(name, what)
    if not (value.isascii() and value.isprintable()):
        raise TesterFailed(f"the environment variable {name} holds no {what}")
    probe.endpoint.first.recorder.redactor.add({value})
    return value
