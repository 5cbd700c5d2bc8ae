"""Right models that testers choke on: very many inputs, one large tensor, metadata that say little, one phrase only.

Served only where they are named: each costs what many others do together.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.reference.models.model import Model
from harness.reference.models.small import both_versions, renamed
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.tensors import Spec, Tensor, tensor

MANY = 200
# FP32, 12 MiB.
LARGE = (3, 1024, 1024)
IMAGE = (3, 8, 8)
PHRASE = b"open sesame"


NAMES = tuple(f"feature_{place:03}" for place in range(MANY))


def wide() -> Model:
    """Two hundred inputs of one number a row; weights their sum, so that inputs that are mixed up show."""
    weights = np.arange(1.0, MANY + 1)[:, np.newaxis]

    def predict(inputs: Mapping[str, Tensor]) -> list[Tensor]:
        _one_batch(inputs)
        columns = np.array([inputs[name].values for name in NAMES], np.float64) * weights
        # One after another, whatever the number of rows: a row is answered alone as it is among others.
        return [tensor("score", "FP64", np.add.accumulate(columns)[-1])]

    inputs = tuple(Spec(name, "FP32", (-1,)) for name in NAMES)
    return both_versions("wide", inputs, (Spec("score", "FP64", (-1,)),), predict)


def wide_echo() -> Model:
    """Two hundred inputs, of two data types in turn, and each of them back."""

    def predict(inputs: Mapping[str, Tensor]) -> list[Tensor]:
        _one_batch(inputs)
        return [renamed(inputs[name], f"same_{name}") for name in NAMES]

    types = [("FP32", "INT32")[place % 2] for place in range(MANY)]
    inputs = tuple(Spec(name, each, (-1,)) for name, each in zip(NAMES, types, strict=True))
    outputs = tuple(Spec(f"same_{each.name}", each.datatype, (-1,)) for each in inputs)
    return both_versions("wide-echo", inputs, outputs, predict)


def _one_batch(inputs: Mapping[str, Tensor]) -> None:
    if len({each.shape for each in inputs.values()}) > 1:
        raise Refusal("the inputs differ in their number of rows", kind="shape")


def large() -> Model:
    """Returns one tensor of 12 MiB, plus one."""
    spec_in, spec_out = Spec("image", "FP32", LARGE), Spec("lighter", "FP32", LARGE)
    return both_versions(
        "large", (spec_in,), (spec_out,), lambda inputs: [tensor("lighter", "FP32", inputs["image"].array + 1)]
    )


def unsaid() -> Model:
    """Sums images of one size, which the metadata do not say: every dimension is -1."""

    def predict(inputs: Mapping[str, Tensor]) -> list[Tensor]:
        image = inputs["image"]
        if image.shape[1:] != IMAGE:
            raise Refusal(f"images are {list(IMAGE)}, not {list(image.shape[1:])}", kind="shape")
        weights = np.arange(1, np.prod(IMAGE) + 1)
        return [tensor("sum", "FP64", image.array.reshape(len(image.array), -1).astype(np.float64) @ weights)]

    return both_versions("unsaid", (Spec("image", "FP32", (-1, -1, -1, -1)),), (Spec("sum", "FP64", (-1,)),), predict)


def phrase() -> Model:
    """Takes one phrase, and refuses every other."""

    def predict(inputs: Mapping[str, Tensor]) -> list[Tensor]:
        said = inputs["said"]
        if any(bytes(each) != PHRASE for each in said.values):
            raise Refusal("that is not the phrase")
        return [renamed(said, "heard")]

    return both_versions("phrase", (Spec("said", "BYTES", (-1,)),), (Spec("heard", "BYTES", (-1,)),), predict)


def uneven() -> Model:
    """Gives its inputs back: one number a row, two numbers a row, two numbers whatever the rows, and ages of people."""
    types = {
        "flags": ("BOOL", (-1,)),
        "couples": ("INT32", (-1, 2)),
        "bounds": ("UINT16", (2,)),
        "ages": ("INT8", (-1,)),
    }

    def predict(inputs: Mapping[str, Tensor]) -> list[Tensor]:
        if len({each.shape[0] for name, each in inputs.items() if name != "bounds"}) > 1:
            raise Refusal("the inputs differ in their number of rows", kind="shape")
        if any(age < 0 for age in inputs["ages"].values):
            raise Refusal("nobody is younger than 0")
        return [renamed(inputs[name], f"same_{name}") for name in types]

    inputs = tuple(Spec(name, datatype, shape) for name, (datatype, shape) in types.items())
    outputs = tuple(Spec(f"same_{each.name}", each.datatype, each.shape) for each in inputs)
    return both_versions("uneven", inputs, outputs, predict)


def half_row() -> Model:
    """Four halves and no other number of them, given back as they are and as single precision."""
    outputs = (Spec("same", "FP16", (4,)), Spec("single", "FP32", (4,)))
    return both_versions(
        "half-row",
        (Spec("half", "FP16", (4,)),),
        outputs,
        lambda inputs: [
            renamed(inputs["half"], "same"),
            tensor("single", "FP32", inputs["half"].array.astype(np.float32)),
        ],
    )
