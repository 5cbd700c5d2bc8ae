"""Batches whose rows do not stay what they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor


def _rows(change: Callable[[NDArray[Any]], NDArray[Any]]) -> Callable[[Hooks], None]:
    """Change the rows of every output of more than one row."""

    def install(hooks: Hooks) -> None:
        def edit(_: Call, __: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
            return [_changed(each, change) if each.shape and each.shape[0] > 1 else each for each in outputs]

        hooks.answers.append(edit)

    return install


def _changed(output: Tensor, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Tensor:
    array = change(output.array)
    return dataclasses.replace(output, shape=array.shape, values=array.ravel().astype(output.values.dtype))


def _leak(array: NDArray[Any]) -> NDArray[Any]:
    """Every row takes a quarter of its neighbour along."""
    if array.dtype.kind in "Ob":
        return np.concatenate([array[:1], array[:-1]])
    moved = array.copy()
    moved[1:] = array[1:] + array[:-1] / 4 if np.issubdtype(array.dtype, np.floating) else np.roll(array, 1, axis=0)[1:]
    return moved


def _wrong_above(limit: int) -> Callable[[NDArray[Any]], NDArray[Any]]:
    def change(array: NDArray[Any]) -> NDArray[Any]:
        return array if len(array) <= limit else np.concatenate([array[:limit], array[limit - 1 : -1]])

    return change


fault("batch-rows-reversed", "BATCH-02", text="rows come back in reverse order")(_rows(lambda array: array[::-1]))
fault("batch-neighbours-leak", "BATCH-02", text="the answer to a row depends on the row before it")(_rows(_leak))
fault(
    "rows-wrong-above-32", "BATCH-02", text="in a batch of more than 32, later rows get the answer of their neighbour"
)(_rows(_wrong_above(32)))
fault("last-row-repeats", "BATCH-02", text="the last row gets the answer of the last but one")(
    _rows(lambda array: np.concatenate([array[:-1], array[-2:-1]]))
)
fault("batch-dimension-dropped", "BATCH-01", "BATCH-02", text="only the first row of a batch is answered")(
    _rows(lambda array: array[0] if array.ndim > 1 else array[:1])
)
