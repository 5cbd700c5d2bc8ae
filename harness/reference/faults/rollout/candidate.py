"""Seeded faults that the checks of ``suites/rollout/test_candidate.py`` find beside a clean server."""

from __future__ import annotations

import zlib
from typing import Any

from harness.reference.faults.kit.common import delays, end, wrong_when
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.request import InferRequest

ROLLOUT = "policy:rollout"
# One input in so many is decided otherwise, and one in so many is of the kind that ends the server.
EVERY, OF_A_KIND = 50, 20
SLOWER_SECONDS = 0.03


def _picked(request: InferRequest, every: int) -> bool:
    """Whether an input is among those that the fault meets: by its values alone, so that it always is."""
    values = [each.values.tolist() for each in request.inputs.values()]
    return zlib.crc32(repr(values).encode()) % every == 0


fault(
    "rollout-candidate-changes-decisions",
    ROLLOUT,
    text="one input in fifty gets another answer than from the version before",
)(wrong_when(lambda _, request: _picked(request, EVERY)))


@fault(
    "rollout-candidate-crashes-on-a-kind",
    ROLLOUT,
    text="one input in twenty, which the version before answers, ends the server",
    effect="crash",
)
def crashes(hooks: Hooks) -> None:
    def look(_: Call, __: ModelVersion, request: InferRequest) -> None:
        if _picked(request, OF_A_KIND):
            end()

    hooks.requests.append(look)


@fault(
    "rollout-candidate-described-otherwise",
    ROLLOUT,
    text="an output is described with another data type and shape than in the version before",
)
def described_otherwise(hooks: Hooks) -> None:
    def edit(_: Call, body: dict[str, Any]) -> None:
        first, *others = body["outputs"]
        body["outputs"] = [{**first, "datatype": "FP64", "shape": [*first["shape"], 1]}, *others]

    hooks.on("model-metadata")(edit)


fault(
    "rollout-candidate-slower",
    ROLLOUT,
    text=f"every inference takes {SLOWER_SECONDS:g} s longer than in the version before",
    effect="load",
)(delays(lambda call: call.op == "infer", SLOWER_SECONDS))
