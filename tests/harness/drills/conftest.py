"""What the tests of drills share: replicas, and drills that are declared as in a policy."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from harness.drills.commands import start
from harness.drills.declared import Drill
from harness.drills.faults.processes import OwnedProcess
from harness.drills.kinds import ProcessTable
from tests.ports import free_port

REPLICA = Path(__file__).with_name("replica.py")
Started = Callable[[str], ProcessTable]


def drill_of(fault: str, folder: Path | str = "", **more: object) -> Drill:
    """A drill whose fault is written as in a policy."""
    table = {"name": "d", "fault": tomllib.loads(fault), "folder": str(folder), **more}
    return msgspec.convert(table, Drill)


def asked(table: ProcessTable) -> int:
    """The process id of the replica that answers."""
    return int(httpx.get(table.ready, timeout=5, trust_env=False).text)


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Started]:
    """Starts replicas, each with a file of its process id, and ends them whoever started them last."""
    tables: list[ProcessTable] = []
    children: list[subprocess.Popen[bytes]] = []

    def begun(name: str) -> ProcessTable:
        port, file = free_port(), f"{name}.pid"
        table = ProcessTable(
            name=name,
            pid_file=file,
            start=[sys.executable, str(REPLICA), str(port), file],
            ready=f"http://127.0.0.1:{port}/",
            stop_s=5,
        )
        tables.append(table)
        children.append(start(table.start or [], folder=str(tmp_path)))
        OwnedProcess(table, str(tmp_path)).until_ready()
        return table

    yield begun
    for table in tables:
        with contextlib.suppress(OSError, ValueError):
            os.kill(int((tmp_path / table.pid_file).read_text()), signal.SIGKILL)
    for child in children:
        child.kill()
        child.wait()


def declared(table: ProcessTable) -> str:
    """A process as it is written in a policy, as an inline table."""
    words = ", ".join(f"'{word}'" for word in table.start or [])
    fields = f"pid_file = '{table.pid_file}', start = [{words}], ready = '{table.ready}', stop_s = 5"
    return f"{{name = '{table.name}', {fields}}}"


def hooks(*, more: str = "", **codes: str) -> str:
    """A fault by hooks, each of them a line of Python."""
    commands = (f"{name} = {json.dumps([sys.executable, '-c', code])}" for name, code in codes.items())
    return "\n".join(["kind = 'hooks'", *commands, more])


def until(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether something comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return False
