"""Serves a model whose inferences are written to a log, right or wrong (:mod:`tests.endtoend.logged_models`)."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.endtoend.running import ROOT

LOG = "ART15_TESTS_LOG"


@contextlib.contextmanager
def served(log: Path, *arguments: str) -> Iterator[tuple[str, str]]:
    """The addresses over REST and gRPC of such a server, for as long as the context lasts.

    Args:
        log: the file; a suffix ``.db`` stands for a database of SQLite with the table ``inferences``.
    """
    command = [sys.executable, "-m", "tests.endtoend.logged_models", "--port", "0", "--exit-with-stdin", *arguments]
    environ = {**os.environ, LOG: str(log)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            told = json.loads(process.stdout.readline())
            yield str(told["url"]), str(told.get("grpc", ""))
        finally:
            process.stdin.close()
            process.wait(30)
