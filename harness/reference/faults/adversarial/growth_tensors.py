"""Seeded faults that the checks of ``suites/adversarial/test_growth_tensors.py`` find."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

from harness.reference.faults.kit.common import Body, holds, inputs_of, reread
from harness.reference.faults.kit.crew import Crew, loses_reader, loses_worker
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

CHANGE = "policy:no-silent-change"
HANG = "policy:no-hang"
LAST = 500
ROOM = 100


def _of_rows(most: int, change: Callable[[Tensor], Tensor]) -> Install:
    """Change outputs of more rows than ``most``."""

    def edit(_: Call, __: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        return [change(each) if each.shape and each.shape[0] > most else each for each in outputs]

    return lambda hooks: hooks.answers.append(edit)


def _wrapped(output: Tensor) -> Tensor:
    values, width = output.values.copy(), output.count // output.shape[0]
    surplus = values[LAST * width :]
    surplus[:] = values[: len(surplus)] if len(surplus) <= LAST * width else values[0]
    return dataclasses.replace(output, values=values)


def _cut(output: Tensor) -> Tensor:
    width = output.count // output.shape[0]
    return dataclasses.replace(output, shape=(ROOM, *output.shape[1:]), values=output.values[: ROOM * width])


fault(
    "rows-beyond-500-wrap",
    "BATCH-02",
    text="rows from the five hundredth on are answered as those from the first on",
    models=("pair", "matrix"),
)(_of_rows(LAST, _wrapped))

fault(
    "rows-beyond-100-left-out",
    "BATCH-02",
    text="of a batch the first 100 rows are answered",
    models=("pair", "matrix"),
)(_of_rows(ROOM, _cut))


def _batch_above(most: int) -> Callable[[InferRequest], bool]:
    return lambda request: any(each.shape and each.shape[0] > most for each in request.inputs.values())


fault(
    "batch-of-300-ends-a-worker",
    HANG,
    text="a batch of more than 300 rows is the last that one of three workers answers",
    models=("pair", "matrix"),
    effect="hang",
)(loses_worker(_batch_above(300)))

fault(
    "batch-of-3000-ends-a-worker",
    HANG,
    text="a batch of more than 3000 rows is the last that one of five workers answers",
    models=("pair", "matrix"),
    effect="hang",
)(loses_worker(_batch_above(3000), 5))

fault(
    "shape-of-100000-rows-ends-a-worker",
    HANG,
    "TDATA-17",
    text="for a shape of six digits and more one of three workers is killed, once it has refused the request",
    effect="hang",
)(loses_reader(lambda call: re.search(rb'"shape"\s*:\s*\[\s*\d{6}', call.body) is not None))

fault(
    "shape-beyond-addresses-held",
    HANG,
    "TDATA-17",
    text="a shape of more than 10^12 rows is never answered",
    effect="hang",
)(holds(lambda call: call.op == "infer" and re.search(rb'"shape"\s*:\s*\[\s*\d{13}', call.body) is not None))

fault(
    "shape-of-gigabytes-ends-a-worker",
    HANG,
    "TDATA-17",
    text="for a shape of 10^8 to 10^10 rows one of three workers is killed, once it has refused the request",
    effect="hang",
)(loses_reader(lambda call: re.search(rb'"shape"\s*:\s*\[\s*\d{9,10}\D', call.body) is not None))


def _loses_caller(rows: int) -> Install:
    """A call with a shape of more rows is the last that its worker answers."""

    def install(hooks: Hooks) -> None:
        crew = Crew(hooks)

        def look(call: Call, request: Any) -> None:
            if any(size > rows for each in request.inputs for size in each.shape):
                crew.lose(call)

        hooks.grpc.asked("infer")(look)

    return install


fault(
    "grpc-shape-of-100000-rows-ends-a-worker",
    HANG,
    text="a call with a shape of more than 10^5 rows is the last that one of three workers answers",
    transport="grpc",
    effect="hang",
)(_loses_caller(10**5))

fault(
    "grpc-shape-beyond-addresses-ends-a-worker",
    HANG,
    text="a call with a shape of more than 10^12 rows is the last that one of three workers answers",
    transport="grpc",
    effect="hang",
)(_loses_caller(10**12))


def _counted(document: Body) -> bool:
    entries = [
        each for each in inputs_of(document) if each["shape"] and any(isinstance(row, list) for row in each["data"])
    ]
    for entry in entries:
        entry["shape"] = [len(entry["data"]), *entry["shape"][1:]]
    return bool(entries)


fault(
    "nested-data-outvotes-shape",
    "TDATA-05",
    text="of nested data the rows are counted, and what the shape says of them is passed over",
    models=("matrix",),
)(reread(_counted))

COLUMNS = 3


def _narrowed(document: Body) -> bool:
    """Cut the rows of each input of rank two to the columns of the model."""
    wide = [each for each in inputs_of(document) if len(each["shape"]) == 2 and each["shape"][1] > COLUMNS]
    for entry in wide:
        rows, width = entry["shape"]
        cut = [entry["data"][row * width : row * width + COLUMNS] for row in range(rows)]
        entry["data"], entry["shape"] = [each for row in cut for each in row], [rows, COLUMNS]
    return bool(wide)


fault(
    "surplus-columns-dropped",
    CHANGE,
    text="of rows with more columns than the model has, the first ones are computed with",
    models=("matrix",),
)(reread(_narrowed))
