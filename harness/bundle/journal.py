"""The journal of a run: append-only lines, each with the digest of the line before and of the sealed plan.

One line is a JSON object ``{"n", "at", "kind", "plan", "prev", "data"}``. The chain shows a change or a loss in the
middle. It cannot show that the tail was cut or that the whole was written anew: the manifest keeps the head.
"""

from __future__ import annotations

import datetime
import errno
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from harness.bundle.limits import MAX_JOURNAL, MAX_LINE, MAX_LINES, counted
from harness.foreign import Refused, open_inside

GENESIS = "0" * 64
# Made once: json.dumps would make one for every line.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
# Beyond so many, a journal is not worth reading on.
MOST_PROBLEMS = 50
# Lines that hold no verdict, and of which there are many: reading them a second time would cost.
_MANY = frozenset({"exchange"})
_TOO_MUCH = "is too long, or one of too many: it was not read, nor anything after it"
Clock = Callable[[], datetime.datetime]


def utc_now() -> datetime.datetime:
    """The time."""
    return datetime.datetime.now(datetime.UTC)


class _Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    n: int
    at: str
    kind: str
    plan: str = ""
    prev: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One whole line; ``digest`` is the SHA-256 of its bytes without the newline, ``line`` counts from 1."""

    line: int
    n: int
    at: str
    kind: str
    data: dict[str, Any]
    digest: str


@dataclass(frozen=True, slots=True)
class JournalProblem:
    """What is wrong with a line (counted from 1); ``cut`` marks the half line that a killed run leaves."""

    line: int
    text: str
    cut: bool = False


@dataclass(frozen=True, slots=True)
class JournalReading:
    """Everything a journal says; ``complete`` means that nothing is wrong and the last line is ``close``."""

    entries: list[Entry]
    problems: list[JournalProblem]
    head: str
    complete: bool


@dataclass(frozen=True, slots=True)
class _End:
    """How far a journal is known to be whole: digest of the last line, number of lines, bytes."""

    head: str = GENESIS
    lines: int = 0
    size: int = 0


class Journal:
    """Writes a new journal. Safe to use from several threads; each line is in the file whole, or not at all.

    A line that could not be written, or whose writing was interrupted (Ctrl-C raises between any two steps), is taken
    back or completed before the next one: the chain goes on from what is really in the file.

    Args:
        path: file to create.
        plan_sha256: hex digest of the bytes of ``plan.json``; stands in the first line, which all others carry on.
        clock: gives the time of a line as an aware UTC datetime.

    Raises:
        FileExistsError: the file is there already; a journal is never continued by another run.
    """

    def __init__(self, path: Path, plan_sha256: str, clock: Clock = utc_now) -> None:
        self._plan = plan_sha256
        self._clock = clock
        self._lock = threading.Lock()
        self._path = str(path)
        self._end = _End()
        # What the end will be once the line that is being written is whole.
        self._next: _End | None = None
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
        self._file = os.open(self._path, flags, 0o666)
        self._identity = _identity(os.fstat(self._file))

    @property
    def head(self) -> str:
        """Digest of the last line; 64 zeros before the first."""
        return self._end.head

    @property
    def lines(self) -> int:
        """How many lines were written."""
        return self._end.lines

    @property
    def size(self) -> int:
        """Bytes of all lines."""
        return self._end.size

    def append(self, kind: str, data: dict[str, Any] | msgspec.Struct) -> str:
        """Write one line and give its digest.

        Raises:
            ValueError: the data holds a NaN, an infinity, or something that JSON has no form for.
            OSError: it could not be written, or the file is no longer where it was; no part of the line is left.
        """
        with self._lock:
            self._settle()
            at = self._clock().astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            line = encode_line(
                {
                    "n": self._end.lines,
                    "at": at,
                    "kind": kind,
                    # The digest of each line before carries it on.
                    **({} if self._end.lines else {"plan": self._plan}),
                    "prev": self._end.head,
                    "data": msgspec.to_builtins(data),
                }
            )
            # What is written to a file that was removed is kept nowhere.
            if _identity(os.stat(self._path)) != self._identity:  # noqa: PTH116 -- one call of the system a line
                raise FileNotFoundError(errno.ENOENT, "the journal was moved or removed")
            digest = hashlib.sha256(line).hexdigest()
            self._next = _End(digest, self._end.lines + 1, self._end.size + len(line) + 1)
            try:
                write_all(self._file, line + b"\n")
            finally:
                self._settle()
            return digest

    def _settle(self) -> None:
        """Make the file and what is known of it agree: a line that is there whole counts, a part of one is cut off."""
        if self._next is None:
            return
        if os.fstat(self._file).st_size == self._next.size:
            self._end, self._next = self._next, None
            return
        os.ftruncate(self._file, self._end.size)
        self._next = None

    def close(self) -> None:
        """Close the file; the ``close`` line is the caller's to write before. A second time does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _identity(facts: os.stat_result) -> tuple[int, int]:
    return facts.st_dev, facts.st_ino


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it, however often the system takes a part."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def encode_line(members: dict[str, Any]) -> bytes:
    """One journal line without its newline.

    A lone surrogate (a server can smuggle one in through ``\\ud800``) has no UTF-8 form; it becomes ``&#55296;``, so
    that the journal stays readable by every JSON reader.
    """
    return _ENCODER.encode(members).encode("utf-8", "xmlcharrefreplace")


@dataclass(slots=True)
class JournalScan:
    """Reads a journal line by line in constant memory: iterate first, then look at the other members."""

    path: Path
    plan_sha256: str | None = None
    problems: list[JournalProblem] = field(default_factory=list)
    head: str = GENESIS
    lines: int = 0
    _last_kind: str = ""

    @property
    def complete(self) -> bool:
        """Whether nothing is wrong and the run wrote its ``close`` line at the end."""
        return not self.problems and self.closed

    @property
    def closed(self) -> bool:
        """Whether the last line that was read is the one with which a run ends."""
        return self._last_kind == "close"

    def __iter__(self) -> Iterator[Entry]:
        with open_inside(self.path.parent, self.path.name, MAX_JOURNAL) as file:
            number = 0
            while raw := file.readline(MAX_LINE):
                number += 1
                if len(raw) == MAX_LINE or number > MAX_LINES or len(self.problems) >= MOST_PROBLEMS:
                    self._broken(number, _TOO_MUCH)
                    return
                if not raw.endswith(b"\n"):
                    self.problems.append(JournalProblem(number, "the last line is cut", cut=True))
                    return
                entry = self._line(number, raw[:-1])
                if entry is not None:
                    yield entry

    def _line(self, number: int, raw: bytes) -> Entry | None:
        previous, self.head = self.head, hashlib.sha256(raw).hexdigest()
        self.lines, self._last_kind = number, ""
        try:
            line = msgspec.json.decode(counted(raw), type=_Line)
            if line.kind not in _MANY:
                json.loads(raw, object_pairs_hook=once)
        except (msgspec.DecodeError, ValueError, RecursionError, Refused) as error:
            self.problems.append(JournalProblem(number, f"not a journal line: {error}"))
            return None
        self.plan_sha256 = self.plan_sha256 or line.plan
        self._last_kind = line.kind
        if line.prev != previous:
            self._broken(number, "the chain is broken: the digest of the line before is another one")
        if line.n != number - 1:
            self._broken(number, f"is numbered {line.n} where {number - 1} is due")
        if line.plan != self.plan_sha256 and (line.plan or number == 1):
            self._broken(number, "carries the digest of another plan" if line.plan else "names no plan")
        return Entry(number, line.n, line.at, line.kind, line.data, self.head)

    def _broken(self, number: int, text: str) -> None:
        self.problems.append(JournalProblem(number, text))


def once(members: list[tuple[str, object]]) -> None:
    """Refuse an object that has one member twice: two readers may read it differently.

    Raises:
        ValueError: names the members.
    """
    if len({name for name, _ in members}) != len(members):
        raise ValueError(f"a member is there twice, of {', '.join(name for name, _ in members)[:200]}")


def read(path: Path, plan_sha256: str | None = None) -> JournalReading:
    """Read a whole journal; what is wrong is listed, not raised.

    Args:
        path: the ``journal.jsonl``.
        plan_sha256: the digest of the plan; without it, that of the first line.

    Raises:
        OSError: the file cannot be read.
    """
    scan = JournalScan(path, plan_sha256)
    entries = list(scan)
    return JournalReading(entries, scan.problems, scan.head, scan.complete)
