"""Classifiers that answer otherwise than they were trained to, by the values of a row alone."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from harness.reference.faults.registry import Install
from harness.reference.models.model import Model, Predict
from harness.reference.models.trained import Floats
from harness.reference.protocol.tensors import Tensor

MODELS = ("cancer", "digits")

Chosen = NDArray[np.bool_]
Labels = NDArray[np.intp]
Outputs = Callable[[str, Floats, Floats], tuple[Labels, Floats]]
"""Model, rows and probabilities to labels and probabilities."""


def answers(change: Outputs) -> Install:
    """Both classifiers, in every version, with other outputs for their rows."""

    def changed(name: str, predict: Predict) -> Predict:
        def predicted(inputs: Mapping[str, Tensor]) -> list[Tensor]:
            (source,) = inputs.values()
            label, probabilities = predict(inputs)
            rows = source.array.astype(np.float64)
            labels, found = change(name, rows, probabilities.array)
            return [
                dataclasses.replace(label, values=labels.astype(label.values.dtype)),
                dataclasses.replace(probabilities, values=found.reshape(-1)),
            ]

        return predicted

    return predicts(changed)


def predicts(change: Callable[[str, Predict], Predict]) -> Install:
    """Both classifiers, in every version, with another prediction."""

    def edit(models: dict[str, Model]) -> None:
        for name in models.keys() & {*MODELS}:
            versions = models[name].versions
            for number, version in versions.items():
                versions[number] = dataclasses.replace(version, predict=change(name, version.predict))

    return lambda hooks: hooks.models.append(edit)


def picked(rows: Floats, every: int) -> Chosen:
    """Whether a row is one of so many: by its values alone, so that it always is."""
    return np.array([zlib.crc32(row.tobytes()) % every == 0 for row in rows], dtype=bool)


def flipped(probabilities: Floats, at: Chosen) -> Labels:
    """The labels of the highest probabilities, and at chosen rows the next one."""
    labels = probabilities.argmax(axis=-1)
    found: Labels = np.where(at, (labels + 1) % probabilities.shape[-1], labels)
    return found
