"""Seeded faults that the checks of ``suites/adversarial/test_first_of_kind.py`` find."""

from __future__ import annotations

import time

from harness.reference.extensions.statistics import rows_of
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.request import InferRequest

COMPILING_SECONDS = 0.3


@fault(
    "new-batch-size-compiles-in-the-loop",
    "advice:serves-others",
    text="the first inference of each batch size holds the whole server up for 300 ms",
    effect="state",
)
def new_batch_size_compiles(hooks: Hooks) -> None:
    met: set[tuple[str, int]] = set()

    def edit(call: Call, _: ModelVersion, request: InferRequest) -> None:
        kind = (call.model, rows_of(request.inputs))
        if kind not in met:
            met.add(kind)
            time.sleep(COMPILING_SECONDS)

    hooks.requests.append(edit)
