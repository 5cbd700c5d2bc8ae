"""Commands that write: the same words and the same exit codes, whichever it is."""

from __future__ import annotations

import errno
import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.commands.group import say
from harness.commands.writing import CannotWrite, hand_on
from harness.record.disk import REFUSES
from reports.bundle import finish, write_whole
from tests.endtoend.running import PYTEST
from tests.reports import factory

ART15 = PYTEST.parent / "art15"
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]")
Arguments = Callable[[str], list[str]]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("written") / "evidence"
    factory.finished(folder)
    finish(folder)
    return str(folder)


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From the call on, no file can be written to its end."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    return lambda: monkeypatch.setattr(os, "fsync", full)


TO_FILE: dict[str, Arguments] = {
    "export": lambda bundle: ["export", "sarif", bundle],
    "history": lambda bundle: ["history", bundle],
    "baseline": lambda bundle: ["baseline", bundle],
    "plan": lambda _: ["plan", "--endpoint", "http://127.0.0.1:9"],
}
TO_OUTPUT: dict[str, Arguments] = {
    "export": TO_FILE["export"],
    "issue": lambda bundle: ["issue", "rest-infer-echoes-id", bundle],
    "diff as JSON": lambda bundle: ["diff", "--json", bundle, bundle],
    "policy": lambda _: ["policy", "--schema"],
    "verify": lambda bundle: ["verify", bundle],
}


def told(arguments: list[str], output: Path) -> tuple[int, str]:
    ran = CliRunner().invoke(main, [*arguments, "-o", str(output)])
    return ran.exit_code, ran.output


@pytest.mark.parametrize("name", TO_FILE)
def test_a_file_that_cannot_be_written_ends_with_3(name: str, bundle: str, tmp_path: Path) -> None:
    arguments = TO_FILE[name](bundle)
    missing = tmp_path / "no" / "such"
    assert told(arguments, missing) == (3, f"Error: {missing} cannot be written: No such file or directory\n")
    code, text = told(arguments, tmp_path)
    assert (code, text.startswith(f"Error: {tmp_path} cannot be written: ")) == (3, True)
    full = Path("/dev/full")
    if name != "plan":
        assert told(arguments, full) == (3, f"Error: {full} cannot be written: No space left on device\n")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over_but_as_a_whole(bundle: str, tmp_path: Path, full_disk: Callable[[], None]) -> None:
    written = tmp_path / "findings.sarif"
    assert told(TO_FILE["export"](bundle), written) == (0, f"{written}\n")
    before = written.read_bytes()
    linked = tmp_path / "link"
    linked.symlink_to(written)
    assert told(["export", "csv", bundle], linked)[0] == 0
    assert linked.is_symlink()
    assert written.read_bytes() != before
    before = written.read_bytes()
    full_disk()
    assert told(TO_FILE["export"](bundle), written)[0] == 3
    assert written.read_bytes() == before
    assert {each.name for each in tmp_path.iterdir()} == {"findings.sarif", "link"}


def test_a_file_stays_as_private_as_it_was_and_a_new_one_is_like_any(bundle: str, tmp_path: Path) -> None:
    kept, new, usual = tmp_path / "kept", tmp_path / "new", tmp_path / "usual"
    usual.touch()
    for mode in (0o600, 0o640, 0o400):
        kept.touch()
        os.chown(kept, -1, 12345 if os.geteuid() == 0 else os.getgid())
        kept.chmod(mode)
        group = kept.stat().st_gid
        assert told(TO_FILE["export"](bundle), kept)[0] == 0
        assert (kept.stat().st_mode & 0o777, kept.stat().st_gid) == (mode, group)
    assert told(TO_FILE["export"](bundle), new)[0] == 0
    assert new.stat().st_mode == usual.stat().st_mode
    assert new.read_bytes() == kept.read_bytes()


def test_a_group_that_cannot_be_kept_gives_another_no_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "kept"
    kept.touch()
    kept.chmod(0o664)

    def refused(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refused)
    write_whole(kept, [b"new"])
    assert kept.stat().st_mode & 0o777 == 0o604


def test_what_another_command_is_writing_is_left_to_it(tmp_path: Path, full_disk: Callable[[], None]) -> None:
    """Two write one file at once: the first is in the middle of it, or was killed there."""
    written = tmp_path / "same"
    theirs = tmp_path / ".art15-writing-same"
    theirs.write_text("half")

    def pieces() -> Iterator[bytes]:
        yield b"first "
        write_whole(written, [b"second"])
        assert written.read_bytes() == b"second"
        yield b"whole"

    write_whole(written, pieces())
    assert written.read_bytes() == b"first whole"
    full_disk()
    with pytest.raises(OSError, match="No space"):
        write_whole(written, [b"third"])
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {
        "same": "first whole",
        theirs.name: "half",
    }


@pytest.mark.parametrize(("call", "why"), [("open", errno.EACCES), ("open", errno.EROFS), ("replace", errno.EBUSY)])
def test_a_file_in_a_folder_that_takes_no_new_one_is_written_in_place(
    call: str, why: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EBUSY: the file is a mount by itself, as a container is given one."""
    written, real = tmp_path / "written", getattr(os, call)
    written.write_text("a longer one")
    written.chmod(0o600)
    same = written.stat().st_ino

    def refused(path: object, *rest: Any, **more: Any) -> Any:
        if ".art15-writing-" in str(path):
            raise OSError(why, os.strerror(why))
        return real(path, *rest, **more)

    monkeypatch.setattr(os, call, refused)
    hand_on(b"new", written)
    assert (written.read_bytes(), written.stat().st_ino, written.stat().st_mode & 0o777) == (b"new", same, 0o600)
    with pytest.raises(CannotWrite, match=re.escape(os.strerror(why))):
        hand_on(b"new", tmp_path / "other")
    assert [each.name for each in tmp_path.iterdir()] == ["written"]


def test_links_in_a_circle_are_no_file(bundle: str, tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    said = f"Error: {loop} cannot be written: Too many levels of symbolic links\n"
    assert told(TO_FILE["export"](bundle), loop) == (3, said)
    assert loop.is_symlink()


@pytest.mark.parametrize("why", sorted(REFUSES))
def test_whatever_refuses_output_is_told_in_a_line(
    why: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As `ulimit -f 0; art15 policy --schema > file` does."""

    def refused(*_: object, **__: object) -> None:
        raise OSError(why, os.strerror(why))

    monkeypatch.setattr("harness.commands.writing.click.echo", refused)
    monkeypatch.setattr("harness.run.terminal.output.silence", lambda _: None)
    with pytest.raises(SystemExit) as ended:
        main(["policy", "--schema"])
    assert ended.value.code == 3
    assert capfd.readouterr().err == f"art15: standard output cannot be written: {os.strerror(why)}\n"


def test_a_bundle_on_a_full_disk_ends_with_3(bundle: str, tmp_path: Path, full_disk: Callable[[], None]) -> None:
    copied = tmp_path / "evidence"
    shutil.copytree(bundle, copied)
    full_disk()
    ran = CliRunner().invoke(main, ["report", str(copied)])
    assert (ran.exit_code, ran.output) == (3, f"Error: {copied} cannot be written: No space left on device\n")


def test_a_plan_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("mine")
    assert told(TO_FILE["plan"](""), path) == (3, f"Error: {path} cannot be written: File exists\n")
    assert path.read_text() == "mine"


@pytest.mark.slow
@pytest.mark.parametrize("name", TO_OUTPUT)
def test_output_that_cannot_be_written_ends_with_3(name: str, bundle: str) -> None:
    line = '"$@" > /dev/full; echo "$?" >&2; "$@" | true; echo "${PIPESTATUS[0]}" >&2'
    command = ["bash", "-c", line, "bash", str(ART15), *TO_OUTPUT[name](bundle)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    full = "art15: standard output cannot be written: No space left on device\n"
    assert done.stderr in (f"{full}3\n3\n", f"{full}3\n0\n"), done.stderr


def test_a_terminal_gets_text_and_a_pipe_gets_bytes(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = "a\x1b[2Jb\u202ec\x9d\x7f\nd\n".encode() + b"\xff\n"
    hand_on(evil)
    assert capfdbinary.readouterr().out == evil
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal, os.fdopen(ours, "rb", buffering=0) as screen:
        monkeypatch.setattr(sys, "stdout", terminal)
        hand_on(evil)
        terminal.flush()
        text = screen.read(4096).decode().replace("\r\n", "\n")
    assert text == "a‹U+001B›[2Jb‹U+202E›c‹U+009D›‹U+007F›\nd\n\\xff\n"


def test_an_encoding_that_lacks_a_sign_ends_no_command(bundle: str, tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    line = [str(ART15), "export", "csv", bundle, "-o", str(tmp_path / "漢.csv")]
    done = subprocess.run(line, env=environ, capture_output=True, timeout=120)
    assert (done.returncode, done.stdout.decode("latin-1")) == (0, f"{tmp_path}/\\u6f22.csv\n")


def test_what_is_said_is_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\x1b[2J\u202e\nb")
    assert not RAW.search(capsys.readouterr().out)
