"""A candidate: how far it may differ."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from harness.declared.table import MOST_TIMES, PolicyTable

MetadataAspect = Literal["platform", "versions", "inputs", "outputs", "datatypes", "shapes", "properties"]
"""What the metadata of a model says of it, besides its name."""


class RolloutTable(PolicyTable, frozen=True, kw_only=True):
    """``[rollout]``: how far a candidate (``--oip-candidate``) may differ from the endpoint under test.

    A limit that is not stated is held against nobody: what is seen is recorded.

    Attributes:
        min_agreement: share of inputs with the same answer, floats within the tolerance.
        min_same_decisions: share of inputs with the same decisions, where an output is a class or a label.
        max_changed_decisions: most of the compared inputs with another decision; says nothing of other inputs.
        max_latency_ratio: of the candidate's latency to the other one, in the median over the inputs.
        allow_metadata: what may be described otherwise; anything else may not. Without it, all of it may.
        relative, absolute: tolerance of floats.
        inputs: to compare, samples first, then drawn ones; where a share is stated, as many more as decide about it.
        confidence: of each decision about a share or a ratio.
    """

    min_agreement: Annotated[float, msgspec.Meta(gt=0, lt=1)] | None = None
    min_same_decisions: Annotated[float, msgspec.Meta(gt=0, lt=1)] | None = None
    max_changed_decisions: Annotated[int, msgspec.Meta(ge=0)] | None = None
    max_latency_ratio: Annotated[float, msgspec.Meta(gt=0, le=MOST_TIMES)] | None = None
    allow_metadata: list[MetadataAspect] | None = None
    relative: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1e-3
    absolute: Annotated[float, msgspec.Meta(ge=0, le=1e30)] = 1e-4
    inputs: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 200
    confidence: Annotated[float, msgspec.Meta(ge=0.5, lt=1)] = 0.95
