"""Real servers, started on free loopback ports and always stopped again: `with serve("mlserver") as endpoint`."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from harness.cluster.kept import SUPERVISOR
from tests.servers.install import STORE, TAIL_LINES, install, recipe_of
from tests.servers.processes import free_ports, listeners, members
from tests.servers.recipe import HERE, Home, Ports, Recipe

READY_S = 120.0
STOP_S = 30.0
POLL_S = 0.2
ATTEMPTS = 3
TAKEN = ("already in use", "failed to bind")
DROPPED = ("PYTHON", "VIRTUAL_ENV", "MLSERVER_", "PYTEST_", "COV_")
PROXIES = ("http_proxy", "https_proxy", "all_proxy")


class StartFailed(RuntimeError):
    """The server did not come up; the text ends with the tail of its log."""


class PortTaken(StartFailed):
    """Another process took one of the ports first."""


@dataclass(frozen=True)
class Endpoint:
    """A running server. `url` has no trailing slash, `grpc` is host:port, `pid` is also its group and session.

    In a restart loop `pid` is the loop, which stays.
    """

    name: str
    url: str
    grpc: str
    models: tuple[str, ...]
    pid: int
    log: Path

    @property
    def grpc_port(self) -> int:
        """The port of `grpc`."""
        return int(self.grpc.rpartition(":")[2])


class RealServer:
    """One run of a server, from `start` to `stop`. Used through `serve`; not to be started twice."""

    def __init__(self, recipe: Recipe, home: Home, environ: Mapping[str, str], *, restart: bool = False) -> None:
        self.recipe = recipe
        runs = STORE / "runs"
        runs.mkdir(exist_ok=True)
        self.scratch = Path(tempfile.mkdtemp(prefix=f"{recipe.name}-", dir=runs))
        self.log = self.scratch / "server.log"
        self._ports = Ports(*free_ports(3))
        how = recipe.start(home, self._ports, self.scratch)
        # Model folders stay as they were installed, and the log is whole when the server dies.
        fixed = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
        added = {**fixed, **how.environ, **environ}
        # Through env(1) and not to the supervisor: a library path meant for the server must not reach our Python.
        self._command = ["env", *(f"{key}={value}" for key, value in added.items()), *how.command]
        if restart:
            self._command = [sys.executable, "-I", str(HERE / "restart.py"), *self._command]
        self._supervisor: subprocess.Popen[bytes] | None = None
        self.pid = 0

    @property
    def metrics(self) -> str:
        """Where it has its metrics, if they are not beside its models."""
        return f"http://127.0.0.1:{self._ports.metrics}/metrics"

    def start(self) -> Endpoint:
        """Start and wait until every model infers and nothing listens beyond loopback. Raises StartFailed."""
        with self.log.open("wb") as log:
            self._supervisor = subprocess.Popen(
                [sys.executable, "-I", str(SUPERVISOR), *self._command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self.scratch,
                env=inherited(),
                start_new_session=True,
            )
        assert self._supervisor.stdout is not None
        self.pid = int(self._supervisor.stdout.readline() or 0)
        if not self.pid:
            raise StartFailed(self._with_log("the command could not be started"))
        self._wait_until_ready()
        self._check_listeners()
        return Endpoint(
            name=self.recipe.name,
            url=f"http://127.0.0.1:{self._ports.rest}",
            grpc=f"127.0.0.1:{self._ports.grpc}",
            models=self.recipe.models,
            pid=self.pid,
            log=self.log,
        )

    def stop(self) -> None:
        """Have the supervisor end the whole group; does nothing twice. RuntimeError if something survived."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is None:
            return
        with supervisor:
            assert supervisor.stdin is not None
            supervisor.stdin.close()
            supervisor.terminate()
            try:
                supervisor.wait(STOP_S)
            except subprocess.TimeoutExpired:
                supervisor.kill()
        left = members(self.pid) if self.pid else set()
        for file in self.recipe.leftovers(self.scratch):
            file.unlink(missing_ok=True)
        if left:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            raise RuntimeError(f"{self.recipe.name} left processes behind: {sorted(left)}")

    def discard(self) -> None:
        """Remove the log and whatever else the run wrote."""
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _wait_until_ready(self) -> None:
        """Health endpoints answer 200 while no model works; only an inference per model counts."""
        assert self._supervisor is not None
        waiting = list(self.recipe.probes.items())
        last = "no answer"
        until = time.monotonic() + READY_S
        with httpx.Client(base_url=f"http://127.0.0.1:{self._ports.rest}", trust_env=False, timeout=10) as client:
            while waiting:
                if self._supervisor.poll() is not None:
                    self._raise_ended(self._supervisor.returncode)
                if time.monotonic() > until:
                    raise StartFailed(self._with_log(f"not ready after {READY_S:.0f} s, the last answer was: {last}"))
                model, probe = waiting[0]
                try:
                    reply = client.post(f"/v2/models/{model}/infer", json=probe)
                except httpx.HTTPError as failure:
                    last = f"{type(failure).__name__} for {model}: {failure}"
                else:
                    last = f"{reply.status_code} for {model}: {reply.text[:200]}"
                    if reply.status_code == httpx.codes.OK:
                        waiting.pop(0)
                        continue
                time.sleep(POLL_S)

    def _raise_ended(self, code: int) -> None:
        said = self.log.read_text(errors="replace").lower()
        kind = PortTaken if any(phrase in said for phrase in TAKEN) else StartFailed
        raise kind(self._with_log(f"ended by itself with exit code {code}"))

    def _check_listeners(self) -> None:
        """The answers came from our own process, and nobody else's machine can reach it."""
        found = listeners(self.pid)
        abroad = sorted(str(each) for each in found if not each.loopback)
        if abroad:
            raise StartFailed(self._with_log(f"listens beyond loopback: {abroad}"))
        missing = {self._ports.rest, self._ports.grpc} - {each.port for each in found}
        if missing:
            raise PortTaken(self._with_log(f"ports {sorted(missing)} belong to another process"))

    def _with_log(self, message: str) -> str:
        tail = self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
        return "\n".join([f"{self.recipe.name}: {message}; the log {self.log} ends with:", *tail])


def inherited() -> dict[str, str]:
    """The test's environment without what would change a server: settings by variable, proxies, Python's switches."""
    return {
        key: value for key, value in os.environ.items() if not key.startswith(DROPPED) and key.lower() not in PROXIES
    }


@contextmanager
def serve(name: str, environ: Mapping[str, str] | None = None, *, restart: bool = False) -> Iterator[Endpoint]:
    """A running server for the length of the block, installed first if need be.

    `environ` is added to the server's environment, such as `{"MLSERVER_PARALLEL_WORKERS": "1"}`. With `restart` a
    server that ends is started again, as in production; without, it stays dead.
    Raises Missing if this machine cannot have the server, StartFailed if it does not come up. The log stays when the
    start or the block fails.
    """
    recipe = recipe_of(name)
    home = install(recipe)
    for attempt in range(ATTEMPTS):
        server = RealServer(recipe, home, environ or {}, restart=restart)
        try:
            endpoint = server.start()
        except PortTaken:
            server.stop()
            if attempt + 1 == ATTEMPTS:
                raise
            server.discard()
            continue
        except BaseException:
            server.stop()
            raise
        break
    try:
        yield endpoint
    finally:
        server.stop()
    server.discard()
