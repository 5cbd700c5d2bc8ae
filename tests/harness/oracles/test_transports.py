"""What of an answer may not depend on how it travelled."""

from __future__ import annotations

import math
from typing import Any

import pytest

from harness.generate.boundaries import full_range
from harness.oracles.transports import answers_differ, bits_differ
from harness.wire.datatypes import DATATYPES
from harness.wire.raw import from_raw, to_raw
from harness.wire.strictjson import NegativeZero, parse
from harness.wire.tensor import Tensor


def outputs(datatype: str, shape: tuple[int, ...], *elements: Any, name: str = "y") -> dict[str, Tensor]:
    return {name: Tensor(name, datatype, shape, elements)}


@pytest.mark.parametrize(
    ("datatype", "one", "other"),
    [
        ("FP32", 1.1, 1.100000023841858),  # printed at double precision
        ("FP32", 1.0, 1),
        ("FP32", math.nan, None),  # NaN as some servers write it
        ("FP64", -0.0, NegativeZero()),
        ("INT64", 7, parse(b"7.0").value),
        ("BOOL", True, 1),
        ("BYTES", "\u20ac", b"\xe2\x82\xac"),
    ],
)
def test_the_same_value_in_two_spellings(datatype: str, one: object, other: object) -> None:
    assert bits_differ(datatype, [one], [other]) is None
    assert bits_differ(datatype, [other], [one]) is None


@pytest.mark.parametrize(
    ("datatype", "one", "other"),
    [
        ("FP32", 0.0, -0.0),
        ("FP32", 1.1, 1.1000001),
        ("FP64", 5e-324, 0.0),
        ("FP64", math.inf, 1.7976931348623157e308),
        ("INT64", 2**53 + 1, 2**53),
        ("INT8", -128, 128),
        ("INT8", 7, 7.5),
        ("UINT64", 2**64 - 1, float(2**64)),
        ("BOOL", True, "True"),
        ("BYTES", b"\xff", "\ufffd"),
        ("FP32", 1.0, "1.0"),
    ],
)
def test_another_value(datatype: str, one: object, other: object) -> None:
    found = bits_differ(datatype, [1, one], [1, other])
    assert found is not None
    assert found.startswith("element 1 ")


def test_names_datatypes_and_shapes_count() -> None:
    answer = outputs("FP32", (2,), 1.0, 2.0)
    assert answers_differ(answer, outputs("FP32", (2,), 1.0, 2.0)) is None
    for other in (
        outputs("FP32", (2, 1), 1.0, 2.0),
        outputs("FP64", (2,), 1.0, 2.0),
        outputs("FP32", (2,), 1.0, 2.0, name="z"),
        outputs("FP32", (2,), 1.0),
        outputs("FP32", (2,), 1.0, 2.5),
    ):
        assert answers_differ(answer, other) is not None


@pytest.mark.parametrize("datatype", list(DATATYPES))
def test_the_full_range_is_exact_in_its_datatype(datatype: str) -> None:
    values = full_range(datatype)
    assert bits_differ(datatype, values, from_raw(datatype, to_raw(datatype, values))) is None
