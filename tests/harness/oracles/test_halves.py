"""Halves that are read as the other kind."""

from __future__ import annotations

import pytest

from harness.oracles.halves import read_as_the_other
from harness.wire.raw import from_raw, to_raw
from harness.wire.tensor import Tensor

VALUES = (0.5, 1.5, -2.5, 0.0)


def half(datatype: str, elements: tuple[float, ...] = VALUES) -> Tensor:
    return Tensor("x", datatype, (len(elements),), elements)


@pytest.mark.parametrize(("sent", "other"), [("FP16", "BF16"), ("BF16", "FP16")])
@pytest.mark.parametrize("returned", ["FP16", "FP32", "FP64"])
def test_what_is_read_as_the_other_kind_is_seen(sent: str, other: str, returned: str) -> None:
    read = from_raw(other, to_raw(sent, VALUES))
    told = from_raw(returned, to_raw(returned, read)) if returned != "FP64" else read
    assert read_as_the_other(half(sent), half(returned, tuple(told)))
    assert not read_as_the_other(half(sent), half(returned))


def test_zeros_integers_and_other_numbers_show_nothing() -> None:
    assert not read_as_the_other(half("FP16", (0.0, 0.0)), half("FP32", (0.0, 0.0)))
    assert not read_as_the_other(half("FP16"), Tensor("y", "INT64", (4,), (0, 0, 8, 0)))
    assert not read_as_the_other(half("FP32"), half("FP32"))
    assert not read_as_the_other(half("FP16"), half("FP32", (1.0, 2.0, 3.0, 4.0)))
    assert not read_as_the_other(half("FP16", (1.5,) * 2), half("FP32", (0.125,) * 2))
