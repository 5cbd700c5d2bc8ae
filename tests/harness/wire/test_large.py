"""Large tensors: what is written out is bounded, few different numbers are few objects, and are compared at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.generate.distinct import distinct
from harness.oracles.equality import elements_differ, preserved
from harness.wire.messages import InferRequest
from harness.wire.protobuf import infer_message, typed_elements
from harness.wire.raw import from_raw, to_raw
from harness.wire.tensor import WRITTEN, Tensor, TooLarge

COUNT = 1 << 17


def large(elements: tuple[Any, ...]) -> InferRequest:
    return InferRequest((Tensor("x", "FP32", (len(elements),), elements),))


def test_what_is_too_large_to_be_written_out_says_which_setting_lets_it_in() -> None:
    request = large((0.5,) * (WRITTEN + 1))
    assert request.is_large
    with pytest.raises(TooLarge, match=r"\[limits\] elements"):
        request.to_bytes()
    with pytest.raises(TooLarge, match="fp32_contents"):
        infer_message("m", None, request, "typed")
    assert len(infer_message("m", None, request, "raw").raw_input_contents[0]) == 4 * (WRITTEN + 1)


def test_few_different_numbers_are_few_objects_told_apart_by_their_bits() -> None:
    numbers = np.tile(np.array([0.0, -0.0, np.nan, 1.5, np.inf], "<f4"), COUNT)
    read = from_raw("FP32", numbers.tobytes())
    assert len({id(each) for each in read}) == 5
    assert to_raw("FP32", read) == numbers.tobytes()


def test_one_number_that_the_sample_misses_is_read_all_the_same() -> None:
    numbers = np.zeros(COUNT, "<i4")
    numbers[12_345] = 77
    assert from_raw("INT32", numbers.tobytes())[12_345] == 77


def test_typed_numbers_are_shared_as_well() -> None:
    message = infer_message("m", None, large((0.5, -0.0) * COUNT), "typed").inputs[0]
    read = typed_elements(message)
    assert len({id(each) for each in read}) == 2
    assert str(read[1]) == "-0.0"


@pytest.mark.parametrize("place", [0, 5, COUNT - 1])
def test_a_difference_is_found_wherever_it_is(place: int) -> None:
    one = [0.5] * COUNT
    other = [*one]
    other[place] = 0.75
    assert f"element {place} " in str(elements_differ(one, other))
    assert f"element {place}:" in str(preserved("FP32", one, other))


def test_true_is_not_one() -> None:
    assert elements_differ([1] * COUNT, [1] * (COUNT - 1) + [True]) is not None
    assert elements_differ([float("nan")] * 3, [float("nan")] * 3) is None


def test_requests_that_differ_share_most_of_a_large_tensor() -> None:
    first, second = distinct(large((0.5,) * 4 * COUNT), 2)
    assert first.inputs[0].elements != second.inputs[0].elements
    assert first.inputs[0].elements[-1] is second.inputs[0].elements[-1]
