"""How the reference server is started as a process of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from harness.record.children import environment

OURS = str(Path(__file__).resolve().parents[2])


def command(*arguments: str) -> list[str]:
    """The command line of a reference server."""
    # A project that somebody is in may have a folder of our name: it is not looked at (-P).
    return [sys.executable, "-P", "-m", "harness.reference", *arguments]


def surroundings() -> dict[str, str]:
    """The environment that it is started in."""
    return environment(PYTHONPATH=os.pathsep.join(filter(None, [OURS, os.environ.get("PYTHONPATH", "")])))
