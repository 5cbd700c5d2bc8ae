"""Records: exact merge whatever tail was lost, torn rows left out, foreign files refused."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.load.records.rows import (
    DTYPE,
    ROW,
    Flag,
    Origin,
    RecordsError,
    RecordWriter,
    Status,
    merge,
    read_origin,
    read_rows,
    rows_from,
)

PLAN = "ab" * 32


def write(path: Path, worker: int, workers: int, indices: list[int], *, plan: str = PLAN) -> Path:
    with RecordWriter(path, Origin(worker, workers, plan), block=4) as writer:
        for index in indices:
            writer.add(index, index, index, index, index, index + 5, 80, 1, 200, 0, 0, Status.OK, Flag.CHECKED)
    return path


def test_the_two_forms_of_a_row_are_one() -> None:
    assert ROW.size == DTYPE.itemsize == 64
    row = np.frombuffer(ROW.pack(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13), DTYPE)[0]
    assert row.tolist() == tuple(range(1, 14))


@given(st.data())
def test_the_merge_is_exact_under_lost_tails(data: st.DataObject) -> None:
    workers, planned = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 60))
    kept: list[int] = []
    paths = []
    with tempfile.TemporaryDirectory() as folder:
        for worker in range(workers):
            indices = data.draw(st.permutations(range(worker, planned, workers)))
            path = write(Path(folder) / f"{worker}.rec", worker, workers, indices)
            cut = data.draw(st.integers(0, path.stat().st_size))
            with path.open("r+b") as file:
                file.truncate(cut)
            kept += indices[: max(0, (cut - 64) // 64)]
            paths.append(path)
        merged = merge(paths, planned, workers, PLAN)
    assert merged.rows["index"].tolist() == sorted(kept)
    assert set(merged.missing.tolist()) == set(range(planned)) - set(kept)
    assert (merged.foreign, merged.repeated.tolist()) == (0, [])


def test_repeated_and_foreign_rows_are_told(tmp_path: Path) -> None:
    first = write(tmp_path / "0", 0, 2, [0, 2, 2, 4, 3, 100])
    second = write(tmp_path / "1", 1, 2, [1, 3])
    merged = merge([second, first], 6, 2, PLAN)
    assert merged.rows["index"].tolist() == [0, 1, 2, 3, 4]
    assert merged.repeated.tolist() == [2]
    assert merged.missing.tolist() == [5]
    assert merged.foreign == 2
    assert merged.silent_workers == ()


def test_of_a_repeated_row_the_first_is_kept_and_an_empty_one_is_foreign(tmp_path: Path) -> None:
    rows = rows_from(index=[3, 3, 4], intended=[1, 2, 3], done=[10, 20, 30], status=[1, 1, 0])
    with RecordWriter(tmp_path / "0", Origin(0, 1, PLAN)) as writer:
        for row in rows.tolist():
            writer.add(*row)
    merged = merge([tmp_path / "0"], 0, 1, PLAN)
    assert merged.rows["done"].tolist() == [10]
    assert (merged.repeated.tolist(), merged.missing.tolist(), merged.foreign) == ([3], [], 1)


def test_a_worker_without_a_file_or_a_header_is_silent(tmp_path: Path) -> None:
    (tmp_path / "1").write_bytes(b"a15l")
    merged = merge([write(tmp_path / "0", 0, 3, [0, 3]), tmp_path / "1"], 5, 3, PLAN)
    assert merged.silent_workers == (1, 2)
    assert merged.missing.tolist() == [1, 2, 4]
    assert len(read_rows(tmp_path / "1")) == 0


def test_flushed_rows_survive_without_a_close(tmp_path: Path) -> None:
    writer = RecordWriter(tmp_path / "0", Origin(0, 1, PLAN, 17))
    writer.add(0, 1, 1, 2, 3, 4, 5, 6, 200, 0, 0, Status.OK, 0)
    assert len(read_rows(tmp_path / "0")) == 0
    writer.flush()
    assert read_rows(tmp_path / "0")["sent"].tolist() == [2]
    assert read_origin(tmp_path / "0") == Origin(0, 1, PLAN, 17)
    writer.close()
    writer.close()
    assert writer.written == 1


def test_files_of_another_run_are_refused(tmp_path: Path) -> None:
    mine = write(tmp_path / "0", 0, 1, [0])
    for other in (
        write(tmp_path / "plan", 0, 1, [0], plan="cd" * 32),
        write(tmp_path / "workers", 0, 2, [0]),
        write(tmp_path / "twice", 0, 1, [0]),
    ):
        with pytest.raises(RecordsError, match="not of this run"):
            merge([mine, other], 1, 1, PLAN)
    (tmp_path / "text").write_text("x" * 100)
    with pytest.raises(RecordsError, match="no records"):
        read_rows(tmp_path / "text")


def test_a_file_is_never_written_over(tmp_path: Path) -> None:
    write(tmp_path / "0", 0, 1, [0])
    with pytest.raises(FileExistsError):
        RecordWriter(tmp_path / "0", Origin(0, 1, PLAN))
