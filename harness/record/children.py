"""Processes that this one starts for itself: they are not handed the credentials that it was given."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

_OURS = str(Path(__file__).resolve().parents[2])
PATHS = "PYTHONPATH"
# The token, the options of our locustfile, what pytest was given and the name of the item that is carried out.
_HELD = ("ART15_TOKEN", "OIP_", "PYTEST_")


def environment(**more: str) -> dict[str, str]:
    """The environment of such a process: this one's, what is added, and nothing that may be a secret."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_HELD)} | more


def module(name: str, arguments: Sequence[str] = ()) -> tuple[list[str], dict[str, str]]:
    """The command that runs a module of ours, and its environment.

    The working folder may have a folder of our name, which is not looked at.
    """
    paths = os.pathsep.join(filter(None, [_OURS, os.environ.get(PATHS, "")]))
    return [sys.executable, "-P", "-m", name, *arguments], environment(**{PATHS: paths})
