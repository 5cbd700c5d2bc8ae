"""Three replicas of a real server behind a balancer of the embedded cluster, and drills of them.

`python -m tests.servers drill [CONFIGURATION...]` prints what became of every request.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.cluster.balancer import Balancer
from harness.cluster.kept import Kept
from harness.cluster.member import wait_ready
from harness.cluster.places import LoopbackPlace, places
from tests.endtoend.running import Ran, probe
from tests.servers.install import install, recipe_of
from tests.servers.recipe import Ports
from tests.servers.servers import inherited

NAMES = ("r1", "r2", "r3")
# Three servers, a balancer and the tester share the processors of a small machine.
RATE, ANSWER_MS, START_S = 50, 1000, 120
END_S = 15.0
# Takes a replica out of HAProxy's rotation, and those before it back in.
DRAIN = """
import socket, sys
for name in ("r1", "r2", "r3"):
    with socket.socket(socket.AF_UNIX) as line:
        line.connect("admin.sock")
        state = "drain" if name == sys.argv[1] else "ready"
        line.sendall(f"set server rest/{name} state {state}\\n".encode())
        line.recv(4096)
"""


@dataclass(frozen=True)
class Replicated:
    """Where the service is, and where its replicas' files are."""

    server: str
    balancer: Balancer
    folder: Path
    place: LoopbackPlace
    replicas: tuple[LoopbackPlace, ...]

    def process(self, place: LoopbackPlace) -> str:
        """A replica as a policy names it."""
        name, ready = place.name, f"{place.url}/v2/health/ready"
        return (
            f"{{name = '{name}', pid_file = '{name}.pid', start = ['sh', '{name}.sh'], ready = '{ready}', "
            f"ready_s = {START_S}}}"
        )

    def drills(self) -> dict[str, str]:
        """Faults by the name of their drill; the last leaves a replica of HAProxy out of rotation."""
        second = self.process(self.replicas[1])
        drain = f"drain = {json.dumps([sys.executable, 'drain.py', '{name}'])}, drain_s = 1.5, "
        drained = drain if self.balancer.kind == "haproxy" else ""
        return {
            "control": "{kind = 'none'}",
            "stop": f"{{kind = 'stop', process = {second}}}",
            "kill": f"{{kind = 'kill', process = {second}}}",
            "roll-drain" if drained else "roll":
                f"{{kind = 'rolling-restart', {drained}processes = [{', '.join(map(self.process, self.replicas))}]}}",
        }  # fmt: skip


@contextmanager
def replicated(server: str, configuration: str) -> Iterator[Replicated]:
    """Three replicas behind a balancer in one of its configurations, for the length of the block."""
    recipe, balancer = recipe_of(server), Balancer(configuration, ANSWER_MS)
    home = install(recipe)
    with tempfile.TemporaryDirectory(prefix="art15-replicas-") as scratch, contextlib.ExitStack() as stack:
        folder = Path(scratch)
        own, *found = places(["balancer", *NAMES, *NAMES])
        replicas, metrics = found[: len(NAMES)], found[len(NAMES) :]
        for place, more in zip(replicas, metrics, strict=True):
            (inside := folder / place.name).mkdir()
            how = recipe.start(home, Ports(place.port, place.grpc_port, more.port), inside)
            words = ["env", *(f"{key}={value}" for key, value in how.environ.items()), *how.command]
            script = f"echo $$ > {place.name}.pid\ncd {place.name}\nexec {shlex.join(words)} >> log 2>&1\n"
            (folder / f"{place.name}.sh").write_text(script)
        (folder / "drain.py").write_text(DRAIN)
        line = balancer.command(own, replicas, folder)
        if balancer.kind == "haproxy":
            config = folder / f"{configuration}.cfg"
            text = config.read_text().replace("global\n", f"global\n  stats socket {folder}/admin.sock level admin\n")
            config.write_text(text)
        # At once: while the servers start, somebody else may take its port.
        kept = Kept(line, dict(os.environ), folder / "balancer.log")
        stack.callback(kept.stop)
        for place in replicas:
            started = subprocess.Popen(["sh", f"{place.name}.sh"], cwd=folder, env=inherited(), start_new_session=True)
            stack.callback(started.wait)
            # Called before it is waited for.
            stack.callback(_end, folder)
        for place in replicas:
            wait_ready(place, lambda: True, folder / place.name / "log")
        wait_ready(own, lambda: kept.running, folder / "balancer.log")
        yield Replicated(server, balancer, folder, own, tuple(replicas))


def _end(folder: Path) -> None:
    """End the replicas, whoever started them last."""
    pids = []
    for name in NAMES:
        with contextlib.suppress(OSError, ValueError):
            pids.append(int((folder / f"{name}.pid").read_text()))
    end = time.monotonic() + END_S
    for number in (signal.SIGCONT, signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        while (
            number == signal.SIGTERM and time.monotonic() < end and any(Path(f"/proc/{pid}").exists() for pid in pids)
        ):
            time.sleep(0.2)


def drilled(service: Replicated, evidence: Path, *names: str) -> Ran:
    """A run with the drills of these names, or with all."""
    policy = service.folder / "policy.toml"
    drills = {name: fault for name, fault in service.drills().items() if not names or name in names}
    policy.write_text(
        "\n".join(
            f"[[drills]]\nname = '{name}'\nrate = {RATE}\nafter_s = {45 if 'roll' in name else 12}\nmax_failed = 0\n"
            f"fault = {fault}\n"
            for name, fault in drills.items()
        )
    )
    return probe(
        service.place.url, evidence, "--oip-model", "iris", "--oip-policy", str(policy), "--oip-allow", "faults",
        "-k", "failover-drills",
    )  # fmt: skip
