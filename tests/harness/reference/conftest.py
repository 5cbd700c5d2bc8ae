"""The reference server as a child process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest


@dataclass
class Child:
    """A running server and the line it printed."""

    process: subprocess.Popen[str]
    url: str
    line: dict[str, object]


Start = Callable[..., Child]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts servers; ends them afterwards."""
    children: list[Child] = []

    def run(*arguments: str) -> Child:
        command = [sys.executable, "-m", "harness.reference", "--exit-with-stdin", *arguments]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        children.append(Child(process, line["url"], line))
        return children[-1]

    yield run
    for child in children:
        child.process.kill()
        child.process.wait()
        for pipe in (child.process.stdin, child.process.stdout, child.process.stderr):
            assert pipe is not None
            pipe.close()
