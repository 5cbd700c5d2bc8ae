"""What a user sees: on a terminal, in a log of CI, and with pytest's own options."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.run.embedded import EmbeddedServer
from tests.endtoend.running import PYTEST, ROOT
from tests.harness.run.test_policy_keys import example

pytestmark = pytest.mark.slow

TITLE = "Request ids do not come back"
CHECKS = "rest-infer-echoes-id or rest-live or rest-infer-answers"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def faulty() -> Iterator[str]:
    """A server that drops the id of each request."""
    with EmbeddedServer(["--fault", "drops-request-id", "--models", "echo-fp32"]) as server:
        yield server.url


def seen(url: str, folder: Path, *arguments: str, terminal: bool = False, **environ: str) -> str:
    """The same of some checks."""
    return printed(url, folder, "-k", CHECKS, *arguments, terminal=terminal, **environ)


def printed(url: str, folder: Path, *arguments: str, terminal: bool = False, **environ: str) -> str:
    """Everything that a run prints that finds something, to a terminal of 120 columns or to a pipe."""
    command = [str(PYTEST), "--endpoint", url, "--oip-evidence", str(folder), *arguments]
    left_out = ("PYTEST", "NO_COLOR", "FORCE_COLOR", "PY_COLORS", "CI", "TERM", "COLUMNS")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    ours, theirs = pty.openpty() if terminal else os.pipe()
    try:
        if terminal:
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        process = subprocess.Popen(
            command, cwd=ROOT, env={**clean, "TERM": "xterm", **environ}, stdin=subprocess.DEVNULL,
            stdout=theirs, stderr=theirs,
        )  # fmt: skip
    finally:
        os.close(theirs)
    pieces = []
    with os.fdopen(ours, "rb", buffering=0) as file:
        try:
            while piece := file.read(1 << 16):
                pieces.append(piece)
        except OSError:
            pass  # the other end of a terminal was closed
    assert process.wait(60) == 1
    return b"".join(pieces).decode().replace("\r\n", "\n")


def news(text: str) -> list[str]:
    """The lines of ours at the end, without pytest's last one."""
    lines = text.rstrip("\n").split("\n")
    assert re.search(r"1 failed.* in [\d.]+s", lines[-1])
    return lines[max(at for at, line in enumerate(lines) if "= art15 =" in line) + 1 : -1]


def test_the_end_is_the_news_and_nothing_is_told_twice(faulty: str, tmp_path: Path) -> None:
    text = seen(faulty, tmp_path / "e")
    assert not COLOUR.search(text)
    assert "\r" not in text
    assert "FAILURES" not in text
    assert "short test summary" not in text
    assert text.count(TITLE) == 1
    lines = news(text)
    assert len(lines) <= 10
    assert [line.partition(":")[0] for line in lines[:3]] == ["checks", "Contradicted", "Silent on"]
    assert any(line == f"report: {tmp_path}/e/report.html" for line in lines)
    assert lines[-1] == "exit code 1: 1 check failed (rest-infer-echoes-id[echo-fp32])"


def test_a_terminal_shows_progress_in_one_line(faulty: str, tmp_path: Path) -> None:
    load = ("-k", f"{CHECKS} or load-closed-loop", "--oip-allow", "load", "--oip-profile", "quick")
    text = seen(faulty, tmp_path / "e", *load, terminal=True)
    assert COLOUR.search(text)
    plain = COLOUR.sub("", text)
    shown = list(dict.fromkeys(part.strip() for part in plain.split("\r") if part.startswith("check ")))
    steps = [part for part in shown if ": step " in part]
    assert re.search(r"check \d of \d: load-closed-loop echo-fp32: step 1 of 2 \(closed loop, 4 at once\)", steps[0])
    assert ": step 2 of 2 (closed loop, 32 at once)" in steps[-1]
    shown = [part for part in shown if " echo-fp32: " not in part]
    assert len(shown) == int(shown[0].split()[3].rstrip(":,"))
    assert shown[-1].partition(",")[0].partition(":")[0] == f"check {len(shown)} of {len(shown)}"
    assert "suites/conformance" not in plain
    assert len(news(plain)) <= 10


def test_whoever_wants_no_colour_gets_none(faulty: str, tmp_path: Path) -> None:
    text = seen(faulty, tmp_path / "e", terminal=True, NO_COLOR="1")
    assert "\x1b" not in text
    assert "\rcheck 2 of " in text
    assert news(text)


@pytest.mark.parametrize(
    ("asked", "words"), [("-v", "repeat: (cd "), ("--tb=short", "= FAILURES ="), ("-rf", "= short test")]
)
def test_options_of_pytest_work(faulty: str, tmp_path: Path, asked: str, words: str) -> None:
    text = seen(faulty, tmp_path / "e", asked)
    assert words in text
    assert text.count(TITLE) == 1


def test_the_example_of_the_policy_is_run(faulty: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(example())
    seen(faulty, tmp_path / "e", "--oip-policy", str(policy))
    kept = json.loads((tmp_path / "e" / "plan.json").read_bytes())["policy"]
    assert kept["item"]["system"] == "Credit scoring"
