"""Whatever a stranger's bundle holds: an answer within ten seconds and 500 MB, and never a traceback."""

from __future__ import annotations

import gc
import os
import re
import resource
import shutil
import signal
import sys
import time
from pathlib import Path

import click
import pytest

from harness.cli import main
from reports.bundle import finish
from reports.comparison.compare import compare
from reports.comparison.page import history_page
from reports.verification.verify import verify
from tests.reports import factory
from tests.reports.hostile_bundles import HOSTILE, OF_FILES, RIGHT, WRONG

CPU_SECONDS = 10
MAX_BYTES = 500 << 20
# What `art15 verify` takes of a bundle of ours.
FRESH_BYTES = 40 << 20
# For what waits for ever; processor time is what is held to the limit, as the machine may have others to serve.
PATIENCE = 120
_RAW = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]|Traceback")


def spoiled(name: str, bundles: dict[bool, Path], folder: Path) -> tuple[Path, set[int]]:
    bundle = folder / "evidence"
    shutil.copytree(bundles[name not in OF_FILES], bundle)
    return bundle, HOSTILE[name](bundle) or {WRONG}


def called(folder: Path, *arguments: str) -> tuple[int, str, float, int]:
    """Exit code, output, seconds of processor and bytes of memory of a command in a process of its own.

    What this process holds is not the command's: after thousands of other tests that may be hundreds of megabytes.
    """
    output = folder.parent / "output"
    virtual, inherited = (
        int(pages) * resource.getpagesize() for pages in Path("/proc/self/statm").read_text().split()[:2]
    )
    child = os.fork()
    if child == 0:  # pragma: no cover -- another process
        _become(output, arguments, virtual + (3 << 30))
    started = time.monotonic()
    while True:
        done, status, used = os.wait4(child, os.WNOHANG)
        if done:
            break
        if time.monotonic() - started > PATIENCE:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.01)
    code = os.waitstatus_to_exitcode(status)
    memory = max(0, used.ru_maxrss * 1024 - inherited) + FRESH_BYTES
    return code, output.read_text("utf-8", "backslashreplace"), used.ru_utime + used.ru_stime, memory


def _become(output: Path, arguments: tuple[str, ...], most: int) -> None:  # pragma: no cover -- another process
    # Else its collector goes through all that earlier tests left, and copies each page of it that it touches.
    gc.freeze()
    code = 99
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        sys.stdout, sys.stderr = (open(each, "w", closefd=False) for each in (1, 2))  # noqa: SIM115
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        try:
            main(list(arguments), standalone_mode=True)
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 98
        except click.exceptions.Exit as error:
            code = error.exit_code
        except BaseException:  # noqa: BLE001 -- what escapes is the finding
            sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


# Those that take long to make; the others are quick, and a third of them is looked at on every commit. All of them, and
# not only those of the day, are gone through by `make validate`.
_HEAVY = re.compile("million|many|may be|without an end|gzip|facts|hundred|two million")
_WAYS = [
    pytest.param(name, marks=[pytest.mark.slow, pytest.mark.battery] if _HEAVY.search(name) or place % 3 else [])
    for place, name in enumerate(HOSTILE)
]


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """Finished bundles that verify: with a pack (True), and with files as exchanges."""
    return {packed: made(tmp_path_factory.mktemp("plain") / "evidence", packed=packed) for packed in (True, False)}


def made(folder: Path, *, packed: bool) -> Path:
    factory.finished(folder, packed=packed)
    finish(folder)
    assert verify(folder).problems == []  # and everything is imported before a process is forked
    assert {compare.__module__, history_page.__module__} <= sys.modules.keys()
    return folder


def test_there_are_sixty() -> None:
    assert len(HOSTILE) >= 60


@pytest.mark.parametrize("name", _WAYS)
def test_verify_answers(name: str, bundles: dict[bool, Path], tmp_path: Path) -> None:
    bundle, codes = spoiled(name, bundles, tmp_path)
    code, output, seconds, memory = called(bundle, "verify", str(bundle))
    assert code in codes, output
    assert not _RAW.search(output), output
    assert (code == RIGHT) == output.startswith("self-consistent, signer unknown\n")
    assert seconds < CPU_SECONDS
    assert memory < MAX_BYTES


@pytest.mark.parametrize("name", _WAYS)
def test_other_commands_answer(name: str, bundles: dict[bool, Path], tmp_path: Path) -> None:
    bundle, _ = spoiled(name, bundles, tmp_path)
    outside = {path.name for path in tmp_path.iterdir()}
    commands = {
        ("replay", str(bundle), "no-such-check"): (4, 5),
        ("diff", str(bundles[True]), str(bundle)): (0, 1, 4),
        ("history", str(bundles[True]), str(bundle)): (0, 4),
        ("report", str(bundle)): (0, 4),
        ("export", "har", str(bundle)): (0, 4),
        ("drills", str(bundle)): (1, 4),
        ("issue", "rest-infer-echoes-id", str(bundle)): (0, 1, 4),
    }
    for arguments, codes in commands.items():
        code, output, seconds, memory = called(bundle, *arguments)
        assert code in codes, output
        assert not _RAW.search(output), output
        assert seconds < CPU_SECONDS, arguments
        assert memory < MAX_BYTES, arguments
    assert {path.name for path in tmp_path.iterdir()} - {"output"} == outside
