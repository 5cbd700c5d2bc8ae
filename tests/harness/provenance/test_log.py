"""Logs of inferences: files and databases, odd lines, and a million rows in bounded memory."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.provenance.database import CannotRead
from harness.provenance.declared import LogTable
from harness.provenance.log import KEPT, gathered, look_up

ENTRIES = [
    {"rid": "a", "v": "1", "sha": "0a"},
    {"rid": "b", "v": "2", "sha": "0b"},
    {"rid": "b", "v": "3", "sha": "0c"},
    {"rid": "x", "v": "9", "sha": "0d"},
]
COLUMNS = {"id": "rid", "version": "v", "request_sha256": "sha"}
DUE = {"a": (1, ["1"]), "b": (2, ["2", "3"])}


def seen(table: LogTable, database: str = "") -> dict[str, tuple[int, list[str]]]:
    found = look_up(table, ["a", "b", "c"], database)
    return {key: (each.count, [entry["version"] for entry in each.entries]) for key, each in found.items()}


def test_lines_of_json(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    odd = ["", "no JSON", "[1]", '"rid"', '{"v": "1"}', '{"rid": 7, "v": 1}', '{"rid": null}', "[" * 100_000, "\x00"]
    path.write_text("\n".join([json.dumps(each) for each in ENTRIES] + odd + ['{"rid": "c", "v"']))
    assert seen(LogTable(path=str(path), columns=COLUMNS)) == DUE
    with path.open("ab") as file:
        file.write(b'\n{"rid": "\xff"}\n')
    assert seen(LogTable(path=str(path), columns=COLUMNS)) == DUE


def test_comma_separated_values(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, ["rid", "v", "sha"])
        writer.writeheader()
        writer.writerows(ENTRIES)
    assert seen(LogTable(path=str(path), columns=COLUMNS)) == DUE
    with pytest.raises(CannotRead, match="no column other"):
        seen(LogTable(path=str(path), columns={**COLUMNS, "model": "other"}))


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    table = LogTable(path=str(path), columns=COLUMNS)
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.Table.from_pylist(ENTRIES), path)
    assert seen(table) == DUE
    path.write_bytes(b"PAR1" + b"\0" * 100)
    with pytest.raises(CannotRead):
        seen(table)


def test_a_database(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")
    path = tmp_path / "log.db"
    with sqlite3.connect(path) as database:
        database.execute('CREATE TABLE "of; inferences" (rid, v, sha)')
        database.executemany('INSERT INTO "of; inferences" VALUES (:rid, :v, :sha)', ENTRIES)
    table = LogTable(database_env="LOG", table="of; inferences", columns=COLUMNS)
    assert seen(table, f"sqlite:///{path}") == DUE
    many = [f"id-{number}" for number in range(2000)]
    assert list(look_up(table, [*many, "a"], f"sqlite:///{path}")) == ["a"]
    for url in (f"sqlite:///{tmp_path / 'other.db'}", "no address", "nothing://ann:secret@host/x"):
        with pytest.raises(CannotRead) as told:
            seen(table, url)
        assert "secret" not in str(told.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    for name in ("pipe.jsonl", "gone.jsonl", "log.xml"):
        with pytest.raises(CannotRead):
            seen(LogTable(path=str(tmp_path / name)))


@pytest.mark.parametrize(
    "wrong",
    [
        {}, {"path": "a", "database_env": "B", "table": "c"}, {"database_env": "B"}, {"path": "a", "table": "c"},
        {"path": "a", "columns": {"ids": "id"}}, {"path": "a", "wait_s": -1}, {"path": "a", "requests": 0},
        {"database": "postgresql://ann:secret@host/x", "table": "c"}, {"path": "a", "errors": {"table": "b"}},
        {"database_env": "B", "table": "c", "responses": {"table": "d", "columns": {"ids": "id"}}},
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_used(wrong: dict[str, Any]) -> None:
    with pytest.raises((ValueError, msgspec.ValidationError)):
        msgspec.convert(wrong, LogTable)


def test_tables_beside_are_logs_of_their_own() -> None:
    part = {"table": "answers", "columns": {"id": "request"}}
    table = msgspec.convert({"database_env": "B", "table": "c", "columns": COLUMNS, "responses": part}, LogTable)
    (beside,) = table.beside.items()
    assert (beside[0], beside[1].table, beside[1].named, beside[1].beside) == (
        "responses",
        "answers",
        part["columns"],
        {},
    )


def test_a_million_rows_take_no_more_memory_than_those_that_are_looked_for() -> None:
    def rows() -> Iterator[dict[str, Any]]:
        for number in range(1_000_000):
            yield {"id": f"other-{number}" if number % 100 else f"mine-{number % 5000}", "sha": "0" * 64}

    ids = [f"mine-{number}" for number in range(0, 5000, 100)]
    tracemalloc.start()
    try:
        found = gathered(rows(), LogTable(path="x"), ids)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [each.count for each in found.values()] == [200] * 50
    assert all(len(each.entries) == KEPT for each in found.values())
    assert peak < 1 << 20
