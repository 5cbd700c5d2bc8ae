"""How aiSSEMBLE's front ends are laid out and started."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import ClassVar

from tests.servers.recipe import IRIS_REQUEST, Home, Ports, Probes, Recipe, Start


class Aissemble(Recipe):
    """`iris`, the only model of `host.py`, whatever name a request gives."""

    name = "aissemble"
    title = "aiSSEMBLE 1.1.0"
    # What the library says of itself, whatever its release.
    version = "1.0"
    output = "label"
    probes: ClassVar[Probes] = {"iris": IRIS_REQUEST}
    oldest, newest = (3, 10), (3, 12)

    def lay_out(self, home: Home) -> None:
        """The script and the estimator side by side."""
        home.models.mkdir()
        shutil.copy(self.folder / "host.py", home.models)
        shutil.copy(home.path / self.trained, home.models)

    def start(self, home: Home, ports: Ports, scratch: Path) -> Start:
        """Open to everybody: with authorisation on, which is the default, it needs a policy server beside it."""
        environ = {
            "AUTH_ENABLED": "false",
            "GRPC_HOST": "127.0.0.1",
            "GRPC_PORT": str(ports.grpc),
            "KRAUSENING_BASE": str(scratch),
        }
        return Start([str(home.python), str(home.models / "host.py"), str(ports.rest)], environ)


RECIPE = Aissemble()
