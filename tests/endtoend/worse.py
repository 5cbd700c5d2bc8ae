"""Serves models that are worse than they were trained to be (:mod:`tests.endtoend.worse_models`)."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator

from tests.endtoend.running import ROOT

LARGE = 14.0
"""Tumours whose mean radius, the first feature, is above this are a group of their own."""


@contextlib.contextmanager
def served(*arguments: str) -> Iterator[str]:
    """The URL of such a server, for as long as the context lasts."""
    command = [sys.executable, "-m", "tests.endtoend.worse_models", "--port", "0", "--exit-with-stdin", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield str(json.loads(process.stdout.readline())["url"])
        finally:
            process.stdin.close()
            process.wait(30)
