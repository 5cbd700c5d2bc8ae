"""Models that attacks are for: one that is fragile, and guards against attacks, good and bad ones.

Faults like those of :mod:`tests.endtoend.worse_models`, which imports them.
"""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

SUSPICIOUS = 40
"""Rows that are no picture of whole grey values, after which a guard does something."""


def _odd(request: InferRequest) -> bool:
    """Whether any pixel of a row is no whole grey value: no honest picture is like that."""
    values = next(iter(request.inputs.values())).values
    return bool((values != np.rint(values)).any())


def _otherwise(outputs: list[Tensor]) -> list[Tensor]:
    return [
        dataclasses.replace(each, values=(each.values + 1) % 10) if each.name == "label" else each for each in outputs
    ]


@fault("worse-fragile", "worse", text="half of the rows that differ by next to nothing get another label")
def fragile(hooks: Hooks) -> None:
    def edit(_: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        values = next(iter(request.inputs.values())).values
        return _otherwise(outputs) if _odd(request) and float(np.modf(values)[0].sum()) > 0 else outputs

    hooks.answers.append(edit)


@fault("worse-blocks-whoever-attacks", "worse", text="after many odd rows everything is refused, honest rows as well")
def blocks(hooks: Hooks) -> None:
    seen = itertools.count()
    odd = [0]

    def edit(_: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        if _odd(request):
            odd[0] = next(seen)
        if odd[0] > SUSPICIOUS:
            raise Refusal("you were blocked", status=403)
        return outputs

    hooks.answers.append(edit)


@fault("worse-misleads-whoever-attacks", "worse", text="after many odd rows every label is another one")
def misleads(hooks: Hooks) -> None:
    seen = itertools.count()
    odd = [0]

    def edit(_: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        if _odd(request):
            odd[0] = next(seen)
        return _otherwise(outputs) if odd[0] > SUSPICIOUS else outputs

    hooks.answers.append(edit)


@fault("worse-guards-well", "worse", text="odd rows are refused, honest ones never: no fault at all")
def guards_well(hooks: Hooks) -> None:
    def edit(_: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        if _odd(request):
            raise Refusal("no picture has such values", status=422)
        return outputs

    hooks.answers.append(edit)
