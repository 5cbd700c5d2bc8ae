"""What cannot be recorded is not sent, a journal always reads, and what this machine lacks blames nobody else."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.budget import Budget
from harness.bundle.events import ExchangeSeen
from harness.bundle.journal import Journal, read
from harness.bundle.places import PACK
from harness.check import TesterFailed as CouldNot
from harness.record.disk import CannotRecord, Disk
from harness.record.redact import Redactor
from harness.record.store import ExchangeStore, Recorder
from harness.wire.access import Access
from harness.wire.duplex import Piece
from harness.wire.rawhttp import send_raw
from harness.wire.rest import RestClient
from harness.wire.rpc import GrpcClient

from .test_redact import EXCHANGE

PLAN = "0" * 64


def lines(path: Path) -> list[str]:
    """Kinds of the lines of a journal that must be whole."""
    reading = read(path)
    assert not reading.problems
    return [entry.kind for entry in reading.entries]


@pytest.mark.parametrize("taken", [0, 1, 40])
def test_a_line_that_could_not_be_written_leaves_no_part(
    taken: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.jsonl"
    journal, write = Journal(path, PLAN), os.write
    journal.append("open", {"text": "x" * 100})
    calls = 0

    def full(descriptor: int, data: Any) -> int:
        nonlocal calls
        calls += 1
        if calls > 1 or not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data[:taken])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        journal.append("lost", {"text": "y" * 100})
    assert lines(path) == ["open"]
    monkeypatch.undo()
    journal.append("close", {})
    assert lines(path) == ["open", "close"]
    assert (read(path).head, journal.size) == (journal.head, path.stat().st_size)


@pytest.mark.parametrize(("before", "kinds"), [(True, ["open", "close"]), (False, ["open", "cut", "close"])])
def test_an_interrupt_in_the_middle_of_a_line_breaks_no_chain(
    before: bool, kinds: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.jsonl"
    journal, write = Journal(path, PLAN), os.write
    journal.append("open", {})

    def interrupted(descriptor: int, data: Any) -> int:
        write(descriptor, data[:7] if before else data)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        journal.append("cut", {"text": "z"})
    monkeypatch.undo()
    journal.append("close", {})
    assert lines(path) == kinds


@pytest.mark.parametrize("take_away", [lambda path: path.unlink(), lambda path: path.rename(path.with_suffix(".old"))])
def test_a_journal_that_was_taken_away_is_not_written_on(take_away: Callable[[Path], Any], tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path, PLAN)
    journal.append("open", {})
    take_away(path)
    with pytest.raises(FileNotFoundError):
        journal.append("more", {})


@pytest.mark.parametrize("gone", ["", PACK])
def test_a_store_whose_folder_was_removed_says_so(gone: str, tmp_path: Path) -> None:
    store = ExchangeStore(tmp_path / "bundle")
    store.write(EXCHANGE, [])
    shutil.rmtree(store.root) if not gone else (store.root / gone).unlink()
    with pytest.raises(FileNotFoundError):
        store.write(EXCHANGE, [])
    assert not list(tmp_path.rglob("*.gz"))


def recorder(folder: Path, events: list[ExchangeSeen], disk: Disk) -> Recorder:
    return Recorder(ExchangeStore(folder), Redactor([]), events.append, disk)


def test_what_cannot_be_recorded_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        disk = Disk()
        port, budget = server.getsockname()[1], Budget(admit=disk.admit)
        client = RestClient(Access(f"http://127.0.0.1:{port}"), recorder(tmp_path, [], disk), budget)

        def full(*_: object) -> str:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(ExchangeStore, "write", full)
        with pytest.raises(CannotRecord, match="No space left"):
            client.send("GET", "/v2", timeout=0.1)
        monkeypatch.undo()
        used = budget.used
        with pytest.raises(CannotRecord, match="No space left"):
            client.send("GET", "/v2", timeout=0.1)
        assert budget.used == used == 1


@pytest.mark.parametrize("transport", ["rest", "raw", "grpc"])
def test_too_many_open_files_are_no_failure_of_the_endpoint(
    transport: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[ExchangeSeen] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        access = Access(f"http://127.0.0.1:{server.getsockname()[1]}")
        keeper = recorder(tmp_path, events, Disk())
        client = RestClient(access, keeper, Budget())

        def none_left(*_: object, **__: object) -> socket.socket:
            raise OSError(errno.EMFILE, "Too many open files")

        monkeypatch.setattr("harness.wire.sockets.socket.socket", none_left)
        send: dict[str, Callable[[], object]] = {
            "rest": lambda: client.send("GET", "/v2"),
            "raw": lambda: send_raw(client, [Piece(b"GET / HTTP/1.1\r\n\r\n")]),
            "grpc": lambda: GrpcClient(access, keeper, Budget()).call("ServerLive"),
        }
        with pytest.raises(CouldNot, match="this machine: Too many open files"):
            send[transport]()
    assert [event.error_kind for event in events] == ["tester"]
    assert not keeper.recent


def test_a_limit_on_file_size_is_met_as_a_full_disk(tmp_path: Path) -> None:
    """In a child, as the limit holds for a process."""
    child = os.fork()
    if not child:
        code = 1
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
            journal = Journal(tmp_path / "journal.jsonl", PLAN)
            try:
                while True:
                    journal.append("line", {})
            except OSError as error:
                code = 0 if error.errno == errno.EFBIG else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert set(lines(tmp_path / "journal.jsonl")) == {"line"}
