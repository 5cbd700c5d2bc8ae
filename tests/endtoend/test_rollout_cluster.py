"""A version is rolled out over replicas behind a real balancer, one after the other, while requests go on."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.cluster.balancer import Balancer
from harness.cluster.places import LoopbackPlace, places
from tests.endtoend.running import ROOT, Ran, probe
from tests.endtoend.test_drills import bad, only, serves
from tests.harness.drills.conftest import until

pytestmark = pytest.mark.slow

CHECK = "failover-drills[matrix]"
SHIPPED = ROOT / "harness" / "cluster" / "rollout.toml"
# Ends each replica of a folder with SIGTERM and starts it again with another version in service.
ROLL = """
import os, signal, subprocess, sys, time
from pathlib import Path
from urllib.request import urlopen

def start(name, port, version, until):
    # Without the variant the highest version is in service.
    more = ["--variant", "version-in-service-changes"] if version == "1" else []
    line = [sys.executable, "-m", "harness.reference", "--models", "matrix", "--replica", name, "--port", port]
    process = subprocess.Popen(
        [*line, "--grpc-port", "0", *more], cwd=ROOT, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    Path(name).write_text(str(process.pid))
    while time.monotonic() < until:
        try:
            return urlopen(f"http://127.0.0.1:{port}/v2/health/ready", timeout=1).close()
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"{name} is not ready")

version, *replicas = sys.argv[1:]
for each in replicas:
    name, _, port = each.partition("=")
    if Path(name).exists():
        pid = int(Path(name).read_text())
        os.kill(pid, signal.SIGTERM)
        while Path(f"/proc/{pid}").exists() and ") Z " not in Path(f"/proc/{pid}/stat").read_text():
            time.sleep(0.02)
    start(name, port, version, time.monotonic() + 60)
    time.sleep(1)
"""


def seen(run: Ran) -> dict[str, Any]:
    """The one repetition of the one drill: all is accounted for, nothing failed, and each version answered when due."""
    assert run.verdicts[CHECK] == "pass", run.output
    done = only(run)
    assert bad(done["account"]) == 0
    versions = done["versions"]
    assert (versions["early"], versions["mixed"], versions["kept"]) == (0, 0, 0)
    assert min(versions["due_new"], versions["due_back"]) > 100
    return done


def rolled_out(folder: Path, endpoint: str, policy: Path, *more: str) -> Ran:
    """A run of the drills of a policy."""
    return probe(
        endpoint, folder / "evidence", "--oip-model", "matrix", "--oip-policy", str(policy), "--oip-allow", "faults",
        "-k", "failover-drills", *more,
    )  # fmt: skip


@pytest.mark.parametrize("balancer", ["envoy-good", "haproxy-good"])
def test_the_shipped_drill(balancer: str, tmp_path: Path) -> None:
    done = seen(rolled_out(tmp_path, f"embedded-cluster:{balancer}", SHIPPED))
    # One replica a second: both versions answered meanwhile, in the first two seconds at least.
    assert done["versions"]["switched_s"] > 1.5
    assert (done["executions"]["unexecuted"], done["executions"]["unanswered"]) == (0, 0)


def test_a_replica_that_is_left_out_of_the_rollout(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    out, back = SHIPPED.read_text().split("revert = [")
    policy.write_text(f"{out.replace('{r3}', '{r2}')}revert = [{back}")
    run = rolled_out(tmp_path, "embedded-cluster", policy)
    assert run.verdicts[CHECK] == "fail", run.output
    done = only(run)
    # A third of the answers that were due from the new version; nothing failed, and the rollback is exact.
    versions = done["versions"]
    assert bad(done["account"]) == 0
    assert 0.2 < versions["mixed"] / versions["due_new"] < 0.5
    assert (done["broken"], versions["kept"]) == (["window_s"], 0)
    assert "other-version-after-window:version-2-is-rolled-out" in (run.folder / "journal.jsonl").read_text()


@contextlib.contextmanager
def replicas(folder: Path) -> Iterator[tuple[list[str], list[LoopbackPlace], LoopbackPlace]]:
    """Three replicas in version 1 with the command that rolls them, their places, and that of a balancer."""
    (folder / "roll.py").write_text(ROLL.replace("cwd=ROOT", f"cwd={str(ROOT)!r}"))
    own, *behind = places(["balancer", "r1", "r2", "r3"])
    words = [f"{each.name}={each.port}" for each in behind]
    try:
        subprocess.run([sys.executable, "roll.py", "1", *words], cwd=folder, check=True, timeout=120)
        yield words, behind, own
    finally:
        for each in behind:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                os.kill(int((folder / each.name).read_text()), signal.SIGKILL)


@pytest.mark.parametrize("balancer", ["envoy-good", "haproxy-good"])
def test_each_replica_is_restarted_in_the_new_version(balancer: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    with replicas(tmp_path) as (words, behind, own):
        inject, revert = ([sys.executable, "roll.py", version, *words] for version in ("2", "1"))
        policy.write_text(
            "[[drills]]\nname = 'rolled'\nrate = 100\nhold_s = 4\nafter_s = 45\nmax_failed = 0\n"
            "rollout = {from = '1', to = '2', window_s = 2}\n"
            f"[drills.fault]\nkind = 'hooks'\ntimeout_s = 120\ninject = {inject}\nrevert = {revert}\n"
        )
        line = Balancer(balancer).command(own, behind, tmp_path)
        with subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                assert until(lambda: serves(f"{own.url}/v2/health/ready"), 30)
                done = seen(rolled_out(tmp_path, own.url, policy))
            finally:
                process.kill()
    assert done["versions"]["switched_s"] > 1.5
