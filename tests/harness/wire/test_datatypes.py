"""Datatypes against numpy, which knows most of them; bfloat16 against its definition."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire.datatypes import DATATYPES, round_to

WITH_NUMPY = [each for each in DATATYPES.values() if each.numpy is not None]


def test_thirteen_standard_datatypes_and_bfloat16() -> None:
    assert sum(each.standard for each in DATATYPES.values()) == 13
    assert not DATATYPES["BF16"].standard
    assert all(name == each.name for name, each in DATATYPES.items())


@pytest.mark.parametrize("datatype", WITH_NUMPY, ids=lambda each: each.name)
def test_size_and_range_are_those_of_numpy(datatype: object) -> None:
    each = next(known for known in WITH_NUMPY if known is datatype)
    dtype = np.dtype(each.numpy)
    assert each.size == dtype.itemsize
    if each.kind == "float":
        limits = np.finfo(dtype)
        assert (each.minimum, each.maximum) == (float(limits.min), float(limits.max))
    elif each.kind in ("int", "uint"):
        info = np.iinfo(dtype)
        assert (each.minimum, each.maximum) == (info.min, info.max)


@given(st.floats())
def test_fp16_and_fp32_round_as_numpy_does(value: float) -> None:
    with np.errstate(over="ignore"):
        for name, dtype in (("FP16", np.float16), ("FP32", np.float32), ("FP64", np.float64)):
            rounded, expected = round_to(name, value), float(dtype(value))
            # NaN stays NaN; which of its payloads survive is each library's own affair.
            same_bits = struct.pack("d", rounded) == struct.pack("d", expected)
            assert math.isnan(rounded) if math.isnan(value) else same_bits


@given(st.floats(width=32, allow_nan=False))
def test_bfloat16_is_the_upper_half_of_a_rounded_binary32(value: float) -> None:
    bits = struct.unpack("<I", struct.pack("<f", value))[0]
    upper = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    expected = value if math.isinf(value) else struct.unpack("<f", struct.pack("<I", upper))[0]
    assert struct.pack("d", round_to("BF16", value)) == struct.pack("d", expected)


def test_bfloat16_rounds_once() -> None:
    # Just above a tie: going by way of binary32 would lose the excess and round down to even.
    assert round_to("BF16", 1 + 2**-8 + 2**-40) == 1 + 2**-7
    assert round_to("BF16", 1 + 2**-8) == 1.0


def test_other_datatypes_do_not_round() -> None:
    with pytest.raises(ValueError, match="INT8"):
        round_to("INT8", 1.0)
