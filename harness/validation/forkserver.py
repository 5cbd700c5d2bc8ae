"""Probing runs and reference servers in fresh processes that need not import everything again.

Each is a process of its own, forked from one that has imported all of it and run nothing (``forkserver`` of the
standard library), so that no state passes from one to the next. Importing takes 0.8 s for a run and as long for a
server with gRPC; so it is done once.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import runpy
import sys
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from harness.run.embedded import STARTING, STOP_SECONDS, addresses

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
    # Plain: what is imported already cannot be rewritten, and pytest would warn.
    code = pytest.main(["--assert=plain", *arguments])
    sys.stdout.flush()
    os._exit(int(code))  # no atexit of the process that this one was forked from


@contextlib.contextmanager
def forked_server(arguments: Sequence[str] = ()) -> Iterator[tuple[str, str | None]]:
    """``python -m harness.reference ARGUMENTS`` for as long as the context lasts; gives its URL and gRPC address.

    Raises:
        harness.run.embedded.EmbeddedError: it did not start.
    """
    CONTEXT.set_forkserver_preload(PRELOAD)
    # Both directions in one: its standard output, and the standard input with which it ends.
    ours, theirs = CONTEXT.Pipe()
    process = CONTEXT.Process(target=_serve, args=([*STARTING, *arguments], theirs))
    process.start()
    theirs.close()
    try:
        yield addresses(ours.fileno())
    finally:
        ours.close()
        for end in (None, process.terminate, process.kill):
            if end is not None:
                end()
            process.join(STOP_SECONDS)
            if process.exitcode is not None:
                break


def _serve(arguments: list[str], pipe: Connection) -> None:
    os.dup2(pipe.fileno(), 0)
    os.dup2(pipe.fileno(), 1)
    pipe.close()
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 -- for the rest of the process
    sys.argv = ["harness.reference", *arguments]
    code = 1
    try:
        # By name: no room imports the server.
        runpy.run_module("harness.reference", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        os._exit(code)  # no atexit of the process that this one was forked from
