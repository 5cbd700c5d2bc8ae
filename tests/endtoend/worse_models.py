"""Models that are worse than they were trained to be, served by the reference server.

    python -m tests.endtoend.worse_models FAULT [OPTIONS OF harness.reference]

No check finds these by the protocol, so they are no seeded faults: what tells of them are labelled rows. Whoever
imports this has them among the faults of its process, so nobody but that server does.
"""

from __future__ import annotations

import dataclasses
import itertools
import zlib

import numpy as np

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor
from tests.endtoend.worse import LARGE


def _first(request: InferRequest) -> Tensor:
    return next(iter(request.inputs.values()))


def _labelled_otherwise(outputs: list[Tensor]) -> list[Tensor]:
    return [
        dataclasses.replace(each, values=np.where(each.values == 0, 1, 0)) if each.name == "label" else each
        for each in outputs
    ]


@fault("worse-flips-one-in-eight", "worse", text="one of eight rows, by its values, gets another label")
def flips(hooks: Hooks) -> None:
    def edit(_: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        chosen = zlib.crc32(_first(request).values.tobytes()) % 8 == 0
        return _labelled_otherwise(outputs) if chosen else outputs

    hooks.answers.append(edit)


@fault("worse-in-one-group", "worse", text="of large tumours one of four gets the other label")
def one_group(hooks: Hooks) -> None:
    def edit(_: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        values = _first(request).values
        chosen = values[0] > LARGE and zlib.crc32(values.tobytes()) % 4 == 0
        return _labelled_otherwise(outputs) if chosen else outputs

    hooks.answers.append(edit)


@fault("worse-overconfident", "worse", text="scores are sharpened: the labels stay, and what they are worth does not")
def overconfident(hooks: Hooks) -> None:
    def edit(_: Call, __: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        return [_sharpened(each) if each.name == "probabilities" else each for each in outputs]

    hooks.answers.append(edit)


def _sharpened(scores: Tensor) -> Tensor:
    raised = scores.array**6
    return dataclasses.replace(scores, values=(raised / raised.sum(axis=-1, keepdims=True)).reshape(-1))


@fault("worse-keeps-silent", "worse", text="one of twenty rows, by its values, is refused")
def keeps_silent(hooks: Hooks) -> None:
    def edit(_: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        return [] if zlib.crc32(_first(request).values.tobytes()) % 20 == 0 else outputs

    hooks.answers.append(edit)


@fault("worse-refuses-what-is-outside", "worse", text="a radius below 0 or above 100 is refused: better, not worse")
def refuses_outside(hooks: Hooks) -> None:
    def edit(_: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        if not 0 <= _first(request).values[0] <= 100:
            raise Refusal("input 'features': a mean radius is between 0 and 100")
        return outputs

    hooks.answers.append(edit)


@fault("worse-varies", "worse", text="every second answer has the other label")
def varies(hooks: Hooks) -> None:
    asked = itertools.count()

    def edit(_: Call, __: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        return _labelled_otherwise(outputs) if next(asked) % 2 else outputs

    hooks.answers.append(edit)


if __name__ == "__main__":
    # Which faults may be named is settled when this is imported.
    from harness.reference.command import main

    main()
