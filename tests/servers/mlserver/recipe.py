"""How MLServer is laid out and started."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import ClassVar

from tests.servers.recipe import ECHO_REQUEST, IRIS_REQUEST, Home, Ports, Probes, Recipe, Start


class MLServer(Recipe):
    """`iris` declares its tensors, `iris-bare` is the same model without, `echo` returns what it is given."""

    name = "mlserver"
    title = "MLServer 1.7.1"
    version = "1.7.1"
    output = "predict"
    judged = ("iris", "echo")
    probes: ClassVar[Probes] = {"iris": IRIS_REQUEST, "iris-bare": IRIS_REQUEST, "echo": ECHO_REQUEST}
    oldest, newest = (3, 9), (3, 12)

    def lay_out(self, home: Home) -> None:
        """One folder per model; both iris models own a copy of the estimator, as `uri` is relative to the folder."""
        shutil.copytree(self.folder / "models", home.models, ignore=shutil.ignore_patterns("__pycache__"))
        for model in ("iris", "iris-bare"):
            shutil.copy(home.path / "iris.joblib", home.models / model / "model.joblib")

    def start(self, home: Home, ports: Ports, scratch: Path) -> Start:
        """Without parallel workers: half the start time, and SIGTERM is enough to end it."""
        environ = {
            "MLSERVER_HOST": "127.0.0.1",
            "MLSERVER_HTTP_PORT": str(ports.rest),
            "MLSERVER_GRPC_PORT": str(ports.grpc),
            "MLSERVER_METRICS_PORT": str(ports.metrics),
            "MLSERVER_METRICS_DIR": str(scratch),
            "MLSERVER_PARALLEL_WORKERS": "0",
            "PROMETHEUS_MULTIPROC_DIR": str(scratch),
            "PYTHONPATH": str(home.models / "echo"),
        }
        return Start([str(home.path / "venv" / "bin" / "mlserver"), "start", str(home.models)], environ)


RECIPE = MLServer()
