"""The ledger of a plan: nothing is taken from it unseen, and two runs at once are both in it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from harness.bundle.ledger import MAX_LEDGER, Ledger, LedgerRefused, RunEnding, read_ledger

PLAN = "a" * 64


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A ledger without a run."""
    made = Ledger(tmp_path / "plan.ledger.jsonl", PLAN)
    made.create()
    return made


def ending(number: int, run: str, how: str = "finished") -> RunEnding:
    return RunEnding(number=number, run=run, ended=how)


def test_runs_are_numbered_and_stay(ledger: Ledger) -> None:
    for number, run in enumerate(("one", "two", "three"), 1):
        reading, data = ledger.start(run)
        assert (reading.runs[-1].number, reading.began[number]) == (number, reading.head)
        assert data == ledger.path.read_bytes()
    ledger.end(ending(2, "two", "SIGINT"))
    reading = ledger.read()
    assert [(run.run, run.ending.ended if run.ending else "") for run in reading.runs] == [
        ("one", ""),
        ("two", "SIGINT"),
        ("three", ""),
    ]
    assert [run.run for run in reading.open_runs] == ["one", "three"]


def test_every_change_is_refused(ledger: Ledger) -> None:
    """Any byte, any line but the last taken away, put twice or out of its order."""
    for run in ("one", "two"):
        number = len(ledger.start(run)[0].runs)
        ledger.end(ending(number, run))
    data = ledger.path.read_bytes()
    lines, dice = data.splitlines(keepends=True), random.Random(15)
    changed = [data[:at] + bytes([data[at] ^ (1 << dice.randrange(8))]) + data[at + 1 :] for at in range(len(data))]
    changed += [b"".join(lines[:at] + lines[at + 1 :]) for at in range(len(lines) - 1)]
    changed += [b"".join([*lines[: at + 1], *lines[at:]]) for at in range(len(lines))]
    changed += [b"".join([*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]) for at in range(len(lines) - 1)]
    changed += [data[:at] for at in range(len(data)) if data[at - 1 : at] != b"\n"]
    missed = []
    for each in changed:
        try:
            reading = read_ledger(each)
        except LedgerRefused:
            continue
        # The last line has nothing after it: a change of it is another head, and the digest of the plan another plan.
        if reading.head == read_ledger(data).head:
            missed.append(each)
    assert missed == []


def test_the_last_line_alone_can_be_otherwise_and_then_the_head_is(ledger: Ledger) -> None:
    before = ledger.start("one")[0]
    after = ledger.start("two")[0]
    cut = b"".join(ledger.path.read_bytes().splitlines(keepends=True)[:-1])
    assert read_ledger(cut).head == before.head
    assert after.head not in read_ledger(cut).heads


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"{", "line 1 is cut"),
        (b"{}\n", "line 1"),
        (b"[" * 100_000 + b"\n", "line 1"),
        (b"x" * 9000 + b"\n", "too long"),
        (b"\xff\n", "line 1"),
    ],
)
def test_what_is_no_ledger_is_refused(ledger: Ledger, data: bytes, words: str) -> None:
    ledger.path.write_bytes(data)
    with pytest.raises(LedgerRefused, match=words):
        ledger.start("one")
    assert ledger.path.read_bytes() == data


def test_a_ledger_of_another_plan_is_refused(ledger: Ledger) -> None:
    with pytest.raises(LedgerRefused, match="another plan"):
        Ledger(ledger.path, "b" * 64).start("one")


def test_what_is_no_file_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    ledger.path.rename(tmp_path / "elsewhere")
    with pytest.raises(FileNotFoundError):
        ledger.start("one")
    ledger.path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        ledger.start("one")
    ledger.path.unlink()
    os.mkfifo(ledger.path)
    with pytest.raises(OSError, match=r"\w"):
        ledger.start("one")


def test_a_large_one_is_refused_unread(ledger: Ledger) -> None:
    with ledger.path.open("r+b") as file:
        file.truncate(MAX_LEDGER + 1)
    with pytest.raises(LedgerRefused, match="16 MiB"):
        ledger.read()


@pytest.mark.parametrize("wrong", [ending(1, "two"), ending(2, "one"), ending(0, "one")])
def test_an_ending_belongs_to_its_run(ledger: Ledger, wrong: RunEnding) -> None:
    data = ledger.start("one")[1]
    with pytest.raises(LedgerRefused, match="ends run"):
        ledger.end(wrong)
    assert ledger.path.read_bytes() == data


@pytest.mark.slow
def test_two_runs_at_once_are_both_in_it(ledger: Ledger) -> None:
    code = (
        "import sys; from pathlib import Path; from harness.bundle.ledger import Ledger\n"
        "for each in range(20): Ledger(Path(sys.argv[1]), 'a' * 64).start(f'{sys.argv[2]}{each}')"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, str(ledger.path), name]) for name in "xy"]
    assert [each.wait(60) for each in both] == [0, 0]
    reading = ledger.read()
    assert [run.number for run in reading.runs] == list(range(1, 41))
    assert len({run.run for run in reading.runs}) == 40


def test_a_line_that_could_not_be_written_leaves_none(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    data = ledger.start("one")[1]

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        ledger.start("two")
    assert ledger.path.read_bytes() == data
