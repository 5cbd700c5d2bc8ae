"""A model that guards against attacks as it should; :mod:`tests.endtoend.worse_models` imports it."""

from __future__ import annotations

import numpy as np

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor


def _odd(request: InferRequest) -> bool:
    """Whether any pixel of a row is no whole grey value: no honest picture is like that."""
    values = next(iter(request.inputs.values())).values
    return bool((values != np.rint(values)).any())


@fault("worse-guards-well", "worse", text="odd rows are refused, honest ones never: no fault at all")
def guards_well(hooks: Hooks) -> None:
    def edit(_: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        if _odd(request):
            raise Refusal("no picture has such values", status=422)
        return outputs

    hooks.answers.append(edit)
