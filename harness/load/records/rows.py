"""One fixed-width row per request, written by each worker into a file of its own and merged exactly.

A row is 64 bytes, so a block that a kill cuts still leaves whole rows; every index of the plan is either in one row,
in several (repeated) or in none (missing), and the merge says which.
"""

from __future__ import annotations

import enum
import os
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

Rows = np.ndarray[tuple[int], np.dtype[np.void]]
Indices = npt.NDArray[np.int64]

ABSENT = -1
"""A time that never came, such as the first byte of an answer to a refused request."""

DTYPE = np.dtype(
    [
        ("index", "<u8"),  # in the whole schedule
        ("intended", "<i8"),  # ns from the start of the run, as are all times
        ("taken", "<i8"),  # when the tester took it off the schedule: what came before is the tester's own lag
        # When its first byte was offered to the kernel; after waiting for a connection, if any. How long the other side
        # takes to read the rest is its own affair, and part of the service time.
        ("sent", "<i8"),
        ("first_byte", "<i8"),
        ("done", "<i8"),  # last byte, or when it was given up
        ("bytes", "<u4"),  # of the answer
        ("connection", "<u4"),  # number within its worker
        ("code", "<u2"),  # HTTP or gRPC status
        ("case", "<u2"),
        ("replica", "<u2"),  # 0 unknown
        ("status", "u1"),
        ("flags", "u1"),
    ]
)
ROW = struct.Struct("<QqqqqqIIHHHBB")
"""The same row for ``pack_into`` in the loop; arguments in the order of :data:`DTYPE`."""

_HEADER = struct.Struct("<8sIIIIq32s")
_MAGIC = b"a15load1"


class Status(enum.IntEnum):
    """What became of a request. 0 is no status, so that a row that nobody filled shows."""

    OK = 1
    HTTP_ERROR = 2
    GRPC_ERROR = 3
    REFUSED = 4
    RESET = 5
    CLOSED = 6
    TIMEOUT = 7
    WRONG_ID = 8
    WRONG_ANSWER = 9
    TRUNCATED = 10
    PROTOCOL = 11
    NEVER_SENT = 12
    """Not sent, or spoilt by a defect of the tester: it says nothing of the endpoint."""


class Flag(enum.IntFlag):
    """What else is known of a request."""

    NEW_CONNECTION = 1
    """Waited for a connection of its own to open."""
    QUEUED = 2
    """Waited for a connection because the cap was reached."""
    CHECKED = 4
    """The answer was checked in full, not only compared."""
    RETRY_AFTER = 8
    """The answer said when to come back (HTTP Retry-After; gRPC ``grpc-retry-pushback-ms``)."""
    CLOSES = 16
    """The server closed the connection after this answer, or said it would."""
    OTHER_VERSION = 32
    """A right answer, of another version than the one that was in service when the plan was made."""
    MOVED = 64
    """Sent again on another connection, since the server said that it had not taken it up (GOAWAY)."""


class RecordsError(Exception):
    """A file is not what a worker of this run wrote."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who wrote a file: worker ``worker`` (from 0) of ``workers``, for the plan with this SHA-256.

    ``started_ns`` is the wall clock in ns at the start of the run, for people; no calculation uses it.
    """

    worker: int
    workers: int
    plan_digest: str
    started_ns: int = 0


def records_name(run: str, worker: int) -> str:
    """The file of a worker's rows."""
    return f"load-{run}-{worker}.rec"


class RecordWriter:
    """Appends rows to a new file in blocks; at most a block is in memory.

    ``flush`` it from time to time: what is not flushed is lost with the process, and found missing.
    """

    def __init__(
        self, path: Path, origin: Origin, block: int = 2048, seen: Callable[[Rows], None] | None = None
    ) -> None:
        """``seen`` is given the rows of each block as it is written; it must not keep them."""
        self.written = 0
        self._seen = seen
        self._block = bytearray(block * ROW.size)
        self._end = 0
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._write(
            _HEADER.pack(
                _MAGIC,
                1,
                ROW.size,
                origin.worker,
                origin.workers,
                origin.started_ns,
                bytes.fromhex(origin.plan_digest),
            )
        )

    def add(self, *row: int) -> None:
        """Add one row: thirteen numbers, units and order as in :data:`DTYPE` (``index`` first, ``flags`` last)."""
        ROW.pack_into(self._block, self._end, *row)
        self._end += ROW.size
        if self._end == len(self._block):
            self.flush()

    def flush(self) -> None:
        """Hand what was added to the kernel: a kill of this process cannot take it back."""
        if self._end:
            # What cannot be written is lost and found missing; written again, it would stand there in part twice.
            count, self._end = self._end // ROW.size, 0
            self._write(memoryview(self._block)[: count * ROW.size])
            self.written += count
            if self._seen is not None:
                self._seen(np.frombuffer(self._block, DTYPE, count))

    def close(self) -> None:
        """Flush and close; a second time does nothing."""
        if self._file >= 0:
            try:
                self.flush()
            finally:
                os.close(self._file)
                self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, data: bytes | memoryview) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._file, rest) :]


def read_origin(path: Path) -> Origin | None:
    """Who wrote the file; None where not even the header got there.

    Raises:
        RecordsError: it is another kind of file.
    """
    with path.open("rb") as file:
        head = file.read(_HEADER.size)
    if len(head) < _HEADER.size:
        return None
    magic, version, width, worker, workers, started, digest = _HEADER.unpack(head)
    if magic != _MAGIC or version != 1 or width != ROW.size:
        raise RecordsError(f"{path.name} holds no records of this version")
    return Origin(worker, workers, digest.hex(), started)


def read_rows(path: Path) -> Rows:
    """The whole rows of a file in the order they were written; a torn row at the end is left out."""
    if read_origin(path) is None:
        return np.zeros(0, DTYPE)
    whole = (path.stat().st_size - _HEADER.size) // ROW.size
    return np.fromfile(path, DTYPE, whole, offset=_HEADER.size)


@dataclass(frozen=True, slots=True)
class Merged:
    """The records of all workers together.

    Attributes:
        rows: one row an index, ascending; of a repeated index the row written first.
        planned: how many requests the schedule has; 0 in a closed loop, where nothing can be missing.
        missing: indices of the plan that no file has.
        repeated: indices in more than one row.
        foreign: rows whose index is not of the plan, or not of the worker that wrote it, or that name no status.
        silent_workers: workers of which there is no file, or one without a header.
    """

    rows: Rows
    planned: int
    missing: Indices
    repeated: Indices
    foreign: int
    silent_workers: tuple[int, ...]


def merge(paths: Sequence[Path], planned: int, workers: int, plan_digest: str) -> Merged:
    """Merge the files of a run exactly; ``planned`` 0 for a closed loop, whose indices must only be unique.

    Raises:
        RecordsError: a file belongs to another plan or number of workers, or two claim the same worker.
    """
    parts, seen, foreign = [], set[int](), 0
    for path in paths:
        origin = read_origin(path)
        if origin is None:
            continue
        if origin.plan_digest != plan_digest or origin.workers != workers or origin.worker in seen:
            raise RecordsError(f"{path.name} is not of this run: worker {origin.worker} of {origin.workers}")
        seen.add(origin.worker)
        rows = read_rows(path)
        own = _belongs(rows, origin, planned)
        foreign += int(len(rows) - own.sum())
        parts.append(rows if own.all() else rows[own])
    silent = tuple(worker for worker in range(workers) if worker not in seen)
    return _united(parts, planned, foreign, silent)


def _belongs(rows: Rows, origin: Origin, planned: int) -> npt.NDArray[np.bool_]:
    """Which rows are of the worker's own share of the plan and name a status."""
    own: npt.NDArray[np.bool_] = rows["index"] % np.uint64(origin.workers) == np.uint64(origin.worker)
    own &= (rows["status"] >= Status.OK) & (rows["status"] <= Status.NEVER_SENT)
    if planned:
        own &= rows["index"] < np.uint64(planned)
    return own


def _united(parts: Iterable[Rows], planned: int, foreign: int, silent: tuple[int, ...]) -> Merged:
    """One row an index, ascending, and what is missing or repeated."""
    rows = np.concatenate([np.zeros(0, DTYPE), *parts])
    indices = rows["index"].astype(np.int64)
    order = np.argsort(indices, kind="stable")
    indices = indices[order]
    first = np.ones(len(indices), np.bool_)
    first[1:] = indices[1:] != indices[:-1]
    absent = np.ones(planned, np.bool_)
    if planned:
        absent[indices] = False
    repeated = np.unique(indices[~first])
    # Rows are moved as lines of bytes: numpy copies records of many fields one field at a time.
    lines = rows.view(np.dtype((np.void, ROW.size)))
    kept = lines[order if first.all() else order[first]].view(DTYPE)
    return Merged(kept, planned, np.flatnonzero(absent), repeated, foreign, silent)


def rows_from(**columns: npt.ArrayLike) -> Rows:
    """Rows from whole columns: arrays of one length, or single values for all rows.

    What is not given: taken and sent when intended, no first byte, code 200, status ok, everything else 0.
    """
    count = max(np.size(column) for column in columns.values())
    given: dict[str, npt.ArrayLike] = {
        "index": np.arange(count),
        "taken": columns["intended"],
        "sent": columns.get("taken", columns["intended"]),
        "first_byte": ABSENT,
        "code": 200,
        "status": int(Status.OK),
    }
    rows = np.zeros(count, DTYPE)
    for name, column in {**given, **columns}.items():
        rows[name] = column
    return rows
