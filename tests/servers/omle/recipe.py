"""How OMLE's server is laid out and started."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import ClassVar

from tests.servers.recipe import Home, Missing, Ports, Probes, Recipe, Start, iris_request


class OMLE(Recipe):
    """`iris`, whose input is called `X`. The model is written in an environment of its own: the server is no Python."""

    name = "omle"
    title = "OMLE 0.2.1"
    # What the binary says of itself.
    version = "0.1.0"
    input, output = "X", "y_pred"
    probes: ClassVar[Probes] = {"iris": iris_request("X")}
    oldest, newest = (3, 10), (3, 13)
    restarted = True
    training = "train"
    trained = "iris.omle"

    @property
    def trainer(self) -> Path:
        """The script that fits and writes the model."""
        return self.folder / "train" / "train_iris.py"

    def lay_out(self, home: Home) -> None:
        """The model in a folder that is scanned, and the library that keeps the server on loopback."""
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise Missing("omle-server binds every interface; keeping it on loopback needs a C compiler (gcc)")
        home.models.mkdir()
        shutil.copy(home.path / self.trained, home.models)
        source, library = self.folder / "loopback.c", _library(home)
        built = subprocess.run(
            [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"],
            capture_output=True,
            text=True,
            check=False,
        )
        if built.returncode:
            raise Missing(f"{source.name} cannot be compiled here: {built.stderr.strip()}")

    def start(self, home: Home, ports: Ports, scratch: Path) -> Start:
        """Everything but ports and folder as it comes."""
        binary = home.path / "venv" / "bin" / "omle-server"
        options = ["--model-dir", str(home.models), "--rest-port", str(ports.rest), "--grpc-port", str(ports.grpc)]
        return Start([str(binary), *options], {"LD_PRELOAD": str(_library(home))})


def _library(home: Home) -> Path:
    return home.path / "loopback.so"


RECIPE = OMLE()
