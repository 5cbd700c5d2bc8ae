"""Inference logs: what one says of requests that are looked for, read once from end to end in bounded memory.

Source of the columns: whatever the operator's service writes; ``[log.columns]`` of the policy says how it calls them.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import msgspec

from harness.foreign import open_given
from harness.provenance.database import CannotRead, rows_of
from harness.provenance.declared import LogTable

LARGEST = 1 << 40
# Entries of one id that are kept: a log that has thousands of them is told by their number.
KEPT, LONGEST_LINE, BATCH = 3, 16 << 20, 65_536
Row = Mapping[str, Any]


@dataclass(slots=True)
class LoggedEntries:
    """What a log says of one request: how many entries it has, and the first few of them by our names of columns."""

    count: int
    entries: list[dict[str, str]]


def look_up(table: LogTable, ids: Collection[str], database: str = "") -> dict[str, LoggedEntries]:
    """The entries of each id that has any.

    Args:
        database: URL of the database, where the log is one.

    Raises:
        CannotRead: the log is not there, or not as the policy says.
    """
    if table.path is None:
        rows: Iterable[Row] = rows_of(database, table, ids)
    else:
        path = Path(table.path)
        reader = _READERS.get(path.suffix.lower())
        if reader is None:
            raise CannotRead(f"a log is one of {', '.join(_READERS)}, and not {path.suffix!r}")
        rows = _told(path.name, reader(path, table))
    return gathered(rows, table, ids)


def gathered(rows: Iterable[Row], table: LogTable, ids: Collection[str]) -> dict[str, LoggedEntries]:
    """What the rows say of the ids; of others nothing is kept."""
    wanted, columns = frozenset(ids), table.named
    found: dict[str, LoggedEntries] = {}
    for row in rows:
        key = row.get(columns["id"])
        identity = key if isinstance(key, str) else str(key)
        if identity not in wanted:
            continue
        seen = found.setdefault(identity, LoggedEntries(0, []))
        seen.count += 1
        if len(seen.entries) < KEPT:
            values = {name: row.get(column) for name, column in columns.items()}
            seen.entries.append({name: str(value) for name, value in values.items() if value is not None})
    return found


def _told(name: str, rows: Iterator[Row]) -> Iterator[Row]:
    try:
        yield from rows
    except OSError as error:
        raise CannotRead(f"the log {name} cannot be read: {error.strerror or error}") from None
    except (csv.Error, UnicodeDecodeError, ValueError) as error:
        raise CannotRead(f"the log {name} cannot be read: {str(error)[:200]}") from None


def _lines(path: Path, table: LogTable) -> Iterator[Row]:
    """One JSON object a line; a last line that is half written is passed over, and so is what is no object."""
    column = table.named["id"]
    with open_given(path, LARGEST) as file:
        while line := file.readline(LONGEST_LINE):
            try:
                value = msgspec.json.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
            if isinstance(value, dict) and column in value:
                yield value


def _comma_separated(path: Path, table: LogTable) -> Iterator[Row]:
    with open_given(path, LARGEST) as file, TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        reader = csv.DictReader(text)
        _refuse_missing(reader.fieldnames or (), table)
        yield from reader


def _parquet(path: Path, table: LogTable) -> Iterator[Row]:
    try:
        from pyarrow import ArrowException, parquet  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415
    except ImportError:
        raise CannotRead("logs in parquet need pyarrow (pip install pyarrow)") from None
    with open_given(path, LARGEST) as file:
        try:
            opened = parquet.ParquetFile(file)
            _refuse_missing(opened.schema_arrow.names, table)
            for batch in opened.iter_batches(batch_size=BATCH, columns=list(table.named.values())):
                yield from batch.to_pylist()
        except ArrowException as error:
            raise ValueError(str(error)) from None


def _refuse_missing(there: Collection[str], table: LogTable) -> None:
    missing = [column for column in table.named.values() if column not in there]
    if missing:
        raise ValueError(f"it has no column {', '.join(missing)}")


_READERS: dict[str, Callable[[Path, LogTable], Iterator[Row]]] = {
    ".jsonl": _lines,
    ".ndjson": _lines,
    ".csv": _comma_separated,
    ".parquet": _parquet,
}
