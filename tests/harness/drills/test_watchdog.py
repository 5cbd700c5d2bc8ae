"""Whatever ends the tester, what it caused is taken back."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from harness.drills.faults.fault import FaultError, Undo
from harness.drills.injector import Injector
from harness.drills.undoing import command, is_stopped, send_signal, started
from harness.drills.watchdog import FaultWatchdog, Held, watch
from tests.harness.drills.conftest import Started, asked, declared, drill_of, hooks, until

# A tester of its own: it causes the fault, says so, and waits for what may come.
TESTER = """
import sys, time, msgspec
from harness.drills.declared import Drill
from harness.drills.injector import Injector
drill = msgspec.json.decode(sys.stdin.readline(), type=Drill)
with Injector(["faults"]) as injector:
    injector.prepared(drill)
    try:
        injector.inject(drill)
        print(injector._watchdog.pid, flush=True)
        time.sleep(60)
    finally:
        injector.revert(drill)
"""


@pytest.fixture
def tester(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", TESTER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        yield process
        process.kill()


def tell(tester: subprocess.Popen[str], fault: str, folder: Path) -> int:
    """Have it cause a fault; gives the process id of its watchdog."""
    assert tester.stdin is not None
    assert tester.stdout is not None
    tester.stdin.write(msgspec.json.encode(drill_of(fault, folder)).decode() + "\n")
    tester.stdin.flush()
    return int(tester.stdout.readline())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_stopped_replica_goes_on_when_the_tester_is_ended(
    number: signal.Signals, replica: Started, tester: subprocess.Popen[str], tmp_path: Path
) -> None:
    table = replica("r1")
    pid = asked(table)
    watchdog = tell(tester, f"kind = 'stop'\nprocess = {declared(table)}", tmp_path)
    assert is_stopped(pid)
    tester.send_signal(number)
    tester.wait(20)
    assert until(lambda: not is_stopped(pid))
    assert asked(table) == pid
    assert until(lambda: started(watchdog) == ""), "it has nothing left to do"


def test_a_killed_replica_is_started_again_when_the_tester_is_killed(
    replica: Started, tester: subprocess.Popen[str], tmp_path: Path
) -> None:
    table = replica("r1")
    before = asked(table)
    tell(tester, f"kind = 'kill'\nprocess = {declared(table)}", tmp_path)
    os.kill(before, 0)
    tester.kill()
    assert until(lambda: (tmp_path / "r1.pid").read_text() not in {"", str(before)})


def test_hooks_are_reverted_when_the_tester_is_killed(tester: subprocess.Popen[str], tmp_path: Path) -> None:
    fault = hooks(inject="", revert="open('reverted', 'w')")
    tell(tester, fault, tmp_path)
    assert not (tmp_path / "reverted").exists()
    tester.kill()
    assert until((tmp_path / "reverted").exists)


def test_ctrl_c_ends_a_hook_that_hangs_and_reverts(tester: subprocess.Popen[str], tmp_path: Path) -> None:
    code = "import os, time; open('hook', 'w').write(str(os.getpid())); time.sleep(60)"
    fault = hooks(inject=code, revert="open('reverted', 'w')", more="timeout_s = 60")
    assert tester.stdin is not None
    tester.stdin.write(msgspec.json.encode(drill_of(fault, tmp_path)).decode() + "\n")
    tester.stdin.flush()
    assert until(lambda: (tmp_path / "hook").exists() and (tmp_path / "hook").read_text() != "")
    hook = int((tmp_path / "hook").read_text())
    tester.send_signal(signal.SIGINT)
    assert tester.wait(20) != 0
    assert (tmp_path / "reverted").exists()
    assert until(lambda: started(hook) == ""), "killed, and waited for by whoever took it over"


def test_what_is_interrupted_twice_is_left_to_the_watchdog(tester: subprocess.Popen[str], tmp_path: Path) -> None:
    # The first one hangs, and whoever presses Ctrl-C does so again.
    revert = "import os, time; n = len(os.listdir('.')); open(str(n), 'w'); time.sleep(60 if n == 0 else 0)"
    tell(tester, hooks(inject="", revert=revert, more="timeout_s = 60"), tmp_path)
    tester.send_signal(signal.SIGINT)
    assert until((tmp_path / "0").exists)
    tester.send_signal(signal.SIGINT)
    assert until((tmp_path / "1").exists)
    assert tester.wait(20) != 0


def test_what_cannot_be_taken_back_is_tried_once_more_at_the_end(tmp_path: Path) -> None:
    # The first revert fails, the second one, of the watchdog, does not.
    code = "import os, sys; again = os.path.exists('1'); open('2' if again else '1', 'w'); sys.exit(not again)"
    drill = drill_of(hooks(inject="", revert=code), tmp_path)
    log = tmp_path / "log"
    with Injector(["faults"], log) as injector:
        injector.prepared(drill)
        injector.inject(drill)
        with pytest.raises(FaultError, match=r"revert: .* ended with exit code 1"):
            injector.revert(drill)
    assert (tmp_path / "2").exists()
    assert log.read_text().endswith(": done\n\n")


def test_nothing_is_run_for_what_was_taken_back(tmp_path: Path) -> None:
    drill = drill_of(hooks(inject="", revert="open('n', 'a').write('x')"), tmp_path)
    with Injector(["faults"]) as injector:
        injector.prepared(drill)
        injector.inject(drill)
        injector.revert(drill)
    assert (tmp_path / "n").read_text() == "x"


def test_a_line_that_was_half_written_is_passed_over(tmp_path: Path) -> None:
    undo = Undo((sys.executable, "-c", "open('done', 'w')"), str(tmp_path))
    lines = [msgspec.json.encode(Held(name="a", undo=(undo,))), b'{"name":"b","undo":[{"argv":["touch"']
    answers = io.BytesIO()
    watch(lines, answers, None)
    assert (answers.getvalue(), (tmp_path / "done").exists()) == (b"\n", True)


def test_nothing_is_caused_without_a_watchdog(tmp_path: Path) -> None:
    drill = drill_of("kind = 'hooks'\ninject = ['touch', 'caused']\nrevert = ['true']", tmp_path)
    with Injector(["faults"]) as injector:
        injector.prepared(drill)
        injector._watchdog.hold("x", (Undo(("true",)),))
        os.kill(injector._watchdog.pid or 0, signal.SIGKILL)
        with pytest.raises(FaultError, match="watchdog"):
            injector.inject(drill)
        assert not (tmp_path / "caused").exists()
        injector.revert(drill)


def test_a_signal_is_never_sent_to_another_process_of_the_number() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        send_signal(str(process.pid), "1", "SIGKILL")
        time.sleep(0.1)
        assert process.poll() is None
        process.kill()


def test_the_commands_of_the_watchdog_need_nothing_of_ours(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        argv = command("signal", str(process.pid), started(process.pid), "SIGKILL")
        subprocess.run(argv, check=True, cwd=tmp_path, env={})
        assert process.wait(10) == -signal.SIGKILL


def test_no_watchdog_is_started_for_nothing() -> None:
    watchdog = FaultWatchdog()
    watchdog.hold("a", ())
    assert watchdog.pid is None
    watchdog.close()
