"""A tester that is ended in the middle of a drill: what it caused is taken back, and what it saw is told."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.drills.proxies import UsersProxy
from harness.drills.undoing import is_stopped
from tests.endtoend.mortal import Mortal
from tests.endtoend.running import PYTEST, ROOT
from tests.endtoend.test_drills import serves
from tests.harness.drills.conftest import until
from tests.ports import free_ports

pytestmark = pytest.mark.slow

# Longer than anybody waits: what ends it is the signal.
DRILL = "[[drills]]\nname = 'held'\nrate = 50\nhold_s = 120\nfault = {}\n"
RUN = ("--oip-model", "pair", "--oip-allow", "faults", "-k", "failover-drills", "-q", "-p", "no:cacheprovider")
# What a shell has started beside itself ignores Ctrl-C, and so does all that this starts.
HEARS = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
CHECK = "failover-drills[pair]"


@dataclass(frozen=True)
class Harmed:
    """An endpoint with a fault that a drill may cause, as a policy writes it, and whether it stands."""

    url: str
    fault: str
    stands: Callable[[], bool]


@pytest.fixture(params=["stop", "half-open"])
def harmed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harmed]:
    """A server that a drill stops, or one behind a proxy of the user."""
    with Mortal(["--models", "pair"]) as server:
        if request.param == "stop":
            fault = f"{{kind = 'stop', process = {{pid = {server.pid}}}}}"
            yield Harmed(server.url, fault, lambda: is_stopped(server.pid))
            return
        (port,), control = free_ports(1), tmp_path / "p.sock"
        at = f"127.0.0.1:{port}"
        command = [sys.executable, "-m", "harness.drills.proxy", "--listen", at, "--to", f"127.0.0.1:{server.rest}"]
        with subprocess.Popen([*command, "--control", str(control)], cwd=ROOT, stdout=subprocess.DEVNULL) as proxy:
            try:
                assert until(lambda: serves(f"http://{at}/v2/health/ready"), 60)
                fault = f"{{kind = 'half-open', control = '{control}'}}"
                yield Harmed(f"http://{at}", fault, lambda: UsersProxy(str(control)).tell().fault == "half-open")
            finally:
                proxy.terminate()


def ended_by(number: signal.Signals, harmed: Harmed, folder: Path) -> subprocess.Popen[bytes]:
    """A run that is sent a signal while the fault stands; it has ended."""
    policy = folder / "policy.toml"
    policy.write_text(DRILL.format(harmed.fault))
    command = [str(PYTEST), "--endpoint", harmed.url, "--oip-evidence", str(folder / "evidence"), *RUN]
    with (folder / "printed").open("wb") as printed:
        run = subprocess.Popen(
            [sys.executable, "-c", HEARS, *command, "--oip-policy", str(policy)],
            cwd=ROOT, stdout=printed, stderr=subprocess.STDOUT,
        )  # fmt: skip
    assert until(harmed.stands, 60), (folder / "printed").read_text()
    time.sleep(1.0)
    assert harmed.stands()
    run.send_signal(number)
    run.wait(60)
    return run


def test_ctrl_c(harmed: Harmed, tmp_path: Path) -> None:
    run = ended_by(signal.SIGINT, harmed, tmp_path)
    said = (tmp_path / "printed").read_text()
    assert run.returncode == 2, said
    assert not harmed.stands()
    document = json.loads((tmp_path / "evidence" / "evidence.json").read_bytes())
    assert "the run ended before: SIGINT" in document["report"]["cut_short_reason"]
    assert document["checks"] == [], "what was not carried out has no verdict"
    (drill,) = document["drills"]
    (done,) = drill["repetitions"]
    assert (drill["check"], done["ending"], done["reason"]) == (CHECK, "interrupted", "the run ended meanwhile")
    assert done["injected"]["began"] < done["reverted"]["ended"]
    assert CliRunner().invoke(main, ["verify", str(tmp_path / "evidence")]).exit_code == 0


def test_sigkill(harmed: Harmed, tmp_path: Path) -> None:
    run = ended_by(signal.SIGKILL, harmed, tmp_path)
    assert run.returncode == -signal.SIGKILL
    assert until(lambda: not harmed.stands(), 20), "the watchdog takes it back"
