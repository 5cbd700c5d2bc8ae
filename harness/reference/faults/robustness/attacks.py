"""Seeded faults that the checks of ``suites/robustness/test_attacks.py`` find: fragile models, guards that overdo."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from harness.reference.faults.kit.models.classifiers import Labels, answers, flipped
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.models.trained import Floats
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

DECLARED, KEPT = "policy:declared-robustness", "policy:declared-confidentiality"
MODELS = ("digits",)
# Rows with values that are no whole grey ones, after which a guard takes whoever asks for an attacker.
SUSPICIOUS = 40
# Of a digit: a pixel, and grey values that divide the pictures into three.
PIXEL, DARKER, DARKEST = 36, 4, 12


@fault(
    "robustness-wavers-near-by",
    DECLARED,
    text="half of the pictures that differ by next to nothing from one of whole grey values get another label",
    models=MODELS,
)
def wavers(hooks: Hooks) -> None:
    def change(_: str, rows: Floats, found: Floats) -> tuple[Labels, Floats]:
        return flipped(found, (rows - np.rint(rows)).sum(axis=1) > 0), found

    answers(change)(hooks)


@fault(
    "robustness-hangs-on-one-pixel",
    KEPT,
    text="the label of a picture hangs on one pixel alone: a few answers teach a copy all of it",
    models=MODELS,
)
def one_pixel(hooks: Hooks) -> None:
    def change(_: str, rows: Floats, found: Floats) -> tuple[Labels, Floats]:
        labels: Labels = np.digitize(rows[:, PIXEL % rows.shape[1]], [DARKER, DARKEST]).astype(np.intp)
        return labels % found.shape[-1], found

    answers(change)(hooks)


@fault(
    "robustness-blocks-honest-rows",
    DECLARED,
    text="after many odd pictures everybody is refused, with whole pictures as well",
    models=MODELS,
)
def blocks(hooks: Hooks) -> None:
    def refuse(_: list[Tensor]) -> list[Tensor]:
        raise Refusal("you were blocked", status=403)

    _once_suspicious(hooks, refuse)


@fault(
    "robustness-misleads-honest-rows",
    DECLARED,
    text="after many odd pictures each label is another one, of whole pictures as well",
    models=MODELS,
)
def misleads(hooks: Hooks) -> None:
    def mislead(outputs: list[Tensor]) -> list[Tensor]:
        return [
            dataclasses.replace(each, values=(each.values + 1) % 10) if each.name == "label" else each
            for each in outputs
        ]

    _once_suspicious(hooks, mislead)


def _once_suspicious(hooks: Hooks, react: Callable[[list[Tensor]], list[Tensor]]) -> None:
    """Do something to every answer once enough odd rows were seen, whoever sent them."""
    seen = [0]

    def edit(_: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        rows = next(iter(request.inputs.values())).array
        seen[0] += int((rows != np.rint(rows)).any(axis=-1).sum())
        return react(outputs) if seen[0] > SUSPICIOUS else outputs

    hooks.answers.append(edit)
