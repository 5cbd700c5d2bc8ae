"""Equal values have one digest, however they came; anything else has another."""

from __future__ import annotations

import math
from typing import Any

import pytest

from harness.oracles.digests import STRETCH, tensors_digest
from harness.wire.tensor import Tensor


def one(*elements: Any, name: str = "y", datatype: str = "FP32", shape: tuple[int, ...] | None = None) -> str:
    return tensors_digest([Tensor(name, datatype, shape or (len(elements),), elements)])


def test_a_float_is_the_value_that_its_data_type_holds() -> None:
    assert one(0.1) == one(0.10000000149011612)
    assert one(0.1, datatype="FP64") != one(0.10000000149011612, datatype="FP64")
    assert one(1) == one(1.0)
    assert one(math.nan) == one(float("-nan"))
    assert one(0.0) != one(-0.0)


def test_the_order_of_outputs_and_stretches_of_elements_do_not_count() -> None:
    a, b = Tensor("a", "INT64", (1,), (1,)), Tensor("b", "BYTES", (1,), ("x",))
    assert tensors_digest([a, b]) == tensors_digest([b, a])
    many = [0.5] * (STRETCH + 1)
    assert one(*many) != one(*many[:-1], 0.25)


@pytest.mark.parametrize(
    "other",
    [
        one(1.0, 2.0, name="z"),
        one(1.0, 2.0, datatype="FP64"),
        one(1.0, 2.0, shape=(2, 1)),
        one(2.0, 1.0),
        one(1.0, 2.0000002),
        one("1.0", "2.0", datatype="BYTES"),
    ],
)
def test_whatever_else_differs_is_another_answer(other: str) -> None:
    assert other != one(1.0, 2.0)


def test_texts_run_into_each_other_nowhere() -> None:
    assert one("ab", "c", datatype="BYTES") != one("a", "bc", datatype="BYTES")
    assert one(True, datatype="BOOL") != one(1, datatype="BOOL")
    assert one("é", datatype="BYTES") == one("é".encode(), datatype="BYTES")
    assert one("\ud800", datatype="BYTES")


def test_what_is_no_value_of_its_data_type_has_a_digest_as_well() -> None:
    assert len({one("x"), one(None), one(10**400, datatype="FP64"), one([1.0])}) == 4
