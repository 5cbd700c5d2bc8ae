"""Probing runs in fresh processes that need not import everything again: what takes 0.8 s a run takes it once.

Each run is a process of its own, forked from one that has imported the harness and run nothing (``forkserver`` of the
standard library), so that no state passes from one run to the next.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

CONTEXT = multiprocessing.get_context("forkserver")
PRELOAD = ["harness.run.preloaded"]


def probing_run(arguments: Sequence[str], environ: Mapping[str, str], output: Path, seconds: float) -> int | None:
    """``pytest ARGUMENTS`` with ``environ`` added; everything printed goes to ``output``.

    Returns:
        The exit code, negative for a signal; None if the run was not over after ``seconds`` and was ended.
    """
    CONTEXT.set_forkserver_preload(PRELOAD)
    process = CONTEXT.Process(target=_run, args=(list(arguments), dict(environ), str(output)))
    process.start()
    process.join(seconds)
    if process.exitcode is None:
        process.kill()
        process.join()
        return None
    return process.exitcode


def _run(arguments: list[str], environ: dict[str, str], output: str) -> None:
    with open(output, "wb", buffering=0) as file:  # noqa: PTH123 -- its descriptor replaces two others
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.update(environ)
    code = pytest.main(arguments)
    sys.stdout.flush()
    os._exit(int(code))  # no atexit of the process that this one was forked from
