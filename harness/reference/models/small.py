"""Models that compute next to nothing, each made to show one thing about tensors."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from harness.reference.models.model import Model, ModelVersion, Predict, provenance
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.tensors import NUMPY, Spec, Tensor, tensor

PLATFORM = "art15_reference"


def both_versions(name: str, inputs: tuple[Spec, ...], outputs: tuple[Spec, ...], *predicts: Predict) -> Model:
    """A model with versions "1" and "2"; a single function serves both."""
    return Model(
        name,
        {
            version: ModelVersion(
                version,
                PLATFORM,
                inputs,
                outputs,
                predicts[index % len(predicts)],
                provenance([name, version], "nothing: a fixed rule"),
            )
            for index, version in enumerate(("1", "2"))
        },
    )


def renamed(source: Tensor, name: str) -> Tensor:
    """``source`` under another name."""
    return dataclasses.replace(source, name=name)


def echo(name: str, datatype: str, rank: int = 1) -> Model:
    """Returns ``x`` as ``y``, element by element."""
    shape = (-1,) * rank
    return both_versions(
        name,
        (Spec("x", datatype, shape),),
        (Spec("y", datatype, shape),),
        lambda inputs: [renamed(inputs["x"], "y")],
    )


def echoes() -> dict[str, str]:
    """Name -> data type of the thirteen echo models of rank 1."""
    return {f"echo-{datatype.lower()}": datatype for datatype in NUMPY}


def matrix() -> Model:
    """Weights the columns, so that elements read in another order give another answer; rows do not depend on rows.

    FP64 out, so that no finite FP32 input overflows.
    """

    def weighted(*weights: float) -> Predict:
        return lambda inputs: [tensor("y", "FP64", inputs["x"].array.astype(np.float64) * weights)]

    spec_in, spec_out = Spec("x", "FP32", (-1, 3)), Spec("y", "FP64", (-1, 3))
    return both_versions("matrix", (spec_in,), (spec_out,), weighted(1, 2, 3), weighted(1, 10, 100))


def pair() -> Model:
    """Two inputs of different types with a common batch dimension, each returned under its own name."""

    def predict(inputs: Mapping[str, Tensor]) -> list[Tensor]:
        left, right = inputs["a"], inputs["b"]
        if left.shape[:1] != right.shape[:1]:
            raise Refusal(f"inputs a and b have {left.shape[0]} and {right.shape[0]} rows", kind="shape")
        return [renamed(left, "oa"), renamed(right, "ob")]

    inputs = (Spec("a", "FP32", (-1,)), Spec("b", "INT32", (-1,)))
    return both_versions("pair", inputs, (Spec("oa", "FP32", (-1,)), Spec("ob", "INT32", (-1,))), predict)


def optional() -> Model:
    """``y = a + b``, or ``a`` where the optional ``b`` is left out.

    OIP has no way to say "optional". The metadata says it twice in its own words: the property
    ``art15.optional_inputs`` and ``"parameters": {"optional": true}`` at the tensor.
    """

    def predict(inputs: Mapping[str, Tensor]) -> list[Tensor]:
        first = inputs["a"].values.astype(np.float64)
        if "b" in inputs:
            if inputs["b"].shape != inputs["a"].shape:
                raise Refusal("inputs a and b differ in shape", kind="shape")
            first = first + inputs["b"].values
        return [tensor("y", "FP64", first)]

    inputs = (Spec("a", "FP32", (-1,)), Spec("b", "FP32", (-1,), optional=True))
    model = both_versions("optional", inputs, (Spec("y", "FP64", (-1,)),), predict)
    for version, each in model.versions.items():
        properties = {**each.properties, "art15.optional_inputs": "b"}
        model.versions[version] = dataclasses.replace(each, properties=properties)
    return model


def text() -> Model:
    """Upper-cases text and counts: code points in version 1, bytes of UTF-8 in version 2."""

    def counting(in_bytes: bool) -> Predict:
        def predict(inputs: Mapping[str, Tensor]) -> list[Tensor]:
            source = inputs["text"]
            words = [bytes(each).decode("utf-8", "replace") for each in source.values]
            upper = np.empty(len(words), dtype=object)
            upper[:] = [word.upper().encode() for word in words]
            lengths = [len(each) for each in (source.values if in_bytes else words)]
            return [
                Tensor("upper", "BYTES", source.shape, upper),
                Tensor("length", "INT64", source.shape, np.array(lengths, dtype=np.int64)),
            ]

        return predict

    outputs = (Spec("upper", "BYTES", (-1,)), Spec("length", "INT64", (-1,)))
    return both_versions("text", (Spec("text", "BYTES", (-1,)),), outputs, counting(False), counting(True))


def fixed() -> Model:
    """A fixed batch of one row of four; returns the running sums of the row."""
    return both_versions(
        "fixed",
        (Spec("x", "FP32", (1, 4)),),
        (Spec("y", "FP64", (1, 4)),),
        lambda inputs: [tensor("y", "FP64", np.cumsum(inputs["x"].array.astype(np.float64), axis=1))],
    )
