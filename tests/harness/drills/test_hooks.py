"""Commands of the user cause faults and take them back; one that fails or hangs is an error, and nothing is left."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from harness.drills.commands import KEPT_BYTES, run
from harness.drills.faults.fault import FaultError
from harness.drills.injector import Injector
from harness.drills.undoing import started
from tests.harness.drills.conftest import drill_of, hooks, until

ALLOWED = ("faults",)


WHOLE = "import os, sys; sys.exit(os.path.exists('broken'))"


def test_hooks_run_in_the_folder_of_the_drill(tmp_path: Path) -> None:
    fault = hooks(
        inject="open('broken', 'w'); print('pod deleted')",
        revert="import os; os.remove('broken')",
        status=WHOLE,
        more="target = 'pod r1'",
    )
    drill = drill_of(fault, tmp_path)
    with Injector(ALLOWED) as injector:
        found = injector.prepared(drill)
        assert (found.target, found.caused_by) == ("pod r1", "a command of the user")
        caused = injector.inject(drill)
        assert (tmp_path / "broken").exists()
        assert (caused.code, caused.output, caused.error) == (0, "pod deleted", None)
        assert caused.argv[0] == sys.executable
        injector.revert(drill)
        assert not (tmp_path / "broken").exists()


def test_no_word_of_a_hook_is_read_by_a_shell(tmp_path: Path) -> None:
    ran = run([sys.executable, "-c", "import sys; print(sys.argv[1:])", "$HOME; touch x", "*"], timeout_s=10)
    assert ran.output == "['$HOME; touch x', '*']"


def test_a_hook_that_fails_is_an_error_and_is_reverted_all_the_same(tmp_path: Path) -> None:
    fault = hooks(inject="print('forbidden'); raise SystemExit(4)", revert="open('reverted', 'w')")
    drill = drill_of(fault, tmp_path)
    with Injector(ALLOWED) as injector:
        injector.prepared(drill)
        with pytest.raises(FaultError, match=r"inject: .* ended with exit code 4") as raised:
            injector.inject(drill)
        assert raised.value.happening is not None
        assert (raised.value.happening.code, raised.value.happening.output) == (4, "forbidden")
        injector.revert(drill)
    assert (tmp_path / "reverted").exists()


def test_a_hook_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    code = "import subprocess, sys, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"
    child = ""
    # On a busy machine it may be ended before it has said anything.
    for timeout_s in (1, 5, 20):
        drill = drill_of(hooks(inject=code, more=f"timeout_s = {timeout_s}"), tmp_path)
        with Injector(ALLOWED) as injector:
            injector.prepared(drill)
            with pytest.raises(FaultError, match=f"did not end within {timeout_s} s and was ended") as raised:
                injector.inject(drill)
        assert raised.value.happening is not None
        if child := raised.value.happening.output:
            break
    assert until(lambda: started(int(child)) == ""), "the child of the hook as well"


def test_what_a_hook_leaves_behind_stays(tmp_path: Path) -> None:
    code = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid)"
    ran = run([sys.executable, "-c", code], timeout_s=10)
    pid = int(ran.output)
    assert (ran.error, started(pid) != "") == ("", True)
    os.kill(pid, 9)


def test_long_output_is_clipped_in_the_middle() -> None:
    ran = run([sys.executable, "-c", f"print('a' * {KEPT_BYTES} + 'b' * 1000000 + 'c' * 9)"], timeout_s=20)
    assert len(ran.output) < 2 * KEPT_BYTES + 100
    assert "bytes left out" in ran.output
    assert (ran.output[0], ran.output[-1]) == ("a", "c")


def test_a_command_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert "/no/such/command cannot be started" in run(["/no/such/command"], timeout_s=1).error
    assert run(["nul\0"], timeout_s=1).error
    assert run(["sh", "-c", "kill -9 $$"], timeout_s=5).error == "sh ended with SIGKILL"


def test_a_service_that_is_not_whole_is_not_drilled(tmp_path: Path) -> None:
    drill = drill_of("kind = 'hooks'\ninject = ['true']\nstatus = ['false']", tmp_path)
    with Injector(ALLOWED) as injector, pytest.raises(FaultError, match="before anything was caused"):
        injector.prepared(drill)


def test_a_revert_that_brings_nothing_back_is_an_error(tmp_path: Path) -> None:
    # Commands that take no time: the patience is for all of them, and waited out.
    fault = "inject = ['touch', 'broken']\nrevert = ['true']\nstatus = ['test', '!', '-e', 'broken']\ntimeout_s = 2"
    drill = drill_of(f"kind = 'hooks'\n{fault}", tmp_path)
    with Injector(ALLOWED) as injector:
        injector.prepared(drill)
        injector.inject(drill)
        with pytest.raises(FaultError, match="after the revert, status goes on"):
            injector.revert(drill)


def test_hooks_are_not_handed_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ART15_TOKEN", "s3cret")
    assert "s3cret" not in run(["env"], timeout_s=10).output


def test_output_that_a_lost_grandchild_keeps_open_is_not_waited_for() -> None:
    code = "import subprocess; subprocess.Popen(['sleep', '30'], start_new_session=True); print('done')"
    begun = time.monotonic()
    ran = run([sys.executable, "-c", code], timeout_s=20)
    assert ran.output == "done"
    assert time.monotonic() - begun < 15
