"""Labelled rows: a request, what is right for it, its groups and its cluster; and what there is to say of the data."""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.data.columns import (
    MAX_SAMPLES,
    Columns,
    SampleError,
    described,
    names_of_elements,
    of_inputs,
    read_columns,
    row_request,
)
from harness.data.declared import SampledTable
from harness.foreign import open_given
from harness.wire.messages import InferRequest, TensorMetadata

# Values of one column that are told with their numbers.
_MOST_TOLD = 50


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """One row of the data.

    Attributes:
        place: from 0, in the file.
        label: what is right, in one word (:func:`as_name`); empty where nobody says.
        groups: column -> value.
        cluster: rows of one cluster are no independent draws.
    """

    place: int
    label: str
    groups: dict[str, str]
    cluster: Hashable


@dataclass(frozen=True, slots=True)
class LabelledData:
    """The rows that are sent, in the order of the file, and how to make the request of each.

    Attributes:
        sha256: of the file.
        total: rows of the file.
        rows: those drawn.
        counts: column -> value -> how many of the rows drawn, for the label and the groups.
        inputs: of the model, as its metadata or the arrays of the file describe them.
        feature_names: input -> what its elements are called; empty where the file gives them no names of their own.
    """

    path: Path
    sha256: str
    total: int
    rows: tuple[LabelledRow, ...]
    counts: dict[str, dict[str, int]]
    inputs: tuple[TensorMetadata, ...]
    feature_names: dict[str, tuple[str, ...]]
    _columns: Columns

    def request(self, row: LabelledRow) -> InferRequest:
        """The row as a request.

        Raises:
            SampleError: the row does not fill an input, or holds what its datatype cannot.
        """
        return row_request(self._columns, self.inputs, row.place, self.path)


def read_labelled(table: SampledTable, inputs: Sequence[TensorMetadata], seed: int) -> LabelledData:
    """The labelled rows of a table of the policy.

    Args:
        table: of the policy.
        inputs: what the model describes; empty: as the arrays of an npz file do.
        seed: of the draw, where not all rows are sent.

    Raises:
        SampleError: unreadable, or without a column that is needed.
    """
    path = Path(table.data)
    columns = read_columns(path)
    asides = [*table.groups, *(name for name in (table.label, table.cluster) if name is not None)]
    for name in asides:
        if name not in columns:
            raise SampleError(f"samples {path}: no column {name!r}; there are {', '.join(map(repr, columns))}")
    if not inputs:
        inputs = described({name: each for name, each in columns.items() if name not in asides}, path)
    values = of_inputs(columns, inputs, path, without=asides)
    total = min(len(each) for each in (*(columns[name] for name in asides), *values.values()))
    drawn: Sequence[int] = range(total)
    if table.rows is not None and table.rows < total:
        drawn = sorted(np.random.default_rng(seed).choice(total, table.rows, replace=False).tolist())
    rows = tuple(_row(table, columns, place) for place in drawn)
    counts = {} if table.label is None else {table.label: _counted([row.label for row in rows])}
    counts |= {name: _counted([row.groups[name] for row in rows]) for name in table.groups}
    names = names_of_elements(columns, inputs, path, asides)
    return LabelledData(path, _digest(path), total, rows, counts, tuple(inputs), names, values)


def as_name(value: Any) -> str:  # noqa: ANN401 -- whatever a table or a tensor holds
    """A label or a prediction in one word: 1, 1.0 and "1" are the same."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, int | str):
        # Not by way of a float, which holds no whole number beyond 2^53.
        with contextlib.suppress(ValueError):
            return str(int(value))
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return str(value)
    return str(int(number)) if number.is_integer() else repr(number)


def _row(table: SampledTable, columns: Columns, place: int) -> LabelledRow:
    cluster = place if table.cluster is None else as_name(columns[table.cluster][place])
    label = "" if table.label is None else as_name(columns[table.label][place])
    return LabelledRow(place, label, {name: as_name(columns[name][place]) for name in table.groups}, cluster)


def _counted(values: Sequence[str]) -> dict[str, int]:
    """How often each value occurs; where there are too many of them, none."""
    found = Counter(values)
    return dict(sorted(found.items())) if len(found) <= _MOST_TOLD else {}


def _digest(path: Path) -> str:
    with open_given(path, MAX_SAMPLES) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
