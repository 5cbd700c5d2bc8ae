"""What has to be known about one server: the interpreters it runs on, its models, how it is laid out and started."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

HERE = Path(__file__).resolve().parent

IRIS_ROW = [5.1, 3.5, 1.4, 0.2]
Probes = Mapping[str, Mapping[str, Any]]


def iris_request(name: str) -> Mapping[str, Any]:
    """One flower, as the input `name`."""
    return {"inputs": [{"name": name, "shape": [1, 4], "datatype": "FP32", "data": IRIS_ROW}]}


IRIS_REQUEST = iris_request("x")
ECHO_REQUEST: Mapping[str, Any] = {
    "inputs": [{"name": "text", "shape": [2], "datatype": "BYTES", "data": ["ready", "go"]}],
}


class Missing(Exception):
    """This machine lacks something the server needs; the text says what. Not a fault of the server or of ours."""


@dataclass(frozen=True)
class Home:
    """One installed server: `path` is its folder, `python` the interpreter of its environment."""

    path: Path

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.path / "venv" / "bin" / "python"

    @property
    def models(self) -> Path:
        """The model repository; a running server only reads it."""
        return self.path / "models"


@dataclass(frozen=True)
class Ports:
    """Three free ports of 127.0.0.1."""

    rest: int
    grpc: int
    metrics: int


@dataclass(frozen=True)
class Start:
    """A command and what it adds to the environment."""

    command: list[str]
    environ: dict[str, str]


class Recipe(ABC):
    """A server kind. `probes` holds one inference request per model: they decide whether the server is ready.

    `title` is name and release for readers, `version` what the server says of itself, `input` and `output` the names
    of tensors of `iris`. The model is made by the script `trainer` in the environment `training`.
    """

    name: str
    title: str
    version: str
    input = "x"
    output: str
    probes: ClassVar[Probes]
    # The models that the suites are run on.
    judged: ClassVar[tuple[str, ...]] = ("iris",)
    # Whether it has to be started again when it ends, for a run to see more than its first death.
    restarted = False
    training = "venv"
    trained = "iris.joblib"
    oldest: tuple[int, int]
    newest: tuple[int, int]
    shared_libpython = False

    @property
    def folder(self) -> Path:
        """The recipe's folder: requirements.txt, constraints.txt, models."""
        return HERE / self.name

    @property
    def trainer(self) -> Path:
        """The script that fits the iris classifier and writes `trained`."""
        return HERE / "common" / "train_iris.py"

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the served models."""
        return tuple(self.probes)

    def accepts(self, version: tuple[int, int]) -> bool:
        """Whether the server has wheels for this version of CPython."""
        return self.oldest <= version <= self.newest

    @abstractmethod
    def lay_out(self, home: Home) -> None:
        """Fill `home.models`, after the packages are there. `home.path / trained` is the model."""

    @abstractmethod
    def start(self, home: Home, ports: Ports, scratch: Path) -> Start:
        """How to start it in the foreground; `scratch` is a folder of this one run, and the working directory."""

    def leftovers(self, scratch: Path) -> Iterable[Path]:
        """Files that a killed run leaves outside `scratch`; they are removed when its processes are gone."""
        del scratch
        return ()
