"""Models trained with scikit-learn, computed from their stored parameters.

scikit-learn takes seconds to import, so training is done beforehand
(:mod:`harness.reference.models.train`) and the parameters are data files; serving needs numpy only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.reference.models.model import Model, ModelVersion, Predict, provenance
from harness.reference.protocol.tensors import Spec, Tensor, tensor

Floats = NDArray[np.float64]

# Far outside of every training set: nothing changes there any more, and nothing overflows.
LIMIT = 1e6

DESCRIPTIONS: dict[str, tuple[tuple[Spec, ...], tuple[Spec, ...]]] = {
    "digits": (
        (Spec("image", "FP32", (-1, 64)),),
        (Spec("label", "INT64", (-1,)), Spec("probabilities", "FP64", (-1, 10))),
    ),
    "cancer": (
        (Spec("features", "FP64", (-1, 30)),),
        (Spec("label", "INT64", (-1,)), Spec("probabilities", "FP64", (-1, 2))),
    ),
    "diabetes": ((Spec("features", "FP32", (-1, 10)),), (Spec("progression", "FP32", (-1,)),)),
}
"""Inputs and outputs. An image is 8x8 grey values from 0 to 16, row by row."""

LABELS: dict[str, dict[str, tuple[str, ...]]] = {
    "digits": {
        "probabilities": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    },
    "cancer": {"probabilities": ("malignant", "benign")},
}
"""Model -> output -> what its elements stand for."""


def trained(name: str) -> Model:
    """A trained model with both of its versions."""
    inputs, outputs = DESCRIPTIONS[name]
    versions = {}
    for version in ("1", "2"):
        file = resources.files("harness.reference") / "data" / f"{name}-{version}.json"
        stored: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        properties = provenance(
            stored["parameters"],
            stored["trained_on"],
            **{"art15.method": stored["method"], "art15.held_out": stored["held_out"]},
        )
        predict = _predict(stored["parameters"], inputs[0].name, outputs)
        labels = LABELS.get(name, {})
        versions[version] = ModelVersion(version, "sklearn_json", inputs, outputs, predict, properties, labels)
    return Model(name, versions)


def scores(parameters: Mapping[str, Any], rows: Floats) -> Floats:
    """Raw scores of ``rows`` (n, features) -> (n, outputs).

    Row by row: a matrix product over the whole batch would round differently with the number of rows, and the answer
    for one row would then depend on its neighbours.
    """
    mean, scale = np.array(parameters["mean"]), np.array(parameters["scale"])
    layers = [(np.array(layer["weights"]), np.array(layer["bias"])) for layer in parameters["layers"]]
    out = np.empty((len(rows), len(layers[-1][1])))
    for index, row in enumerate(rows):
        value = (np.clip(row, -LIMIT, LIMIT) - mean) / scale
        for depth, (weights, bias) in enumerate(layers):
            value = (np.maximum(value, 0.0) if depth else value) @ weights + bias
        out[index] = value
    return out


def softmax(values: Floats) -> Floats:
    """Probabilities over the last axis."""
    raised = np.exp(values - values.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)  # type: ignore[no-any-return]


def _predict(parameters: Mapping[str, Any], source: str, outputs: tuple[Spec, ...]) -> Predict:
    def predict(inputs: Mapping[str, Tensor]) -> list[Tensor]:
        found = scores(parameters, inputs[source].array.astype(np.float64))
        if len(outputs) == 1:
            return [tensor(outputs[0].name, outputs[0].datatype, found[:, 0])]
        probabilities = softmax(found) if len(found) else found
        labels = probabilities.argmax(axis=1)
        return [
            tensor(spec.name, spec.datatype, array)
            for spec, array in zip(outputs, (labels, probabilities), strict=True)
        ]

    return predict
