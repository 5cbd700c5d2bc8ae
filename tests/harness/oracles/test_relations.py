"""Relations between answers: what counts as the same, and as a row of a batch."""

from __future__ import annotations

import pytest

from harness.oracles.equality import difference, elements_differ, preserved
from harness.oracles.rows import row_request, rows_differ
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor


@pytest.mark.parametrize(
    ("datatype", "sent", "returned", "kept"),
    [
        ("FP32", [1.1], [1.100000023841858], True),
        ("FP32", [1.1], [1.1001], False),
        ("FP64", [1.1], [1.100000023841858], False),
        ("FP16", [0.1], [0.0999755859375], True),
        ("INT64", [2**53 + 1], [2**53 + 1], True),
        ("INT64", [2**53 + 1], [float(2**53)], False),
        ("INT8", [7], [7.0], True),
        ("UINT8", [1], [True], False),
        ("BOOL", [True, False], [1, 0], True),
        ("BOOL", [True], ["True"], False),
        ("BYTES", ["a\0b"], ["a"], False),
        ("FP32", [1.0], [], False),
        ("FP32", [1.0], ["1.0"], False),
    ],
)
def test_preserved(datatype: str, sent: list[object], returned: list[object], kept: bool) -> None:
    assert (preserved(datatype, sent, returned) is None) is kept


def test_difference_names_the_first_one() -> None:
    one = {"y": Tensor("y", "FP32", (2,), (1.0, 2.0))}
    other = {"y": Tensor("y", "FP32", (2,), (1.0, 2.0005))}
    assert difference(one, one) is None
    assert difference(one, other, exact=False) is None
    assert "element 1" in str(difference(one, other))
    assert "outputs" in str(difference(one, {}))
    assert elements_differ([float("nan")], [float("nan")]) is None
    assert elements_differ([True], [1]) is not None


def test_rows_of_a_batch() -> None:
    request = InferRequest(inputs=(Tensor("x", "FP32", (3, 2), (1, 2, 3, 4, 5, 6)),))
    assert row_request(request, 1).inputs[0] == Tensor("x", "FP32", (1, 2), (3, 4))
    batch = {"y": Tensor("y", "FP32", (3, 1), (10.0, 20.0, 30.0)), "sum": Tensor("sum", "FP32", (1,), (60.0,))}
    singles = [{"y": Tensor("y", "FP32", (1, 1), (value,))} for value in (10.0, 30.0)]
    assert rows_differ(batch, [0, 2], 3, singles) is None
    assert "row 1" in str(rows_differ(batch, [0, 1], 3, singles))
