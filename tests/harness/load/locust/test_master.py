"""What master and workers say to each other: no credentials where the plan can be read from its file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.harness.load.runs import plan_of

SECRET = "Bearer only-in-the-file-77"
# In a process of its own: importing locust patches the interpreter.
TALK = """
import sys
from pathlib import Path
from types import SimpleNamespace
from harness.load.locust.master import Master, WorkerState
from harness.load.plan.load_plan import read_plan

said = []
runner = SimpleNamespace(register_message=lambda *_: None, send_message=lambda *given, **_: said.append(given))
conductor = Master(SimpleNamespace(parsed_options=None), runner)
conductor._nodes = {"a": WorkerState("a", 0, lost="so that nobody waits for it")}
plan, folder = Path(sys.argv[1]), Path(sys.argv[2])
conductor.run(read_plan(plan), folder, *map(int, sys.argv[3:]))
print(said)
"""


@pytest.mark.parametrize("shared", [True, False])
def test_a_plan_that_workers_can_read_does_not_travel(shared: bool, tmp_path: Path) -> None:
    plan = msgspec.structs.replace(plan_of(), headers=(("Authorization", SECRET),))
    file = tmp_path / "plan.json"
    plan.write(file)
    command = [sys.executable, "-c", TALK, str(file), str(tmp_path), *(["77"] if shared else [])]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert "oip_plan" in said
    assert (SECRET in said) is not shared
    assert ("'shared': 77" in said) is shared
