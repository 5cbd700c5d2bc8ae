"""Models that are worse than they were trained to be, served by the reference server.

    python -m tests.endtoend.worse_models FAULT [OPTIONS OF harness.reference]

Beside the seeded faults of accuracy and robustness it has those that no verdict follows from: silence, a refusal where
one is right, answers that vary. Whoever imports this has them among the faults of its process: nobody but that server
does.
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
from tests.endtoend import guarded_models  # noqa: F401 -- registers its faults


@fault("worse-keeps-silent", "worse", text="one of twenty rows, by its values, is refused")
def keeps_silent(hooks: Hooks) -> None:
    def edit(_: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        (rows,) = request.inputs.values()
        return [] if zlib.crc32(rows.values.tobytes()) % 20 == 0 else outputs

    hooks.answers.append(edit)


@fault("worse-refuses-what-is-outside", "worse", text="a radius below 0 or above 100 is refused: better, not worse")
def refuses_outside(hooks: Hooks) -> None:
    def edit(_: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        (rows,) = request.inputs.values()
        if not 0 <= rows.values[0] <= 100:
            raise Refusal("input 'features': a mean radius is between 0 and 100")
        return outputs

    hooks.answers.append(edit)


@fault("worse-varies", "worse", text="every second answer has the other label")
def varies(hooks: Hooks) -> None:
    asked = itertools.count()

    def edit(_: Call, __: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        if next(asked) % 2 == 0:
            return outputs
        return [
            dataclasses.replace(each, values=np.where(each.values == 0, 1, 0)) if each.name == "label" else each
            for each in outputs
        ]

    hooks.answers.append(edit)


if __name__ == "__main__":
    # Which faults may be named is settled when this is imported.
    from harness.reference.command import main

    main()
