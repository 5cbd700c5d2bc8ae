"""A tester that is ended, or short of descriptors, while it makes load: documented codes, evidence, no process left."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.endtoend.mortal import Mortal
from tests.endtoend.running import PYTEST, ROOT
from tests.endtoend.test_machine import TESTER, assert_reads, shell

pytestmark = pytest.mark.slow

LOAD = "--oip-model pair --oip-profile quick --oip-allow load -k load-steady -q -p no:cacheprovider"
INTERRUPTED = 2
# 1: load was asked for by name, and some of it could not be tested.
ENDS = (0, 1, TESTER)
PATIENCE_S = 60.0
GONE_S = 10.0
POLICY = "[load]\nrate = 100\nseconds = 6\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Mortal]:
    """A server without faults: whatever fails is the machine of the tester."""
    with Mortal(["--models", "pair"]) as started:
        yield started


def generators(folder: Path) -> list[int]:
    """Processes of load generators whose homes are below a folder for temporary files."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            if str(each.joinpath("cwd").readlink()).startswith(f"{folder}/art15-load-"):
                found.append(int(each.name))
        except OSError:
            continue
    return found


def assert_none_left(folder: Path) -> None:
    """All of them end soon, and nothing of theirs lies about."""
    until = time.monotonic() + GONE_S
    while generators(folder) and time.monotonic() < until:
        time.sleep(0.1)
    assert generators(folder) == []


@pytest.mark.parametrize("limit", [40, 56, *(pytest.param(n, marks=pytest.mark.battery) for n in (36, 46, 50, 64, 90))])
def test_few_descriptors(limit: int, server: Mortal, tmp_path: Path) -> None:
    folder, temporary = tmp_path / "evidence", tmp_path / "temporary"
    temporary.mkdir()
    code, said = shell(server, folder, f"ulimit -n {limit}; ART15", {"TMPDIR": str(temporary)}, options=LOAD)
    assert code in ENDS, said
    assert_none_left(temporary)
    assert not list(temporary.iterdir())
    if (folder / "journal.jsonl").exists():
        assert_reads(folder)


@pytest.mark.parametrize("after", [0.0, pytest.param(1.5, marks=pytest.mark.battery)])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_signal_while_load_runs(number: signal.Signals, after: float, server: Mortal, tmp_path: Path) -> None:
    folder, temporary, policy = tmp_path / "evidence", tmp_path / "temporary", tmp_path / "policy.toml"
    temporary.mkdir()
    policy.write_text(POLICY)
    own = ("--oip-policy", str(policy), "--oip-evidence", str(folder))
    command = [str(PYTEST), "--endpoint", server.url, *LOAD.split(), *own]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    with (tmp_path / "said").open("wb") as said:
        process = subprocess.Popen(
            command, cwd=ROOT, env=clean | {"TMPDIR": str(temporary)}, stdout=said, stderr=subprocess.STDOUT
        )
        until = time.monotonic() + PATIENCE_S
        while not generators(temporary) and time.monotonic() < until:
            time.sleep(0.02)
        assert generators(temporary), "no load within a minute"
        time.sleep(after)
        process.send_signal(number)
        code = process.wait(PATIENCE_S)
    told = (tmp_path / "said").read_text()
    assert code == (-number if number is signal.SIGKILL else INTERRUPTED), told
    assert "Traceback" not in told
    assert "INTERNALERROR" not in told
    assert_none_left(temporary)
    assert assert_reads(folder)["report"]["cut_short"] is True
    if number is not signal.SIGKILL:
        assert "planned checks" in told
        assert not list(temporary.iterdir())
