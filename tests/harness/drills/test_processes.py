"""Processes of the user are killed, stopped and restarted, and run again afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from harness.drills.faults.fault import FaultError
from harness.drills.injector import Injector
from harness.drills.undoing import is_stopped, started
from tests.harness.drills.conftest import REPLICA, Started, asked, declared, drill_of, until
from tests.ports import free_port

ALLOWED = ("faults",)


def test_killed_and_started_again(replica: Started, tmp_path: Path) -> None:
    table = replica("r1")
    drill = drill_of(f"kind = 'kill'\nprocess = {declared(table)}", tmp_path)
    before = asked(table)
    with Injector(ALLOWED) as injector:
        for _ in range(2):
            fault = injector.prepared(drill)
            assert (fault.name, fault.target, fault.caused_by) == ("kill", "r1", "the tester")
            caused = injector.inject(drill)
            assert caused.error is None
            assert caused.began_ns <= caused.ended_ns
            with pytest.raises(httpx.TransportError):
                asked(table)
            assert "r1 was started again" in injector.revert(drill).output
            now = asked(table)
            assert now != before
            before = now
    assert asked(table) == before, "what was started again is the user's and stays"


def test_stopped_and_continued(replica: Started, tmp_path: Path) -> None:
    table = replica("r1")
    drill = drill_of(f"kind = 'stop'\nprocess = {declared(table)}", tmp_path)
    pid = asked(table)
    with Injector(ALLOWED) as injector:
        injector.prepared(drill)
        injector.inject(drill)
        assert is_stopped(pid)
        injector.revert(drill)
        assert asked(table) == pid


def test_restarted_one_after_the_other(replica: Started, tmp_path: Path) -> None:
    tables = [replica(name) for name in ("r1", "r2")]
    (tmp_path / "drain.py").write_text("import sys; open('drained', 'a').write(' '.join(sys.argv[1:]) + ' ')")
    drill = drill_of(
        f"kind = 'rolling-restart'\nprocesses = [{', '.join(map(declared, tables))}]\npause_s = 0\n"
        f"drain = ['{sys.executable}', 'drain.py', '{{name}}', '{{pid}}']",
        tmp_path,
    )
    before = [asked(table) for table in tables]
    with Injector(ALLOWED) as injector:
        injector.prepared(drill)
        assert injector.inject(drill).output == "r1: ended by SIGTERM; r2: ended by SIGTERM"
        assert injector.revert(drill).output == "all run"
    assert not set(before) & {asked(table) for table in tables}
    assert (tmp_path / "drained").read_text() == f"r1 {before[0]} r2 {before[1]} "


@pytest.mark.parametrize("kind", ["kind = 'restart'", "kind = 'slow-start'\ndelay_s = 0.2"])
def test_restarted(kind: str, replica: Started, tmp_path: Path) -> None:
    table = replica("r1")
    drill = drill_of(f"{kind}\nprocess = {declared(table)}", tmp_path)
    before = asked(table)
    with Injector(ALLOWED) as injector:
        injector.prepared(drill)
        caused = injector.inject(drill)
        injector.revert(drill)
    assert asked(table) != before
    assert caused.ended_ns - caused.began_ns > (2e8 if "delay" in kind else 0)


def test_a_process_that_only_the_tester_starts_is_ended_with_the_last_drill(tmp_path: Path) -> None:
    port = free_port()
    table = f"{{start = ['{sys.executable}', '{REPLICA}', '{port}'], ready = 'http://127.0.0.1:{port}/'}}"
    drill = drill_of(f"kind = 'kill'\nprocess = {table}", tmp_path)
    with Injector(ALLOWED) as injector:
        injector.prepared(drill)
        first = httpx.get(f"http://127.0.0.1:{port}/").text
        injector.inject(drill)
        injector.revert(drill)
        second = int(httpx.get(f"http://127.0.0.1:{port}/").text)
        assert str(second) != first
    assert until(lambda: started(second) == "")


def test_the_workers_of_a_server_meet_the_fault_as_well(tmp_path: Path) -> None:
    code = "import subprocess; w = subprocess.Popen(['sleep', '60']); open('worker', 'w').write(str(w.pid)); w.wait()"
    process = f"{{start = ['{sys.executable}', '-c', \"{code}\"], children = true}}"
    stop, kill = (drill_of(f"kind = '{kind}'\nprocess = {process}", tmp_path, name=kind) for kind in ("stop", "kill"))
    with Injector(ALLOWED) as injector:
        injector.prepared(stop)
        assert until(lambda: (tmp_path / "worker").exists() and (tmp_path / "worker").read_text() != "")
        worker = int((tmp_path / "worker").read_text())
        injector.inject(stop)
        assert until(lambda: is_stopped(worker))
        injector.revert(stop)
        assert until(lambda: not is_stopped(worker))
        (tmp_path / "worker").unlink()
        injector.prepared(kill)
        assert until(lambda: (tmp_path / "worker").exists() and (tmp_path / "worker").read_text() != "")
        worker = int((tmp_path / "worker").read_text())
        injector.inject(kill)
        assert until(lambda: started(worker) == "")
        injector.revert(kill)


@pytest.mark.parametrize(
    ("process", "message"),
    [
        ("{pid = 4194303, ready = 'http://127.0.0.1:1'}", "does not run: there is no process 4194303"),
        ("{pid_file = 'none.pid'}", "holds no number of a process: .*No such file"),
        ("{pid_file = 'words.pid'}", "holds no number"),
        ("{pid_file = 'tester.pid'}", "the tester itself"),
        ("{pid_file = 'init.pid'}", "the tester itself, or what started it"),
        ("{start = ['/no/such/server']}", "No such file"),
        (f"{{start = ['{sys.executable}', '-c', 'import sys; sys.exit(3)']}}", "ended at once, with exit code 3"),
    ],
)
def test_what_cannot_be_hit_is_said_before_the_baseline(process: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "words.pid").write_text("none")
    (tmp_path / "init.pid").write_text("1\n")
    (tmp_path / "tester.pid").write_text(str(os.getpid()))
    with Injector(ALLOWED) as injector, pytest.raises(FaultError, match=message):
        injector.prepared(drill_of(f"kind = 'kill'\nprocess = {process}", tmp_path))


def test_a_process_that_has_gone_is_no_fault_that_was_caused(replica: Started, tmp_path: Path) -> None:
    table = replica("r1")
    drill = drill_of(f"kind = 'stop'\nprocess = {declared(table)}", tmp_path)
    with Injector(ALLOWED) as injector:
        injector.prepared(drill)
        pid = asked(table)
        os.kill(pid, signal.SIGKILL)
        assert until(lambda: started(pid) == "")
        with pytest.raises(FaultError, match="does not run any more") as raised:
            injector.inject(drill)
        assert raised.value.happening is not None
        assert raised.value.happening.error


@pytest.mark.parametrize("told_by", ["pid_file = 'r1.pid'", "pid = PID, ready = 'READY'"])
def test_one_that_somebody_else_starts_is_waited_for(told_by: str, replica: Started, tmp_path: Path) -> None:
    table = replica("r1")
    told_by = told_by.replace("PID,", f"{asked(table)},").replace("READY", table.ready)
    drill = drill_of(f"kind = 'kill'\nprocess = {{{told_by}}}", tmp_path)
    with Injector(ALLOWED) as injector:
        injector.prepared(drill)
        injector.inject(drill)
        with start_later(table.start or [], tmp_path) as other:
            assert "was started by somebody else" in injector.revert(drill).output
            assert other.poll() is None
            assert until(lambda: asked(table) > 0)
            other.kill()


def start_later(argv: list[str], folder: Path) -> subprocess.Popen[bytes]:
    """Whoever watches over it starts it after a while."""
    return subprocess.Popen(["sh", "-c", 'sleep 0.5; exec "$@"', "sh", *argv], cwd=folder)


@pytest.mark.parametrize(
    ("told_by", "message"),
    [("pid_file = 'r1.pid'", "does not run: there is no process"), ("pid = PID", r"did not answer 200 within 0\.3 s")],
)
def test_one_that_never_comes_back_is_an_error_of_the_revert(
    told_by: str, message: str, replica: Started, tmp_path: Path
) -> None:
    table = replica("r1")
    told_by = told_by.replace("PID", str(asked(table)))
    drill = drill_of(f"kind = 'kill'\nprocess = {{{told_by}, ready = '{table.ready}', ready_s = 0.3}}", tmp_path)
    with Injector(ALLOWED) as injector:
        injector.prepared(drill)
        injector.inject(drill)
        with pytest.raises(FaultError, match=message):
            injector.revert(drill)
        with pytest.raises(FaultError, match="was not taken back"):
            injector.prepared(drill)
