"""The ledger of a sealed plan: every run that was begun under it, in a chain of lines that is only added to.

One line is a JSON object ``{"n", "at", "kind", "prev", "data"}``, as a journal has them. The first is ``sealed`` and
carries the digest of the plan. A run is numbered from 1: ``started``, and later ``ended``. The chain shows a change or
a loss in the middle; that lines were taken from its end, or that all were written anew, only a head shows that is known
from elsewhere.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from harness.bundle.journal import GENESIS, Clock, encode_line, utc_now, write_all
from harness.bundle.limits import counted
from harness.foreign import MEBIBYTE, Refused

LEDGER = "ledger.jsonl"
# How a run ends that nothing ended before its time.
FINISHED = "finished"
MAX_LEDGER, MAX_LEDGER_LINE = 16 * MEBIBYTE, 8192
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class LedgerRefused(Refused):
    """A ledger that is not what was written, or not the one of this plan."""


class _Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    n: int
    at: str
    kind: Literal["sealed", "started", "ended"]
    prev: str
    data: dict[str, Any]


class _Started(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    number: int
    run: str


class RunEnding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a run ended: ``finished``, or by what before its time; with the digests of its bundle."""

    number: int
    run: str
    ended: str
    journal_head: str | None = None
    manifest_sha256: str | None = None


@dataclass(slots=True)
class LedgerRun:
    """One run: its number, its id, when it was begun, and its ending where there is one."""

    number: int
    run: str
    started: str
    ending: RunEnding | None = None


@dataclass(slots=True)
class LedgerReading:
    """What a ledger says; ``heads`` are the digests of its lines, the last one its head."""

    plan_sha256: str = ""
    heads: list[str] = field(default_factory=list)
    runs: list[LedgerRun] = field(default_factory=list)
    # Digest of the line with which a run began, by the number of the run.
    began: dict[int, str] = field(default_factory=dict)

    @property
    def head(self) -> str:
        """Digest of the last line."""
        return self.heads[-1] if self.heads else GENESIS

    @property
    def open_runs(self) -> list[LedgerRun]:
        """Runs without an ending: they are under way, or were killed."""
        return [run for run in self.runs if run.ending is None]


def read_ledger(data: bytes) -> LedgerReading:
    """Read a whole ledger.

    Raises:
        LedgerRefused: the first line that is not as it must be, and why.
    """
    reading = LedgerReading()
    lines = data.split(b"\n")
    if lines.pop():
        raise LedgerRefused(f"line {len(lines) + 1} is cut: the ledger was not written to its end")
    for number, raw in enumerate(lines):
        try:
            _take(reading, number, raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Refused) as error:
            raise LedgerRefused(f"line {number + 1}: {error}") from error
    if not reading.heads:
        raise LedgerRefused("is empty: not even its first line is there")
    return reading


def _take(reading: LedgerReading, number: int, raw: bytes) -> None:
    if len(raw) > MAX_LEDGER_LINE:
        raise Refused("is too long")
    row = msgspec.json.decode(counted(raw), type=_Row)
    if encode_line(msgspec.to_builtins(row)) != raw:
        raise Refused("is not in its canonical bytes")
    if row.n != number or row.prev != reading.head:
        raise Refused("does not follow the line before: one was changed, taken away or put in between")
    if (row.kind == "sealed") != (number == 0):
        raise Refused("the digest of the plan stands in the first line, and only there")
    digest = hashlib.sha256(raw).hexdigest()
    if row.kind == "sealed":
        reading.plan_sha256 = str(row.data.get("plan_sha256"))
    elif row.kind == "started":
        begun = msgspec.convert(row.data, _Started)
        if begun.number != len(reading.runs) + 1:
            raise Refused(f"begins run {begun.number} where {len(reading.runs) + 1} is due")
        reading.runs.append(LedgerRun(begun.number, begun.run, row.at))
        reading.began[begun.number] = digest
    else:
        _end(reading, msgspec.convert(row.data, RunEnding))
    reading.heads.append(digest)


def _end(reading: LedgerReading, ending: RunEnding) -> None:
    if not 1 <= ending.number <= len(reading.runs):
        raise Refused(f"ends run {ending.number}, which never began")
    run = reading.runs[ending.number - 1]
    if run.run != ending.run or run.ending is not None:
        raise Refused(f"ends run {ending.number} a second time, or under another id")
    run.ending = ending


class Ledger:
    """The file of a ledger. Each line is added under a lock and is on the disk when it is there; two runs may share it.

    Raises (all methods):
        LedgerRefused: it is not what was written, or of another plan.
        OSError: it cannot be read or written.
    """

    def __init__(self, path: Path, plan_sha256: str, clock: Clock = utc_now) -> None:
        self.path = path
        self._plan = plan_sha256
        self._clock = clock

    def create(self) -> None:
        """Begin it with the digest of the plan.

        Raises:
            FileExistsError: there is one.
        """
        os.close(os.open(self.path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o666))
        with self._locked() as descriptor:
            _append(descriptor, self._line(LedgerReading(), "sealed", {"plan_sha256": self._plan}))

    def read(self) -> LedgerReading:
        """What it says now."""
        with self._locked() as descriptor:
            return self._read(descriptor)[0]

    def start(self, run_id: str) -> tuple[LedgerReading, bytes]:
        """Note that a run begins; gives the ledger with that line, as read and as bytes."""

        def row(reading: LedgerReading) -> tuple[str, dict[str, Any]]:
            return "started", {"number": len(reading.runs) + 1, "run": run_id}

        return self._add(row)

    def end(self, ending: RunEnding) -> None:
        """Note how a run ended."""
        self._add(lambda _: ("ended", msgspec.to_builtins(ending)))

    def _add(self, row: Callable[[LedgerReading], tuple[str, dict[str, Any]]]) -> tuple[LedgerReading, bytes]:
        with self._locked() as descriptor:
            before, data = self._read(descriptor)
            line = self._line(before, *row(before))
            # What could not be read again is not written.
            reading = read_ledger(data + line)
            _append(descriptor, line)
            return reading, data + line

    def _line(self, reading: LedgerReading, kind: str, data: dict[str, Any]) -> bytes:
        at = self._clock().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        members = {"n": len(reading.heads), "at": at, "kind": kind, "prev": reading.head, "data": data}
        return encode_line(members) + b"\n"

    def _read(self, descriptor: int) -> tuple[LedgerReading, bytes]:
        data = os.pread(descriptor, MAX_LEDGER + 1, 0)
        if len(data) > MAX_LEDGER:
            raise LedgerRefused(f"is larger than the {MAX_LEDGER // MEBIBYTE} MiB that are read of it")
        reading = read_ledger(data)
        if reading.plan_sha256 != self._plan:
            raise LedgerRefused("is that of another plan")
        return reading, data

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int]:
        descriptor = os.open(self.path, _FLAGS)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)


def _append(descriptor: int, line: bytes) -> None:
    size = os.fstat(descriptor).st_size
    if size + len(line) > MAX_LEDGER:
        raise LedgerRefused("is full: seal another plan")
    try:
        write_all(descriptor, line)
        os.fsync(descriptor)
    except BaseException:
        # Half a line would make the ledger unreadable for ever.
        os.ftruncate(descriptor, size)
        raise
