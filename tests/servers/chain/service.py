"""The chain as a service: PostgreSQL, MLflow with two versions, MLServer with one of them, and the proxy that logs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import httpx

from harness.cluster.kept import Kept
from tests.servers.chain.postgres import Postgres, postgres
from tests.servers.install import install, recipe_of
from tests.servers.mlflow.recipe import RECIPE
from tests.servers.mlserver.recipe import MLServer
from tests.servers.processes import free_ports
from tests.servers.recipe import IRIS_REQUEST, Home, Ports, Probes, Start
from tests.servers.servers import RealServer, inherited

HERE = Path(__file__).parent
READY_S, POLL_S = 300.0, 0.2
MODEL, ALIAS = "chain", "champion"
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
SETTINGS = {
    "name": MODEL,
    "implementation": "traced.TracedModel",
    "platform": "sklearn",
    "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}],
    "outputs": [{"name": "predict", "datatype": "INT64", "shape": [-1, 1]}],
}


class Served(MLServer):
    """MLServer with the one model of a folder."""

    probes: ClassVar[Probes] = {MODEL: IRIS_REQUEST}

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def start(self, home: Home, ports: Ports, scratch: Path) -> Start:
        """As MLServer, from the other folder."""
        usual = super().start(home, ports, scratch)
        return Start([*usual.command[:-1], str(self._folder)], {**usual.environ, "PYTHONPATH": str(HERE / "served")})


@dataclass(frozen=True)
class Chain:
    """What stands, and how its links are broken.

    Attributes:
        url: of the proxy, where the endpoint is; ``direct`` that of MLServer behind it.
        mlflow: address of the registry.
        database: the cluster; the log is in ``serving``.
        made: version -> run, and folder of what was logged.
    """

    url: str
    direct: str
    mlflow: str
    database: Postgres
    made: Mapping[str, Mapping[str, str]]
    folder: Path

    def serve(self, artefact: str = "1", **claims: str) -> None:
        """Have MLServer load the artefact of a version, with the claims of the first but for those that are given."""
        lay_out(self.folder, self.made, artefact, claims)
        httpx.post(f"{self.direct}/v2/repository/models/{MODEL}/load", trust_env=False, timeout=60).raise_for_status()

    def name(self, version: str) -> None:
        """Have the alias name a version."""
        path, body = "/api/2.0/mlflow/registered-models/alias", {"name": MODEL, "alias": ALIAS, "version": version}
        httpx.post(self.mlflow + path, json=body, trust_env=False, timeout=60).raise_for_status()

    def log(self, how: str) -> None:
        """Have the proxy log, or count, in a wrong way; empty for a right one."""
        (self.folder / "break").write_text(how)


def lay_out(folder: Path, made: Mapping[str, Mapping[str, str]], artefact: str, claims: Mapping[str, str]) -> None:
    """Put artefact and settings where MLServer reads them."""
    target = folder / "models" / MODEL
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(made[artefact]["folder"]) / "model.pkl", target / "model.pkl")
    first = {"registry": f"models:/{MODEL}@{ALIAS}", "name": MODEL, "version": "1", "run": made["1"]["run"]}
    extra = {f"model.{name}": value for name, value in {**first, **claims}.items()}
    parameters = {"uri": "./model.pkl", "version": "1", "extra": extra}
    (target / "model-settings.json").write_text(json.dumps({**SETTINGS, "parameters": parameters}))


@contextmanager
def chained() -> Iterator[Chain]:
    """The whole chain, right at first, for as long as the context lasts.

    Raises:
        Missing: this machine has no PostgreSQL, or cannot have one of the servers.
    """
    registry, server = install(RECIPE), install(recipe_of("mlserver"))
    with ExitStack() as stack:
        database = stack.enter_context(postgres("serving", "mlflow"))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="art15-chain-")))
        mlflow = _mlflow(stack, registry, database, folder)
        made = _trained(registry, mlflow, folder)
        lay_out(folder, made, "1", {})
        serving = RealServer(Served(folder / "models"), server, {})
        stack.callback(serving.discard)
        stack.callback(serving.stop)
        direct = serving.start().url
        url = _logger(stack, (direct, serving.metrics), database, folder)
        yield Chain(url, direct, mlflow, database, made, folder)


def _mlflow(stack: ExitStack, home: Home, database: Postgres, folder: Path) -> str:
    ports = Ports(*free_ports(3))
    how = RECIPE.start(home, ports, folder)
    environ = {**QUIET, "MLFLOW_BACKEND_STORE_URI": database.url("mlflow", "postgresql+psycopg")}
    url = f"http://127.0.0.1:{ports.rest}"
    _kept(stack, how.command, environ, folder / "mlflow.log", lambda: _answers(f"{url}/health"))
    return url


def _trained(home: Home, mlflow: str, folder: Path) -> dict[str, dict[str, str]]:
    environ = {**inherited(), **QUIET, "MLFLOW_TRACKING_URI": mlflow}
    done = subprocess.run(
        [str(home.python), str(HERE / "train.py"), str(folder), MODEL, ALIAS],
        env=environ, cwd=folder, capture_output=True, text=True, timeout=READY_S, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"training: {done.stderr[-2000:]}")
    made: dict[str, dict[str, str]] = json.loads(done.stdout.splitlines()[-1])
    return made


def _logger(stack: ExitStack, upstreams: tuple[str, str], database: Postgres, folder: Path) -> str:
    (port,) = free_ports(1)
    command = [sys.executable, str(HERE / "logger.py"), str(port), *upstreams, str(folder / "break")]
    environ, url = {"ART15_TESTS_DATABASE": database.url("serving")}, f"http://127.0.0.1:{port}"
    _kept(stack, command, environ, folder / "logger.log", lambda: _answers(f"{url}/v2/health/ready"))
    return url


def _kept(
    stack: ExitStack, command: list[str], environ: Mapping[str, str], log: Path, ready: Callable[[], bool]
) -> None:  # fmt: skip
    """Start a process that ends with the stack, and wait until it is ready."""
    kept = Kept(command, {**inherited(), **environ}, log)
    stack.callback(kept.stop)
    until = time.monotonic() + READY_S
    while not ready():
        if not kept.running or time.monotonic() > until:
            raise RuntimeError(f"{command[0]} is not ready:\n{log.read_text()[-2000:]}")
        time.sleep(POLL_S)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=5).is_success
    except httpx.HTTPError:
        return False
