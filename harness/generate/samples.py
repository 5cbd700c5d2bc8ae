"""The operator's own inputs as requests: JSON bodies line by line, or rows of a table whose columns are inputs.

Formats: ``.jsonl`` (requests), ``.npz`` (arrays named after inputs), ``.csv`` with a header and ``.parquet`` (columns
named after inputs, ``x.0``, ``x.1``, ... for an input of several elements a row).
"""

from __future__ import annotations

import csv
import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.foreign import MEBIBYTE, Refused, open_given, read_given
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest, TensorMetadata, read_infer_request
from harness.wire.tensor import Tensor

# Rows taken of a table, evenly over its length, each as a request of its own.
ROWS = 16
MAX_SAMPLES = 1024 * MEBIBYTE
Columns = Mapping[str, Sequence[Any]]


class SampleError(Exception):
    """Samples that cannot be used; one line that says why."""


def read_requests(path: Path) -> tuple[InferRequest, ...]:
    """One inference request a line.

    Raises:
        SampleError: unreadable, no JSON, or no inference request.
    """
    try:
        lines = [line for line in read_given(path, MAX_SAMPLES).splitlines() if line.strip()]
        return tuple(read_infer_request(json.loads(line)) for line in lines)
    except OSError as error:
        raise SampleError(f"samples {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise SampleError(f"samples {path}: {error}") from error


def read_data(path: Path, inputs: Sequence[TensorMetadata]) -> tuple[InferRequest, ...]:
    """Rows of a table as requests for these inputs.

    Raises:
        SampleError: unreadable, of another format, or without a column of one of the inputs.
    """
    if not inputs and path.suffix.lower() == ".npz":
        inputs = _described(path)
    if not inputs:
        raise SampleError(f"samples {path}: the model describes no inputs that columns could belong to; use requests =")
    readers = {".npz": _npz, ".csv": _csv, ".parquet": _parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise SampleError(f"samples {path}: data is one of {', '.join(sorted(readers))}; bodies belong to requests =")
    try:
        _bounded(path)
        columns = reader(path, inputs)
        rows = min(len(columns[tensor.name]) for tensor in inputs)
        chosen = sorted({index * rows // ROWS for index in range(ROWS)}) if rows else []
        return tuple(InferRequest(tuple(_row(each, columns[each.name][row]) for each in inputs)) for row in chosen)
    except OSError as error:
        raise SampleError(f"samples {path}: {error.strerror or error}") from error
    except KeyError as error:
        raise SampleError(f"samples {path}: no column for input {error.args[0]!r}") from error
    except (ValueError, MemoryError, zipfile.BadZipFile, csv.Error) as error:
        raise SampleError(f"samples {path}: {error}") from error


def _bounded(path: Path) -> None:
    """Refuse what is no regular file, or larger than samples are, also once it is unpacked.

    Raises:
        OSError: says why.
        zipfile.BadZipFile: it has the name of a packed file and is none.
    """
    if not path.exists():
        return  # its reader says so
    with open_given(path, MAX_SAMPLES) as file:
        if path.suffix.lower() != ".npz":
            return
        with zipfile.ZipFile(file) as packed:
            if sum(each.file_size for each in packed.infolist()) > MAX_SAMPLES:
                raise Refused(f"is larger than {MAX_SAMPLES // MEBIBYTE} MiB once it is unpacked")


def _described(path: Path) -> tuple[TensorMetadata, ...]:
    """Inputs as the arrays of a file describe them: each has a name, an element type and a shape.

    Raises:
        SampleError: unreadable, or of an element type that has no datatype.
    """
    try:
        _bounded(path)
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except OSError as error:
        raise SampleError(f"samples {path}: {error.strerror or error}") from error
    except (ValueError, MemoryError, zipfile.BadZipFile) as error:
        raise SampleError(f"samples {path}: {error}") from error
    return tuple(TensorMetadata(name, _datatype(path, each), (-1, *each.shape[1:])) for name, each in found.items())


def _datatype(path: Path, array: np.ndarray[Any, Any]) -> str:
    kind = array.dtype.kind
    if kind in "US":
        return "BYTES"
    if kind == "b":
        return "BOOL"
    letters = {"f": "FP", "i": "INT", "u": "UINT"}.get(kind)
    name = f"{letters}{array.dtype.itemsize * 8}"
    if name not in DATATYPES:
        raise SampleError(f"samples {path}: elements of type {array.dtype} have no datatype of the protocol")
    return name


def _row(tensor: TensorMetadata, values: Any) -> Tensor:  # noqa: ANN401 -- an array, a list, or a single value
    """One row as a batch of one, or as the whole of an input without a batch.

    Raises:
        ValueError: the row does not fill the input, or holds what its datatype cannot.
    """
    flat = np.asarray(values, dtype=object).reshape(-1).tolist()
    shape = _own_shape(tensor, values)
    if shape.count(-1) == 1:
        rest = math.prod(size for size in shape if size >= 0)
        shape = tuple(size if size >= 0 else len(flat) // max(rest, 1) for size in shape)
    if min(shape, default=0) < 0 or math.prod(shape) != len(flat):
        raise ValueError(f"a row of {tensor.name!r} has {len(flat)} elements, its shape is {list(tensor.shape)}")
    return Tensor(tensor.name, tensor.datatype, shape, tuple(_element(tensor.datatype, each) for each in flat))


def _own_shape(tensor: TensorMetadata, values: Any) -> tuple[int, ...]:  # noqa: ANN401 -- as above
    """The shape that the metadata asks for; where it leaves a dimension open, that of the array itself."""
    asked = tuple(1 if size < 0 and axis == 0 else size for axis, size in enumerate(tensor.shape))
    if not isinstance(values, np.ndarray):
        return asked
    own = values.shape if values.ndim == len(asked) else (1, *values.shape)
    fits = len(own) == len(asked) and all(wanted in (-1, size) for wanted, size in zip(asked, own, strict=True))
    return own if fits else asked


def _element(datatype: str, value: Any) -> Any:  # noqa: ANN401 -- whatever the table holds
    kind = DATATYPES[datatype].kind if datatype in DATATYPES else "bytes"
    if kind == "float":
        found = float(value)
        if not math.isfinite(found):
            raise ValueError(f"{value!r} has no spelling in JSON")
        return found
    if kind == "bool":
        return value.strip().lower() in ("1", "true") if isinstance(value, str) else bool(value)
    if kind in ("int", "uint"):
        return int(value)
    return value.decode() if isinstance(value, bytes) else str(value)


def _npz(path: Path, inputs: Sequence[TensorMetadata]) -> Columns:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        columns: dict[str, Any] = {}
        for tensor in inputs:
            array = arrays[tensor.name] if tensor.name in arrays.files else None
            if array is None:
                raise KeyError(tensor.name)
            # As many dimensions as an input without a batch: the array is one row.
            whole = bool(tensor.shape) and tensor.shape[0] >= 0 and array.ndim == len(tensor.shape)
            columns[tensor.name] = array[None] if whole or not array.ndim else array
        return columns


def _csv(path: Path, inputs: Sequence[TensorMetadata]) -> Columns:
    with path.open(newline="", encoding="utf-8-sig") as file:
        lines = csv.DictReader(file, strict=True)
        rows = list(lines)
        names = list(lines.fieldnames or ())
    if any(None in row or None in row.values() for row in rows):
        raise ValueError("rows of unequal length")
    return _columns({name: [row[name] for row in rows] for name in names}, inputs)


def _parquet(path: Path, inputs: Sequence[TensorMetadata]) -> Columns:
    try:
        from pyarrow import parquet  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415 -- optional
    except ImportError:
        raise SampleError(f"samples {path}: reading parquet needs pyarrow (pip install pyarrow)") from None
    try:
        return _columns(parquet.read_table(path).to_pydict(), inputs)
    except SampleError:
        raise
    except Exception as error:
        if isinstance(error, KeyError | OSError):
            raise
        raise ValueError(str(error)) from error


def _columns(table: Mapping[str, Sequence[Any]], inputs: Sequence[TensorMetadata]) -> Columns:
    """Per input its column, its numbered columns, or, of a single input, all columns in their order."""
    found: dict[str, Sequence[Any]] = {}
    for tensor in inputs:
        numbered = [name for name in (f"{tensor.name}.{n}" for n in range(len(table))) if name in table]
        if tensor.name in table:
            found[tensor.name] = table[tensor.name]
        elif numbered:
            found[tensor.name] = list(zip(*(table[name] for name in numbered), strict=True))
        elif len(inputs) == 1 and len(table) > 1:
            found[tensor.name] = list(zip(*table.values(), strict=True))
        else:
            raise KeyError(tensor.name)
    return found
