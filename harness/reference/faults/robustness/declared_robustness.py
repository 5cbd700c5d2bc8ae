"""Seeded faults that the checks of ``suites/robustness/test_declared_robustness.py`` find: models that give way.

No answer of theirs breaks the protocol. What tells of them are changed samples, and what the policy declares with which
the suite is validated.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from harness.reference.faults.kit.models.classifiers import MODELS, Labels, answers, flipped, picked, predicts
from harness.reference.faults.kit.request_values import change_numbers
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.models.model import Predict
from harness.reference.models.trained import Floats
from harness.reference.protocol.tensors import Tensor

DECLARED = "policy:declared-robustness"
# Digits after the decimal point that the samples of the reference models have at most.
DECIMALS = 6
FLIPPED = 3
# Of a tumour: of its features these two, and values in the middle of their ranges.
POINTS_ERROR, MUCH_ERROR = 17, 0.012
WORST_AREA, MIDDLE_AREA = 23, 880.0
FP32 = (2 - 2.0**-23) * 2.0**127


@fault(
    "robustness-flips-at-a-touch",
    DECLARED,
    text="one row in three whose values are not round to six decimals gets another label",
    models=MODELS,
)
def flips_at_a_touch(hooks: Hooks) -> None:
    def change(_: str, rows: Floats, found: Floats) -> tuple[Labels, Floats]:
        touched = (np.abs(rows - np.round(rows, DECIMALS)) > 1e-10).any(axis=1)
        return flipped(found, touched & picked(rows, FLIPPED)), found

    answers(change)(hooks)


@fault(
    "robustness-hangs-on-one-feature",
    DECLARED,
    text="of a tumour the label hangs on a feature that must not matter",
    models=("cancer",),
)
def hangs_on_one(hooks: Hooks) -> None:
    def change(name: str, rows: Floats, found: Floats) -> tuple[Labels, Floats]:
        much = rows[:, POINTS_ERROR] > MUCH_ERROR if name == "cancer" else np.zeros(len(rows), dtype=bool)
        return flipped(found, much), found

    answers(change)(hooks)


@fault(
    "robustness-falls-where-it-rises",
    DECLARED,
    text="the larger the worst area of a tumour, the lower the score for malignant",
    models=("cancer",),
)
def falls_where_it_rises(hooks: Hooks) -> None:
    def change(name: str, predict: Predict) -> Predict:
        def predicted(inputs: Mapping[str, Tensor]) -> list[Tensor]:
            ((source, given),) = inputs.items()
            rows = given.array.copy()
            rows[:, WORST_AREA] = 2 * MIDDLE_AREA - rows[:, WORST_AREA]
            return predict({source: dataclasses.replace(given, values=rows.reshape(-1))})

        return predicted if name == "cancer" else predict

    predicts(change)(hooks)


fault(
    "robustness-clips-what-it-cannot-hold",
    DECLARED,
    text="numbers that no pixel holds become the largest that one does, and are answered",
    models=("digits",),
)(change_numbers(lambda _, value: max(-FP32, min(FP32, value)) if type(value) is float else value, "FP32"))
