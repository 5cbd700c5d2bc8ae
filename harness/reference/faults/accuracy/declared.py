"""Seeded faults that the checks of ``suites/accuracy/test_declared.py`` find: models worse than is declared of them.

No answer of theirs breaks the protocol. What tells of them is labelled data, and the levels that the policy declares
with which the suite is validated.
"""

from __future__ import annotations

import dataclasses
import json
import zlib
from collections.abc import Callable, Mapping
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.models.model import Model, Predict
from harness.reference.models.trained import Floats, scores, softmax
from harness.reference.protocol.tensors import Tensor

DECLARED = "policy:declared-accuracy"
MODELS = ("cancer", "digits")
FLIPPED, FLIPPED_OF_GROUP = 8, 3
POWER = 10
# The first feature of a tumour is its mean radius; of an image the grey values count together.
LARGE, MUCH = 14.0, 4.9
# Of a tumour its mean fractal dimension: the answers need it more than any other, and none of the others stands for it.
UNSEEN_FEATURE = 9

Chosen = NDArray[np.bool_]
Labels = NDArray[np.intp]
Outputs = Callable[[str, Floats, Floats], tuple[Labels, Floats]]
"""Model, rows and probabilities to labels and probabilities."""


def _answers(change: Outputs) -> Install:
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

    return _predicts(changed)


def _predicts(change: Callable[[str, Predict], Predict]) -> Install:
    def edit(models: dict[str, Model]) -> None:
        for name in models.keys() & {*MODELS}:
            versions = models[name].versions
            for number, version in versions.items():
                versions[number] = dataclasses.replace(version, predict=change(name, version.predict))

    return lambda hooks: hooks.models.append(edit)


def _picked(rows: Floats, every: int) -> Chosen:
    """Whether a row is one of so many: by its values alone, so that it always is."""
    return np.array([zlib.crc32(row.tobytes()) % every == 0 for row in rows], dtype=bool)


def _flipped(probabilities: Floats, picked: Chosen) -> Labels:
    labels = probabilities.argmax(axis=-1)
    found: Labels = np.where(picked, (labels + 1) % probabilities.shape[-1], labels)
    return found


@fault("accuracy-labels-flipped", DECLARED, text="one row in eight, by its values, gets another label", models=MODELS)
def labels_flipped(hooks: Hooks) -> None:
    _answers(lambda _, rows, found: (_flipped(found, _picked(rows, FLIPPED)), found))(hooks)


@fault(
    "accuracy-worse-in-one-group",
    DECLARED,
    text="of large tumours, and of digits with much ink, one in three gets another label",
    models=MODELS,
)
def worse_in_one_group(hooks: Hooks) -> None:
    def change(name: str, rows: Floats, found: Floats) -> tuple[Labels, Floats]:
        inside = rows[:, 0] > LARGE if name == "cancer" else rows.mean(axis=1) > MUCH
        return _flipped(found, inside & _picked(rows, FLIPPED_OF_GROUP)), found

    _answers(change)(hooks)


@fault("accuracy-overconfident", DECLARED, text="scores are sharpened: the labels stay right as often", models=MODELS)
def overconfident(hooks: Hooks) -> None:
    def change(_: str, __: Floats, found: Floats) -> tuple[Labels, Floats]:
        raised = found**POWER
        return found.argmax(axis=-1), raised / raised.sum(axis=-1, keepdims=True)

    _answers(change)(hooks)


@fault(
    "accuracy-scores-fall-with-certainty",
    DECLARED,
    text="the surer the model is of its label, the lower the score that it gives it",
    models=MODELS,
)
def scores_fall(hooks: Hooks) -> None:
    def change(_: str, __: Floats, found: Floats) -> tuple[Labels, Floats]:
        return found.argmax(axis=-1), (1 - found) / (found.shape[-1] - 1)

    _answers(change)(hooks)


@fault("accuracy-blind-to-a-feature", DECLARED, text="one feature is read as 0, whatever it is", models=("cancer",))
def blind(hooks: Hooks) -> None:
    def change(name: str, predict: Predict) -> Predict:
        def predicted(inputs: Mapping[str, Tensor]) -> list[Tensor]:
            ((source, given),) = inputs.items()
            rows = given.array.copy()
            rows[:, UNSEEN_FEATURE] = 0
            return predict({source: dataclasses.replace(given, values=rows.reshape(-1))})

        return predicted if name == "cancer" else predict

    _predicts(change)(hooks)


@fault(
    "accuracy-degraded-version",
    DECLARED,
    text="the newest version computes with weights that were rounded to whole numbers",
    models=MODELS,
)
def degraded(hooks: Hooks) -> None:
    def edit(models: dict[str, Model]) -> None:
        for name in models.keys() & {*MODELS}:
            newest = models[name].newest
            predict = _rounded(name, newest.version)
            models[name].versions[newest.version] = dataclasses.replace(newest, predict=predict)

    hooks.models.append(edit)


def _rounded(name: str, version: str) -> Predict:
    file = resources.files("harness.reference") / "data" / f"{name}-{version}.json"
    parameters = json.loads(file.read_text(encoding="utf-8"))["parameters"]
    for layer in parameters["layers"]:
        layer["weights"] = np.round(np.array(layer["weights"])).tolist()

    def predicted(inputs: Mapping[str, Tensor]) -> list[Tensor]:
        (source,) = inputs.values()
        found = softmax(scores(parameters, source.array.astype(np.float64)))
        labels = found.argmax(axis=-1)
        return [
            Tensor("label", "INT64", labels.shape, labels.astype(np.int64)),
            Tensor("probabilities", "FP64", found.shape, found.reshape(-1)),
        ]

    return predicted
