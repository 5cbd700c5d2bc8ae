"""Labels and predictions in one word."""

from __future__ import annotations

import numpy as np
import pytest

from harness.data.labelled import as_name


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("1", "1"), (1.0, "1"), (np.float32(1), "1"), (b"1", "1"), (True, "1"), ("1.0", "1"), (0.5, "0.5"),
        ("benign", "benign"), (b"\xff", "\\xff"), ("", ""),
        (9007199254740993, "9007199254740993"), ("9007199254740993", "9007199254740993"),
        (np.int64(2**53 + 1), "9007199254740993"), ("inf", "inf"),
    ],
)  # fmt: skip
def test_equal_numbers_have_one_name(value: object, name: str) -> None:
    assert as_name(value) == name
