"""How PyTriton is laid out and started."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from tests.servers.recipe import IRIS_REQUEST, Home, Ports, Probes, Recipe, Start


class PyTriton(Recipe):
    """`iris`, a callable in the process of `host.py`; Triton is a child of it."""

    name = "pytriton"
    title = "PyTriton 0.7.0"
    # Of the Triton inside, which is what answers.
    version = "2.51.0"
    output = "label"
    probes: ClassVar[Probes] = {"iris": IRIS_REQUEST}
    oldest, newest = (3, 9), (3, 12)
    shared_libpython = True

    def lay_out(self, home: Home) -> None:
        """The script and the estimator side by side."""
        home.models.mkdir()
        shutil.copy(self.folder / "host.py", home.models)
        shutil.copy(home.path / self.trained, home.models)

    def start(self, home: Home, ports: Ports, scratch: Path) -> Start:
        """Triton's stub processes link against the interpreter's libpython."""
        command = [str(home.python), "-I", "-c", "import sys; print(sys.base_prefix)"]
        base = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        numbers = [str(port) for port in (ports.rest, ports.grpc, ports.metrics)]
        environ = {
            "PATH": f"{home.python.parent}:/usr/local/bin:/usr/bin:/bin",
            "LD_LIBRARY_PATH": f"{base}/lib",
            "PYTRITON_HOME": str(scratch),
        }
        return Start([str(home.python), str(home.models / "host.py"), *numbers, str(scratch)], environ)

    def leftovers(self, scratch: Path) -> Iterable[Path]:
        """Shared memory of the Python backend outlives a killed server."""
        return Path("/dev/shm").glob(f"{scratch.name}*")


RECIPE = PyTriton()
