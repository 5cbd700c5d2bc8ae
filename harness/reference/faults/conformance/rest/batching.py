"""Seeded faults that the checks of ``suites/conformance/rest/test_batching.py`` find."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.reference.faults.kit.common import is_rest
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

# How long a request waits for company: long enough for concurrent ones to meet.
WINDOW_SECONDS = 0.02


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


@fault(
    "batch-sizes-truncated",
    "BATCH-04",
    text="inputs of different batch sizes are cut to the shortest",
    models=("pair",),
)
def batch_sizes_truncated(hooks: Hooks) -> None:
    def edit(_: Call, __: ModelVersion, request: InferRequest) -> None:
        rows = min((tensor.shape[0] for tensor in request.inputs.values() if tensor.shape), default=0)
        for name, tensor in request.inputs.items():
            array = tensor.array[:rows]
            request.inputs[name] = dataclasses.replace(tensor, shape=array.shape, values=array.ravel())

    hooks.requests.append(edit)


class _InFlight:
    """Requests that are being worked on at the same time."""

    def __init__(self, hooks: Hooks) -> None:
        self.calls: list[Call] = []
        hooks.before.append(self._wait)

    async def _wait(self, call: Call) -> None:
        # Over gRPC nothing says when a call leaves: its reply is no document.
        if call.op == "infer" and is_rest(call):
            self.calls.append(call)
            await asyncio.sleep(WINDOW_SECONDS)

    def others(self, call: Call) -> list[Call]:
        """Who else is here."""
        return [each for each in self.calls if each is not call and each.model == call.model]

    def leave(self, call: Call, _: Reply) -> None:
        """To be registered as the last edit of documents: whatever the answer, the call is over."""
        self.calls = [each for each in self.calls if each is not call]


def _id_of(call: Call) -> Any:
    try:
        return json.loads(call.body).get("id")
    except (ValueError, AttributeError):
        return None


@fault(
    "ids-swapped-when-concurrent",
    "REST-INFER-12",
    "BATCH-03",
    "REST-RESP-04",
    text="concurrent requests get each other's ids",
    effect="concurrency",
)
def ids_swapped_when_concurrent(hooks: Hooks) -> None:
    flight = _InFlight(hooks)

    def edit(call: Call, body: dict[str, Any]) -> None:
        ids = [_id_of(other) for other in flight.others(call)]
        if "id" in body and any(ids):
            body["id"] = next(each for each in ids if each)

    hooks.on("infer")(edit)
    hooks.documents.append(flight.leave)


@fault(
    "concurrent-rows-merged",
    "BATCH-03",
    "REST-INFER-12",
    text="concurrent requests get the rows of each other as well",
    effect="concurrency",
)
def concurrent_rows_merged(hooks: Hooks) -> None:
    flight = _InFlight(hooks)
    last: dict[str, Tensor] = {}

    def edit(call: Call, _: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        company = bool(flight.others(call))
        merged = [_joined(last[each.name], each) if company and each.name in last else each for each in outputs]
        last.update({each.name: each for each in outputs})
        return merged

    hooks.answers.append(edit)
    hooks.documents.append(flight.leave)


def _joined(before: Tensor, own: Tensor) -> Tensor:
    if before.datatype != own.datatype or before.shape[1:] != own.shape[1:] or not own.shape:
        return own
    array = np.concatenate([before.array, own.array])
    return dataclasses.replace(own, shape=array.shape, values=array.ravel())


@fault(
    "answers-cached-by-shape",
    "REST-INFER-12",
    text="every third request is answered from a cache that knows only shapes",
    effect="state",
)
def answers_cached_by_shape(hooks: Hooks) -> None:
    kept: dict[object, list[Tensor]] = {}
    count = {"requests": 0}

    def edit(call: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        key = (call.model, call.version, tuple(tensor.shape for tensor in request.inputs.values()))
        count["requests"] += 1
        if count["requests"] % 3 == 0 and key in kept:
            return kept[key]
        kept[key] = outputs
        return outputs

    hooks.answers.append(edit)
