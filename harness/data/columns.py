"""Tables of the operator's own inputs: ``.npz`` (arrays named after inputs), ``.csv`` with a header, ``.parquet``.

In csv and parquet columns are named after inputs, ``x.0``, ``x.1``, ... for an input of several elements a row; a model
with a single input takes all columns that nothing else needs, in their order.
"""

from __future__ import annotations

import csv
import math
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from harness.foreign import MEBIBYTE, Refused, open_given
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest, TensorMetadata
from harness.wire.tensor import Tensor

MAX_SAMPLES = 1024 * MEBIBYTE
Columns = Mapping[str, Any]
"""Name -> values, one for each row: a list, or an array whose first axis are the rows."""


class SampleError(Exception):
    """Samples that cannot be used; one line that says why."""


class NotAlone(SampleError):
    """A model takes several rows in a request, and no row of its own."""


class NothingDescribed(SampleError):
    """Neither the model nor the table says which inputs there are."""


def read_columns(path: Path) -> Columns:
    """All columns (arrays) of a table, as they are.

    Raises:
        SampleError: unreadable, larger than samples are, or of another format.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise SampleError(f"samples {path}: data is one of {', '.join(sorted(_READERS))}; bodies belong to requests =")
    with _told(path):
        _bounded(path)
        return reader(path)


def described(columns: Columns, path: Path) -> tuple[TensorMetadata, ...]:
    """Inputs as arrays describe them: each has a name, an element type and a shape.

    Raises:
        NothingDescribed: a table of columns, which have no element types.
        SampleError: of an element type that has no datatype.
    """
    if path.suffix.lower() != ".npz":
        raise NothingDescribed(
            f"samples {path}: the model describes no inputs that columns could belong to; arrays of an npz file do"
        )
    return tuple(TensorMetadata(name, _datatype(path, each), (-1, *each.shape[1:])) for name, each in columns.items())


def of_inputs(columns: Columns, inputs: Sequence[TensorMetadata], path: Path, without: Collection[str] = ()) -> Columns:
    """The values of each input, row by row.

    Args:
        columns: of the table.
        inputs: what the model describes.
        path: of the table, for messages.
        without: columns that are no inputs.

    Raises:
        SampleError: no column for one of the inputs.
    """
    table = _of_inputs_only(columns, inputs, without)
    with _told(path):
        if path.suffix.lower() == ".npz":
            return {tensor.name: _array(tensor, table[tensor.name]) for tensor in inputs}
        return {tensor.name: _values(table, tensor, alone=len(inputs) == 1) for tensor in inputs}


def names_of_elements(
    columns: Columns, inputs: Sequence[TensorMetadata], path: Path, without: Collection[str] = ()
) -> dict[str, tuple[str, ...]]:
    """What the columns of each input are called, where it is made of several; arguments as of :func:`of_inputs`."""
    table = _of_inputs_only(columns, inputs, without)
    if path.suffix.lower() == ".npz":
        return {tensor.name: () for tensor in inputs}
    return {tensor.name: _names(table, tensor, alone=len(inputs) == 1) for tensor in inputs}


def row_request(columns: Columns, inputs: Sequence[TensorMetadata], row: int, path: Path) -> InferRequest:
    """One row as a request.

    Raises:
        SampleError: the row does not fill an input, or holds what its datatype cannot.
    """
    with _told(path):
        return InferRequest(tuple(_tensor(each, columns[each.name][row]) for each in inputs))


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
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


def _tensor(tensor: TensorMetadata, values: Any) -> Tensor:  # noqa: ANN401 -- an array, a list, or a single value
    """One row as a batch of one, or as the whole of an input without a batch.

    Raises:
        NotAlone: the input is filled by several such rows.
        ValueError: the row does not fill the input, or holds what its datatype cannot.
    """
    flat = np.asarray(values, dtype=object).reshape(-1).tolist()
    shape = _own_shape(tensor, values)
    if shape.count(-1) == 1:
        rest = math.prod(size for size in shape if size >= 0)
        shape = tuple(size if size >= 0 else len(flat) // max(rest, 1) for size in shape)
    if shape and shape[0] > 1 and math.prod(shape) == shape[0] * len(flat):
        raise NotAlone(f"{tensor.name!r} takes {shape[0]} rows in a request, and each row here is a request of its own")
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


def _array(tensor: TensorMetadata, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    # As many dimensions as an input without a batch: the array is one row.
    whole = bool(tensor.shape) and tensor.shape[0] >= 0 and array.ndim == len(tensor.shape)
    return array[None] if whole or not array.ndim else array


def _values(table: Columns, tensor: TensorMetadata, *, alone: bool) -> Sequence[Any]:
    """Of an input its column, its numbered columns, or, of a single input, all columns in their order."""
    names = _names(table, tensor, alone=alone)
    if names:
        return list(zip(*(table[name] for name in names), strict=True))
    found: Sequence[Any] = table[tensor.name]
    return found


def _names(table: Columns, tensor: TensorMetadata, *, alone: bool) -> tuple[str, ...]:
    """The columns that an input is made of; empty where it has one of its own, or none."""
    if tensor.name in table:
        return ()
    numbered = tuple(name for name in (f"{tensor.name}.{n}" for n in range(len(table))) if name in table)
    return numbered or (tuple(table) if alone and len(table) > 1 else ())


def _of_inputs_only(columns: Columns, inputs: Sequence[TensorMetadata], without: Collection[str]) -> Columns:
    named = {tensor.name for tensor in inputs}
    return {name: values for name, values in columns.items() if name not in without or name in named}


def _npz(path: Path) -> Columns:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _csv(path: Path) -> Columns:
    with path.open(newline="", encoding="utf-8-sig") as file:
        lines = csv.DictReader(file, strict=True)
        rows = list(lines)
        names = list(lines.fieldnames or ())
    if any(None in row or None in row.values() for row in rows):
        raise ValueError("rows of unequal length")
    return {name: [row[name] for row in rows] for name in names}


def _parquet(path: Path) -> Columns:
    try:
        from pyarrow import parquet  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415 -- optional
    except ImportError:
        raise SampleError(f"samples {path}: reading parquet needs pyarrow (pip install pyarrow)") from None
    try:
        found: Columns = parquet.read_table(path).to_pydict()
    except Exception as error:
        if isinstance(error, OSError):
            raise
        raise ValueError(str(error)) from error
    return found


_READERS: dict[str, Callable[[Path], Columns]] = {".npz": _npz, ".csv": _csv, ".parquet": _parquet}
