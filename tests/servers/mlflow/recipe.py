"""How MLflow is installed and started."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from tests.servers.recipe import Home, Ports, Probes, Recipe, Start


class MLflow(Recipe):
    """The tracking server with its registry. Records lie in the database that `MLFLOW_BACKEND_STORE_URI` names."""

    name = "mlflow"
    title = "MLflow 3.17.2"
    version = "3.17.2"
    output = ""
    probes: ClassVar[Probes] = {}
    # As MLServer: a model that is pickled here is loaded there.
    oldest, newest = (3, 10), (3, 12)

    def lay_out(self, home: Home) -> None:
        """It serves no models."""

    def start(self, home: Home, ports: Ports, scratch: Path) -> Start:
        """One worker instead of four; artefacts lie in a folder, and are served by it."""
        command = [str(home.python.with_name("mlflow")), "server", "--host", "127.0.0.1", "--port", str(ports.rest)]
        return Start([*command, "--workers", "1", "--artifacts-destination", str(scratch / "artefacts")], {})


RECIPE = MLflow()
