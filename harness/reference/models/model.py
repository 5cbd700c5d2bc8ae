"""What a served model is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.reference.extensions.sequence import Sequences
from harness.reference.extensions.statistics import Counts
from harness.reference.models.textgen import TextModel
from harness.reference.protocol.tensors import Spec, Tensor

Predict = Callable[[Mapping[str, Tensor]], list[Tensor]]
"""Inputs by name to outputs in order. Pure: the same inputs give the same outputs, row by row."""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version of a model: its description and the function that computes it.

    Attributes:
        labels: names of the elements of an output, by output.
        sequences: how a model with a state answers within a sequence; ``predict`` answers outside of one.
        text: what writes, if the model generates text.
        counts: what is counted for the statistics; copies of a version count together.
    """

    version: str
    platform: str
    inputs: tuple[Spec, ...]
    outputs: tuple[Spec, ...]
    predict: Predict
    properties: Mapping[str, str]
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sequences: Sequences | None = None
    text: TextModel | None = None
    counts: Counts = field(default_factory=Counts)


@dataclass(slots=True)
class Model:
    """A model and its versions, lowest first; the highest answers where none is named."""

    name: str
    versions: dict[str, ModelVersion]
    loaded: bool = True
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def newest(self) -> ModelVersion:
        """The version that answers where none is named."""
        return list(self.versions.values())[-1]


def provenance(parameters: object, trained_on: str, **more: str) -> dict[str, str]:
    """Properties that say where a model comes from, under the keys of docs/properties.md.

    The commit has the form of a commit id, but is derived from the parameters: the models of this server belong to no
    repository of their own.
    """
    text = json.dumps(parameters, sort_keys=True, separators=(",", ":")).encode()
    digest = hashlib.sha256(text).hexdigest()
    return {
        "provenance.model.digest": f"sha256:{digest}",
        "provenance.data.version": trained_on,
        "provenance.source.commit": hashlib.sha256(b"commit " + text).hexdigest()[:40],
        **more,
    }
