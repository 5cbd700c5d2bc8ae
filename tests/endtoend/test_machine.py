"""A machine that fails under a run: full disks, few descriptors, folders taken away, no readers, clocks that jump.

Each ends as documented, without a traceback and never as a finding; the journal reads, and a page is made of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shlex
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.bundle.journal import read
from harness.bundle.places import PACK
from tests.endtoend.mortal import Mortal, after_requests
from tests.endtoend.running import PYTEST, ROOT

pytestmark = pytest.mark.slow

RUN = "--oip-model pair --oip-profile quick --oip-suite conformance -q -p no:cacheprovider"
TESTER = 3
NO_ROOM_TO_BEGIN = 200  # kB
# The catalogue, which a journal begins with, takes some 160 kB of it.
HARDLY_BEGUN = 250
FAKETIME = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)


@pytest.fixture(scope="module")
def server() -> Iterator[Mortal]:
    """A server without faults: whatever fails is the machine of the tester."""
    with Mortal(["--models", "pair"]) as started:
        yield started


def shell(
    server: Mortal, folder: Path, line: str, environ: dict[str, str] | None = None, options: str = RUN
) -> tuple[int, str]:
    """Carry out a line of bash in which ``ART15`` is the run; gives its exit code and everything that was said."""
    run = f"{shlex.quote(str(PYTEST))} --endpoint {server.url} --oip-grpc {server.grpc} {options}"
    command = line.replace("ART15", f"{run} --oip-evidence {shlex.quote(str(folder))}")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")} | (environ or {})
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=ROOT, env=clean, capture_output=True, timeout=600, check=False,
    )  # fmt: skip
    said = (done.stdout + done.stderr).decode()
    assert "Traceback" not in said
    assert "INTERNALERROR" not in said
    return done.returncode, said


def assert_reads(folder: Path) -> dict[str, Any]:
    """The journal is whole but for its end, and `art15 report` makes a bundle that verifies; gives the document."""
    assert not [each for each in read(folder / "journal.jsonl").problems if not each.cut]
    art15 = PYTEST.parent / "art15"
    for command in ("report", "verify"):
        done = subprocess.run([art15, command, folder], capture_output=True, timeout=120, check=False)
        # 3: looked at, and the journal has no end.
        assert done.returncode in ((0,) if command == "report" else (0, TESTER)), done.stdout + done.stderr
    assert not list(folder.rglob(".*"))
    document: dict[str, Any] = json.loads((folder / "evidence.json").read_bytes())
    assert not {"fail", "warn"} & Counter(each["verdict"] for each in document["checks"]).keys()
    return document


@pytest.mark.parametrize("kilobytes", [HARDLY_BEGUN, 400, pytest.param(700, marks=pytest.mark.battery)])
def test_a_file_may_not_grow(kilobytes: int, server: Mortal, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    code, said = shell(server, folder, f"ulimit -f {kilobytes}; ART15")
    assert code == TESTER
    assert "the evidence cannot be written: File too large; the run ends here" in said
    assert assert_reads(folder)["report"]["cut_short"] is True


@pytest.mark.parametrize("size", [NO_ROOM_TO_BEGIN, 500, pytest.param(1500, marks=pytest.mark.battery)])
def test_a_full_disk(size: int, server: Mortal, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", disk], check=False)
    if mounted.returncode:
        pytest.skip("mounting is not allowed")
    try:
        code, said = shell(server, disk / "e", "ART15")
        assert code == TESTER
        assert "No space left on device; the run ends here" in said
        assert not list(disk.rglob(".art15*"))
        if size == NO_ROOM_TO_BEGIN:
            # Not even what the run is about can be written: nothing was sent, and nothing is left.
            assert not (disk / "e").exists()
            return
        shutil.copytree(disk / "e", tmp_path / "evidence")
    finally:
        subprocess.run(["umount", disk], check=True)
    assert assert_reads(tmp_path / "evidence")["report"]["cut_short"] is True


@pytest.mark.parametrize("limit", [36, 44, *(pytest.param(n, marks=pytest.mark.battery) for n in (40, 60, 75, 90))])
def test_few_descriptors(limit: int, server: Mortal, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    code, _ = shell(server, folder, f"ulimit -n {limit}; ART15")
    assert code in (0, TESTER)
    if (folder / "journal.jsonl").exists():
        kinds = {
            each.data.get("error_kind") for each in read(folder / "journal.jsonl").entries if each.kind == "exchange"
        }
        assert kinds <= {None, "tester", "timeout", "closed", "reset"}
        assert_reads(folder)


TAKEN: dict[str, Callable[[Path], object]] = {
    "removed": shutil.rmtree,
    "moved": lambda folder: folder.rename(folder.with_name("elsewhere")),
    "in part": lambda folder: (folder / PACK).unlink(),
}


@pytest.mark.parametrize("how", TAKEN)
def test_evidence_that_is_taken_away(how: str, server: Mortal, tmp_path: Path) -> None:
    folder, over = tmp_path / "evidence", threading.Event()

    def take() -> None:
        # The run may make a folder below in between.
        with contextlib.suppress(OSError):
            TAKEN[how](folder)

    watcher = after_requests(folder, random.Random(how).randrange(20, 300), take, over)
    code, said = shell(server, folder, "ART15")
    over.set()
    watcher.join(10)
    assert code == TESTER
    assert "the evidence cannot be written" in said
    if how == "moved":
        assert_reads(tmp_path / "elsewhere")
    if how != "in part":
        assert not (folder / "report.html").exists()


CUT_SHORT = """
from _pytest.junitxml import LogXML

def cut(log):
    with open(log.logfile, "w") as file:
        file.write("<testsuites><testsuite name='half")
    raise OSError(28, "No space left on device")

LogXML.pytest_sessionfinish = cut
"""


def test_results_for_pytest_that_are_cut_short_keep_no_report_from_being_made(server: Mortal, tmp_path: Path) -> None:
    (tmp_path / "cut_short.py").write_text(CUT_SHORT)
    folder, results = tmp_path / "evidence", tmp_path / "results.xml"
    options = f"{RUN} -k health -p cut_short --junit-xml {shlex.quote(str(results))}"
    code, said = shell(server, folder, "ART15", {"PYTHONPATH": str(tmp_path)}, options)
    assert code == TESTER
    lost = "No space left on device; results.xml was not written whole, and is taken away"
    assert f"art15: not everything could be written ({lost})\n" in said
    assert not results.exists()
    assert (folder / "manifest.json").exists()
    assert assert_reads(folder)["report"]["cut_short"] is False


@pytest.mark.parametrize("line", ["ART15 | read -r line", "ART15 >&-", "ART15 >&- 2>&-", "ART15 2>&1 | head -c 1"])
def test_nobody_reads(line: str, server: Mortal, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    code, said = shell(server, folder, line, options=RUN + " -k health")
    assert code == TESTER
    assert ("standard output is not read" in said) is ("2>" not in line)
    assert assert_reads(folder)["report"]["cut_short"] is False


@pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed: make system")
@pytest.mark.parametrize("jump", ["-3d", "+400d", "-1h"])
def test_the_clock_jumps(jump: str, server: Mortal, tmp_path: Path) -> None:
    folder, over, now = tmp_path / "evidence", threading.Event(), tmp_path / "now"
    now.write_text("+0d")

    def change() -> None:
        now.write_text(jump)

    watcher = after_requests(folder, 60, change, over)
    environ = {
        "LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(now), "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip
    code, said = shell(server, folder, "ART15", environ)
    over.set()
    watcher.join(10)
    assert code == 0, said
    document = assert_reads(folder)
    assert document["report"]["cut_short"] is False
