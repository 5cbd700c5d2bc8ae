"""A stand-in for a server of MLflow: what its REST API answers about two versions of one model, as 3.17 does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from harness.provenance.artefact import root_of

API, PROXY = "/api/2.0/mlflow", "/api/2.0/mlflow-artifacts/artifacts"
RUNS = {"1": "a" * 32, "2": "b" * 32}
COMMIT = "c" * 40
FILES = {
    version: {"MLmodel": b"flavours of " + version.encode(), "data/model.skops": b"weights of " + version.encode()}
    for version in RUNS
}
ALIASES = {"champion": "1", "challenger": "2"}


def digest_of(version: str) -> str:
    """The digest of the folder of a version."""
    return f"sha256:{root_of({name: hashlib.sha256(data).hexdigest() for name, data in FILES[version].items()})}"


def _versions() -> dict[str, dict[str, Any]]:
    return {
        each: {"name": "credit", "version": each, "current_stage": stage, "run_id": RUNS[each], "status": "READY"}
        for each, stage in (("1", "Production"), ("2", "Staging"))
    }


def _model(_: Mapping[str, str]) -> dict[str, Any]:
    aliases = [{"alias": name, "version": version} for name, version in ALIASES.items()]
    return {"registered_model": {"name": "credit", "latest_versions": [*_versions().values()], "aliases": aliases}}


def _run(asked: Mapping[str, str]) -> dict[str, Any]:
    (version,) = [each for each, run in RUNS.items() if run == asked["run_id"]]
    info = {"run_id": asked["run_id"], "artifact_uri": f"mlflow-artifacts:/0/{version}", "lifecycle_stage": "active"}
    return {
        "run": {
            "info": info,
            "data": {"tags": [{"key": "mlflow.source.git.commit", "value": COMMIT}]},
            "outputs": {"model_outputs": [{"model_id": f"m-{version}", "step": 0}]},
        }
    }


def _location(asked: Mapping[str, str]) -> dict[str, Any]:
    assert asked["version"] in RUNS
    return {"artifact_uri": f"mlflow-artifacts:/0/models/{asked['version']}"}


def _listed(path: str) -> dict[str, Any]:
    _, _, below = path.partition("0/models/")
    version, _, folder = below.partition("/")
    if folder == "data":
        return {"files": [{"path": "model.skops", "is_dir": False, "file_size": 12}]}
    return (
        {"files": [{"path": "MLmodel", "file_size": 13}, {"path": "data", "is_dir": True}]} if version in RUNS else {}
    )


def answer(path: str, asked: Mapping[str, str]) -> tuple[int, bytes]:
    """Status and body of one GET."""
    ways = {
        f"{API}/registered-models/get": _model,
        f"{API}/model-versions/get": lambda asked: {"model_version": _versions()[asked["version"]]},
        f"{API}/model-versions/get-download-uri": _location,
        f"{API}/runs/get": _run,
    }
    if path.startswith(f"{PROXY}/"):
        version, _, name = path.removeprefix(f"{PROXY}/0/models/").partition("/")
        return 200, FILES[version][name]
    other = asked.get("name", "credit") != "credit"
    try:
        if path == PROXY:
            found = _listed(asked["path"])
        elif path.startswith(f"{API}/logged-models/m-"):
            version = path[-1]
            info = {
                "name": "model",
                "artifact_uri": f"mlflow-artifacts:/0/models/{version}",
                "source_run_id": RUNS[version],
            }
            found = {"model": {"info": info}}
        else:
            found = ways["" if other else path](asked)
    except (KeyError, ValueError):
        return 404, json.dumps({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "not found"}).encode()
    return 200, json.dumps(found).encode()
