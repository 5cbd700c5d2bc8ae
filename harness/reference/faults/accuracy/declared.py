"""Seeded faults that the checks of ``suites/accuracy/test_declared.py`` find: models worse than is declared of them.

No answer of theirs breaks the protocol. What tells of them is labelled data, and the levels that the policy declares
with which the suite is validated.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from importlib import resources

import numpy as np

from harness.reference.faults.kit.models.classifiers import MODELS, Labels, answers, flipped, picked, predicts
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.models.model import Model, Predict
from harness.reference.models.trained import Floats, scores, softmax
from harness.reference.protocol.tensors import Tensor

DECLARED = "policy:declared-accuracy"
FLIPPED, FLIPPED_OF_GROUP = 8, 3
POWER = 10
# The first feature of a tumour is its mean radius; of an image the grey values count together.
LARGE, MUCH = 14.0, 4.9
# Of a tumour its mean fractal dimension: the answers need it more than any other, and none of the others stands for it.
UNSEEN_FEATURE = 9


@fault("accuracy-labels-flipped", DECLARED, text="one row in eight, by its values, gets another label", models=MODELS)
def labelsflipped(hooks: Hooks) -> None:
    answers(lambda _, rows, found: (flipped(found, picked(rows, FLIPPED)), found))(hooks)


@fault(
    "accuracy-worse-in-one-group",
    DECLARED,
    text="of large tumours, and of digits with much ink, one in three gets another label",
    models=MODELS,
)
def worse_in_one_group(hooks: Hooks) -> None:
    def change(name: str, rows: Floats, found: Floats) -> tuple[Labels, Floats]:
        inside = rows[:, 0] > LARGE if name == "cancer" else rows.mean(axis=1) > MUCH
        return flipped(found, inside & picked(rows, FLIPPED_OF_GROUP)), found

    answers(change)(hooks)


@fault("accuracy-overconfident", DECLARED, text="scores are sharpened: the labels stay right as often", models=MODELS)
def overconfident(hooks: Hooks) -> None:
    def change(_: str, __: Floats, found: Floats) -> tuple[Labels, Floats]:
        raised = found**POWER
        return found.argmax(axis=-1), raised / raised.sum(axis=-1, keepdims=True)

    answers(change)(hooks)


@fault(
    "accuracy-scores-fall-with-certainty",
    DECLARED,
    text="the surer the model is of its label, the lower the score that it gives it",
    models=MODELS,
)
def scores_fall(hooks: Hooks) -> None:
    def change(_: str, __: Floats, found: Floats) -> tuple[Labels, Floats]:
        return found.argmax(axis=-1), (1 - found) / (found.shape[-1] - 1)

    answers(change)(hooks)


@fault("accuracy-blind-to-a-feature", DECLARED, text="one feature is read as 0, whatever it is", models=("cancer",))
def blind(hooks: Hooks) -> None:
    def change(name: str, predict: Predict) -> Predict:
        def predicted(inputs: Mapping[str, Tensor]) -> list[Tensor]:
            ((source, given),) = inputs.items()
            rows = given.array.copy()
            rows[:, UNSEEN_FEATURE] = 0
            return predict({source: dataclasses.replace(given, values=rows.reshape(-1))})

        return predicted if name == "cancer" else predict

    predicts(change)(hooks)


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
