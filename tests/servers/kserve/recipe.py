"""How KServe is laid out and started."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import ClassVar

from tests.servers.recipe import ECHO_REQUEST, IRIS_REQUEST, Home, Ports, Probes, Recipe, Start


class KServe(Recipe):
    """`iris` and `echo`, registered by `host.py`; metrics are served by the REST port."""

    name = "kserve"
    title = "KServe 0.21.0"
    version = "0.21.0"
    output = "output-0"
    judged = ("iris", "echo")
    probes: ClassVar[Probes] = {"iris": IRIS_REQUEST, "echo": ECHO_REQUEST}
    oldest, newest = (3, 10), (3, 13)

    def lay_out(self, home: Home) -> None:
        """The script and the estimator side by side."""
        home.models.mkdir()
        shutil.copy(self.folder / "host.py", home.models)
        shutil.copy(home.path / "iris.joblib", home.models)

    def start(self, home: Home, ports: Ports, scratch: Path) -> Start:
        """The ports go in as the server's own options: it reads `sys.argv` when it is imported."""
        options = ["--http_port", str(ports.rest), "--grpc_port", str(ports.grpc)]
        return Start([str(home.python), str(home.models / "host.py"), *options], {})


RECIPE = KServe()
