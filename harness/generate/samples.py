"""The operator's own inputs as requests: JSON bodies line by line (``.jsonl``), or rows of a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from harness.data.columns import MAX_SAMPLES, SampleError, described, of_inputs, read_columns, row_request
from harness.foreign import read_given
from harness.wire.messages import InferRequest, TensorMetadata, read_infer_request

# Rows taken of a table, evenly over its length, each as a request of its own.
ROWS = 16


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
    if not inputs and path.suffix.lower() != ".npz":
        raise SampleError(f"samples {path}: the model describes no inputs that columns could belong to; use requests =")
    table = read_columns(path)
    inputs = inputs or described(table, path)
    columns = of_inputs(table, inputs, path)
    rows = min((len(columns[tensor.name]) for tensor in inputs), default=0)
    chosen = sorted({index * rows // ROWS for index in range(ROWS)}) if rows else []
    return tuple(row_request(columns, inputs, row, path) for row in chosen)
