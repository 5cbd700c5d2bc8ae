"""Where the metadata of two versions differ, by what it is about."""

from __future__ import annotations

from typing import get_args

from harness.declared.rollout import MetadataAspect
from harness.oracles.drift import drift
from harness.wire.messages import ModelMetadata, TensorMetadata

ONE = ModelMetadata(
    "m",
    ("1", "2"),
    "a",
    (TensorMetadata("x", "FP32", (-1, 4)), TensorMetadata("z", "INT64", (1,))),
    (TensorMetadata("y", "INT64", (-1,)),),
    {"k": "v"},
)


def test_order_does_not_count() -> None:
    assert drift(ONE, ModelMetadata("m", ("2", "1"), "a", ONE.inputs[::-1], ONE.outputs, {"k": "v"})) == {}


def test_every_aspect_is_told() -> None:
    other = ModelMetadata(
        "m", ("3",), "b", (TensorMetadata("x", "FP64", (-1, 5)),), (TensorMetadata("w", "INT64", (-1,)),), {}
    )
    found = drift(ONE, other)
    assert {*found} == {*get_args(MetadataAspect)}
    assert found["datatypes"] == "datatype of 'x' FP32 against FP64"
    assert found["shapes"] == "shape of 'x' [-1, 4] against [-1, 5]"
