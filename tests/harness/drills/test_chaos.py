"""Chaos Toolkit both ways, with the real one: its experiments as faults, our probes in its experiments."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.drills import chaos_probes
from harness.drills.executions import NoExecutions, read_executions
from harness.drills.faults.chaos import ChaosJournal, Experiment, read_chaos_journal
from harness.drills.faults.fault import FaultError
from harness.drills.injector import Injector
from harness.run.embedded import EmbeddedServer
from tests.harness.drills.conftest import drill_of, until


def python(name: str, code: str, **more: Any) -> dict[str, Any]:
    """An action that runs some Python."""
    provider = {"type": "process", "path": sys.executable, "arguments": ["-c", code], "timeout": 60}
    return {"type": "action", "name": name, "provider": provider, **more}


def experiment(folder: Path, **parts: Any) -> None:
    """Write an experiment that breaks something and mends it."""
    found = {
        "title": "a replica dies",
        "description": "and is started again",
        "method": [python("break it", "open('broken', 'w')")],
        "rollbacks": [python("mend it", "import os; os.remove('broken')")],
        **parts,
    }
    (folder / "experiment.json").write_text(json.dumps(found))


FAULT = "kind = 'chaos'\nexperiment = 'experiment.json'\ntimeout_s = 40"


def test_an_experiment_is_a_fault_and_its_journal_is_read(tmp_path: Path) -> None:
    experiment(tmp_path, method=[python("break it", "open('broken', 'w')", pauses={"after": 2})])
    drill = drill_of(FAULT, tmp_path)
    with Injector(["faults"]) as injector:
        fault = injector.prepared(drill)
        assert (fault.target, fault.caused_by) == ("experiment.json", "Chaos Toolkit")
        caused = injector.inject(drill)
        assert "--rollback-strategy" in caused.argv
        assert until((tmp_path / "broken").exists, 30)
        reverted = injector.revert(drill)
        assert not (tmp_path / "broken").exists()
    assert reverted.code == 0
    assert "status completed, deviated false" in reverted.output
    assert "method: break it succeeded, 20" in reverted.output
    assert "rollback: mend it succeeded" in reverted.output
    assert not (tmp_path / "chaostoolkit.log").exists(), "nothing is left in the user's folder"


def test_one_that_takes_too_long_is_asked_to_roll_back(tmp_path: Path) -> None:
    code = "open('broken', 'w'); import time; time.sleep(60)"
    experiment(tmp_path, method=[python("break it", code)])
    drill = drill_of("kind = 'chaos'\nexperiment = 'experiment.json'\ntimeout_s = 3", tmp_path)
    with Injector(["faults"]) as injector:
        injector.prepared(drill)
        injector.inject(drill)
        assert until((tmp_path / "broken").exists, 30)
        with pytest.raises(FaultError, match=r"did not end within 3 s and was asked to roll back"):
            injector.revert(drill)
    assert not (tmp_path / "broken").exists()


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"rollbacks": [python("mend it", "raise SystemExit(3)")]}, "'mend it' ended with exit code 3: .* may stand"),
        (
            {"method": [python("break it", "raise SystemExit(4)")], "rollbacks": []},
            "its action 'break it' ended with exit code 4",
        ),
        ({"title": None}, "ended at once with exit code 1|left no journal"),
        (
            {
                "steady-state-hypothesis": {
                    "title": "serves",
                    "probes": [{**python("serves", "raise SystemExit(3)"), "type": "probe", "tolerance": 0}],
                },
                "rollbacks": [],
            },
            "its own steady state did not hold before its method",
        ),
    ],
)
def test_what_was_no_fault_is_an_error(parts: dict[str, Any], message: str, tmp_path: Path) -> None:
    experiment(tmp_path, **parts)
    drill = drill_of(FAULT, tmp_path)

    def carried_out(injector: Injector) -> None:
        injector.prepared(drill)
        try:
            injector.inject(drill)
        finally:
            injector.revert(drill)

    with Injector(["faults"]) as injector, pytest.raises(FaultError, match=message):
        carried_out(injector)


def test_one_that_has_ended_is_neither_asked_to_end_nor_waited_for(tmp_path: Path) -> None:
    experiment(tmp_path)
    with Injector(["faults"]) as injector:
        fault = injector.prepared(drill_of(FAULT, tmp_path))
        fault.inject()
        assert isinstance(fault, Experiment)
        assert fault._running is not None
        fault._running.wait(60)
        # Its number may be another's by now.
        assert fault.undo == ()
        fault.revert()


def test_an_experiment_that_deviates_is_a_fault_all_the_same() -> None:
    state = {"steady_state_met": False}
    after = msgspec.convert(
        {"status": "completed", "deviated": True, "steady_states": {"after": state}, "run": [{"status": "succeeded"}]},
        ChaosJournal,
    )
    assert after.trouble() == ""
    assert "deviated true\nsteady state after: not met" in after.told()
    assert msgspec.convert({"status": "interrupted"}, ChaosJournal).trouble() == "the experiment was interrupted"


def test_a_rollback_that_failed_means_that_the_fault_may_stand() -> None:
    activity = {"activity": {"name": "mend it", "type": "action"}, "status": "failed"}
    journal = msgspec.convert({"status": "completed", "rollbacks": [activity]}, ChaosJournal)
    assert journal.trouble() == "its rollback 'mend it' failed: what it caused may stand"


def test_a_journal_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "journal.json").write_text("[]")
    with pytest.raises(FaultError, match="no journal that can be read"):
        read_chaos_journal(tmp_path / "journal.json")


def test_chaos_toolkit_that_is_not_there_is_said(tmp_path: Path) -> None:
    experiment(tmp_path)
    drill = drill_of(f"{FAULT}\nprogram = ['/no/chaos']", tmp_path)
    with Injector(["faults"]) as injector:
        injector.prepared(drill)
        with pytest.raises(FaultError, match="No such file"):
            injector.inject(drill)
        assert injector.revert(drill).output == "it was not begun"


def test_an_experiment_rolls_back_when_the_tester_is_killed(tmp_path: Path) -> None:
    experiment(tmp_path, method=[python("break it", "open('broken', 'w'); import time; time.sleep(60)")])
    drill = drill_of(FAULT, tmp_path)
    code = (
        "import sys, time, msgspec; from harness.drills.declared import Drill\n"
        "from harness.drills.injector import Injector; injector = Injector(['faults'])\n"
        f"drill = msgspec.json.decode({msgspec.json.encode(drill)!r}, type=Drill)\n"
        "injector.prepared(drill); injector.inject(drill); print(1, flush=True); time.sleep(90)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as tester:
        assert tester.stdout is not None
        assert tester.stdout.readline() == b"1\n"
        assert until((tmp_path / "broken").exists, 30)
        os.kill(tester.pid, signal.SIGKILL)
    assert until(lambda: not (tmp_path / "broken").exists(), 30)


def probe(name: str, func: str, tolerance: object, **arguments: object) -> dict[str, Any]:
    """One of our probes, as an experiment names it."""
    provider = {"type": "python", "module": "harness.drills.chaos_probes", "func": func, "arguments": arguments}
    return {"type": "probe", "name": name, "tolerance": tolerance, "provider": provider}


@pytest.mark.slow
def test_our_probes_are_steady_states_of_an_experiment(tmp_path: Path) -> None:
    log = tmp_path / "executed.jsonl"
    with EmbeddedServer(["--models", "pair", "--no-grpc", "--id-log", str(log)]) as server:
        experiment(
            tmp_path,
            **{
                "steady-state-hypothesis": {
                    "title": "serves, and nothing twice",
                    "probes": [
                        probe("ready", "ready", True, url=server.url),
                        probe("no request fails", "failed_requests", 0, url=server.url, model="pair", seconds=1),
                        probe("nothing twice", "executed_twice", 0, executions=str(log)),
                        probe("not for ever", "p99", {"type": "range", "range": [0, 86000]}, url=server.url, seconds=3),
                    ],
                }
            },
        )
        ran = subprocess.run(
            [
                sys.executable,
                "-m",
                "chaostoolkit",
                "--no-version-check",
                "run",
                "--hypothesis-strategy",
                "before-method-only",
                "experiment.json",
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        said = json.loads((tmp_path / "journal.json").read_text())
        # Only the time of an answer may be odd here: this machine has others to serve.
        states = {
            each["activity"]["name"]: (each["status"], each["tolerance_met"])
            for each in said["steady_states"]["before"]["probes"]
        }
        assert states["ready"] == states["no request fails"] == ("succeeded", True), ran.stdout
        assert states["nothing twice"] == ("succeeded", True)
    assert chaos_probes.ready(server.url) is False
    with pytest.raises(Exception, match="cannot be asked"):
        chaos_probes.failed_requests(server.url, "pair")


def test_executions_are_read_from_lines_and_from_objects(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text('a r1\n{"id":"b","replica":"r1"}\nb\n\n{"id":null}\n{"id":"half')
    assert read_executions("log", str(tmp_path)) == {"a": 1, "b": 2}
    assert chaos_probes.executed_twice(str(log)) == 1
    for source in ("none", "http://127.0.0.1:1/"):
        with pytest.raises(NoExecutions, match="cannot be read"):
            read_executions(source, str(tmp_path))
