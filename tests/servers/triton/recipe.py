"""How Triton is laid out and started."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from tests.servers.recipe import ECHO_REQUEST, IRIS_REQUEST, Home, Ports, Probes, Recipe, Start

FACTS = "import sys, sysconfig; print(sys.base_prefix, sysconfig.get_path('purelib'), '%d.%d' % sys.version_info[:2])"


class Triton(Recipe):
    """`iris` in versions 1 and 2, `echo` with one optional input. Both Python models, run by a stub process each."""

    name = "triton"
    title = "Triton 2.51.0"
    version = "2.51.0"
    output = "label"
    judged = ("iris", "echo")
    probes: ClassVar[Probes] = {"iris": IRIS_REQUEST, "echo": ECHO_REQUEST}
    oldest, newest = (3, 9), (3, 12)
    shared_libpython = True

    def lay_out(self, home: Home) -> None:
        """A model repository, and the backend folder with the stub built for this version of Python in it."""
        _, packages, version = _facts(home)
        bundle = packages / "pytriton" / "tritonserver"
        shutil.copytree(bundle / "backends", home.path / "backends")
        stub = bundle / "python_backend_stubs" / version / "triton_python_backend_stub"
        shutil.copy(stub, home.path / "backends" / "python")
        for model, versions in {"iris": ("1", "2"), "echo": ("1",)}.items():
            source, target = self.folder / "models" / model, home.models / model
            for each in versions:
                (target / each).mkdir(parents=True)
                shutil.copy(source / "model.py", target / each)
            shutil.copy(source / "config.pbtxt", target)
        for each in ("1", "2"):
            shutil.copy(home.path / "iris.joblib", home.models / "iris" / each / "model.joblib")

    def start(self, home: Home, ports: Ports, scratch: Path) -> Start:
        """Each run has shared-memory names of its own, so that two servers on one machine never meet."""
        base, packages, _ = _facts(home)
        options = {
            "model-repository": home.models,
            "backend-directory": home.path / "backends",
            "http-address": "127.0.0.1",
            "http-port": ports.rest,
            "grpc-address": "127.0.0.1",
            "grpc-port": ports.grpc,
            "metrics-address": "127.0.0.1",
            "metrics-port": ports.metrics,
            "exit-timeout-secs": 3,
            "backend-config": f"python,shm-region-prefix-name={scratch.name}",
        }
        # The binary links against libraries the wheel brings, the stubs against the interpreter's libpython.
        libraries = [str(packages / "nvidia_pytriton.libs"), str(base / "lib")]
        environ = {
            "PATH": f"{home.python.parent}:/usr/local/bin:/usr/bin:/bin",
            "LD_LIBRARY_PATH": ":".join(libraries),
            "PYTHONPATH": str(packages),
        }
        binary = packages / "pytriton" / "tritonserver" / "bin" / "tritonserver"
        return Start([str(binary), *(f"--{key}={value}" for key, value in options.items())], environ)

    def leftovers(self, scratch: Path) -> Iterable[Path]:
        """Shared memory outlives a killed server: some megabytes per model, until the machine restarts."""
        return Path("/dev/shm").glob(f"{scratch.name}*")


def _facts(home: Home) -> tuple[Path, Path, str]:
    """The interpreter's prefix, the environment's packages, the version as 3.11."""
    done = subprocess.run([str(home.python), "-I", "-c", FACTS], check=True, capture_output=True, text=True)
    base, packages, version = done.stdout.split()
    return Path(base), Path(packages), version


RECIPE = Triton()
