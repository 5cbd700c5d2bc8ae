"""The journal: what is written is read, and no change to it goes unseen."""

from __future__ import annotations

import hashlib
import json
import math
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.bundle.journal import GENESIS, Journal, read

PLAN = "b" * 64
Edit = Callable[[list[bytes]], list[bytes]]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    journal = Journal(path, PLAN)
    for number in range(4):
        journal.append("open" if number == 0 else "deviation", {"text": f"line {number} ü"})
    journal.append("close", {"exit_code": 0})
    journal.close()
    return path


def test_what_was_written_is_read(original: Path) -> None:
    reading = read(original, PLAN)
    assert [entry.kind for entry in reading.entries] == ["open", "deviation", "deviation", "deviation", "close"]
    assert reading.problems == []
    assert reading.complete
    last = original.read_bytes().splitlines()[-1]
    assert reading.head == hashlib.sha256(last).hexdigest()


def test_append_gives_the_digest_of_the_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", PLAN)
    assert journal.head == GENESIS
    digest = journal.append("open", {})
    journal.close()
    line = (tmp_path / "j").read_bytes().removesuffix(b"\n")
    assert digest == journal.head == hashlib.sha256(line).hexdigest()
    assert json.loads(line)["plan"] == PLAN
    assert journal.lines == 1


def test_a_journal_is_never_continued(tmp_path: Path) -> None:
    Journal(tmp_path / "j", PLAN).close()
    with pytest.raises(FileExistsError):
        Journal(tmp_path / "j", PLAN)


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_a_number_that_json_does_not_have_is_refused(tmp_path: Path, number: float) -> None:
    journal = Journal(tmp_path / "j", PLAN)
    with pytest.raises(ValueError, match="Out of range"):
        journal.append("open", {"x": number})
    assert (tmp_path / "j").read_bytes() == b""
    journal.close()


def test_a_lone_surrogate_does_not_break_the_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", PLAN)
    journal.append("deviation", {"text": "a\ud800b"})
    journal.close()
    assert read(tmp_path / "j").entries[0].data == {"text": "a&#55296;b"}


def test_threads_write_whole_lines_in_one_chain(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", PLAN)
    threads = [
        threading.Thread(target=lambda: [journal.append("deviation", {"text": "x" * 500}) for _ in range(50)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    reading = read(tmp_path / "j", PLAN)
    assert reading.problems == []
    assert len(reading.entries) == 200


def test_a_cut_last_line_is_told_and_the_rest_is_read(original: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    cut.write_bytes(original.read_bytes()[:-5])
    reading = read(cut, PLAN)
    assert len(reading.entries) == 4
    assert [(problem.line, problem.cut) for problem in reading.problems] == [(5, True)]
    assert not reading.complete


def test_a_missing_tail_is_not_complete(original: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    cut.write_bytes(b"".join(original.read_bytes().splitlines(keepends=True)[:-1]))
    reading = read(cut, PLAN)
    assert reading.problems == []
    assert not reading.complete
    assert reading.head != read(original).head


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (lambda lines: [lines[0], b"not json\n", *lines[2:]], 2, "not a journal line"),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], 2, "chain is broken"),
        (lambda lines: [*lines[:1], *lines[2:]], 2, "chain is broken"),
        (lambda lines: [*lines[:2], lines[2].replace(b"line 2", b"line 9"), *lines[3:]], 4, "chain is broken"),
    ],
)
def test_a_changed_line_is_named(original: Path, tmp_path: Path, change: Edit, line: int, words: str) -> None:
    path = tmp_path / "changed"
    path.write_bytes(b"".join(change(original.read_bytes().splitlines(keepends=True))))
    first = read(path, PLAN).problems[0]
    assert first.line == line
    assert words in first.text


def test_another_plan_is_told(original: Path) -> None:
    problems = read(original, "c" * 64).problems
    assert [problem.line for problem in problems] == [1], "the digests of the lines carry it on"
    assert "another plan" in problems[0].text


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_flip_and_no_cut_goes_unseen(
    original: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = original.read_bytes()
    position = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        changed = whole[:position]
    else:
        flip = data.draw(st.integers(1, 255))
        changed = whole[:position] + bytes([whole[position] ^ flip]) + whole[position + 1 :]
    path = tmp_path_factory.getbasetemp() / "flipped"
    path.write_bytes(changed)
    before, after = read(original, PLAN), read(path, PLAN)
    assert after.problems or not after.complete or after.head != before.head
    assert (after.head, len(after.entries)) != (before.head, len(before.entries)) or after.problems
