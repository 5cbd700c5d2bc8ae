"""The supervisor ends what it started, whatever that does; and /proc is read right. No server needed."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.cluster.kept import SUPERVISOR
from tests.servers.processes import Listener, free_ports, listeners, members
from tests.servers.recipe import HERE

WAIT_S = 30.0
SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"
# The child leaves the group and the session, and its parent ends at once on SIGTERM.
RUNAWAY = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {STUBBORN!r}], start_new_session=True, stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(600)
"""


@contextmanager
def supervised(script: str, output: Path) -> Iterator[tuple[subprocess.Popen[bytes], int, str]]:
    """The supervisor, the group it keeps, and the first line the script wrote."""
    command = [sys.executable, "-I", str(SUPERVISOR), sys.executable, "-c", script]
    pipe = subprocess.PIPE
    with output.open("wb") as log, subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=log) as supervisor:
        assert supervisor.stdin is not None
        assert supervisor.stdout is not None
        group = int(supervisor.stdout.readline())
        until = time.monotonic() + WAIT_S
        while "\n" not in output.read_text() and time.monotonic() < until:
            time.sleep(0.05)
        yield supervisor, group, output.read_text().split("\n")[0]
        supervisor.stdin.close()
        supervisor.wait(WAIT_S)


def test_closing_the_pipe_ends_the_command(tmp_path: Path) -> None:
    with supervised(SLEEPER, tmp_path / "log") as (supervisor, group, _):
        assert members(group) == {group}
    assert members(group) == set()
    assert supervisor.returncode == 0


def test_sigterm_to_the_supervisor_ends_the_command(tmp_path: Path) -> None:
    with supervised(SLEEPER, tmp_path / "log") as (supervisor, group, _):
        supervisor.terminate()
        assert supervisor.wait(WAIT_S) == 0
        assert members(group) == set()


def test_a_command_that_ends_by_itself_gives_its_exit_code(tmp_path: Path) -> None:
    with supervised("print('up', flush=True); raise SystemExit(7)", tmp_path / "log") as (supervisor, _, _):
        assert supervisor.wait(WAIT_S) == 7


@pytest.mark.slow
@pytest.mark.parametrize("script", [STUBBORN, RUNAWAY])
def test_ignoring_sigterm_or_leaving_the_session_does_not_help(script: str, tmp_path: Path) -> None:
    with supervised(script, tmp_path / "log") as (_, group, first):
        everyone = {group, int(first) if first.isdigit() else group}
        assert set().union(*(members(each) for each in everyone)) == everyone
    assert set().union(*(members(each) for each in everyone)) == set()


def test_a_restarted_command_lives_again_until_it_is_stopped(tmp_path: Path) -> None:
    mortal = "import os, time; print('up', os.getpid(), flush=True); time.sleep(600)"
    loop = f"import runpy, sys; sys.argv[1:] = [sys.executable, '-c', {mortal!r}]; "
    loop += f"runpy.run_path({str(HERE / 'restart.py')!r}, run_name='__main__')"
    output = tmp_path / "log"
    with supervised(loop, output) as (_, group, first):
        time.sleep(2.5)  # it has to outlive its first seconds
        os.kill(int(first.split()[1]), signal.SIGKILL)
        until = time.monotonic() + WAIT_S
        while output.read_text().count("up ") < 2 and time.monotonic() < until:
            time.sleep(0.05)
        lives = [int(each) for each in re.findall(r"^up (\d+)", output.read_text(), re.MULTILINE)]
        assert len(lives) == 2
        assert members(group) == {group, lives[1]}
    assert members(group) == set()


def test_a_restart_loop_passes_on_that_nothing_ever_ran(tmp_path: Path) -> None:
    command = [sys.executable, "-I", str(HERE / "restart.py"), sys.executable, "-c", "raise SystemExit(7)"]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 7


@pytest.mark.parametrize(
    ("address", "loopback"), [("127.0.0.1", True), ("0.0.0.0", False), ("::1", True), ("::", False)]
)
def test_listeners_are_found_and_judged(address: str, loopback: bool, tmp_path: Path) -> None:
    family = "AF_INET6" if ":" in address else "AF_INET"
    if ":" in address and not Path("/proc/net/if_inet6").exists():
        pytest.skip("no IPv6 here")
    open_it = f"import socket; s = socket.socket(socket.{family}); s.bind(({address!r}, 0)); s.listen()"
    script = f"{open_it}; print(s.getsockname()[1], flush=True); import time; time.sleep(600)"
    with supervised(script, tmp_path / "log") as (_, group, first):
        assert listeners(group) == {Listener(address, int(first))}
        assert [each.loopback for each in listeners(group)] == [loopback]


def test_an_ipv4_address_in_ipv6_clothes_is_loopback() -> None:
    assert Listener("::ffff:127.0.0.1", 1).loopback
    assert not Listener("::ffff:10.0.0.1", 1).loopback


def test_free_ports_are_distinct_and_can_be_bound() -> None:
    ports = free_ports(3)
    assert len(set(ports)) == 3
    for port in ports:
        with socket.socket() as each:
            each.bind(("127.0.0.1", port))
