"""Tensors as raw bytes: worked examples, and every data type there and back."""

from __future__ import annotations

import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire.datatypes import DATATYPES, round_to
from harness.wire.raw import as_bytes, from_raw, to_raw

EXAMPLES: list[tuple[str, list[Any], str]] = [
    ("BOOL", [True, False, True], "01 00 01"),
    ("UINT8", [255], "ff"),
    ("INT8", [-128], "80"),
    ("UINT16", [258], "02 01"),
    ("INT16", [-2], "fe ff"),
    ("INT16", [1, -2, 300], "01 00 fe ff 2c 01"),
    ("UINT32", [1], "01 00 00 00"),
    ("INT32", [-2], "fe ff ff ff"),
    ("UINT64", [2**64 - 1], "ff ff ff ff ff ff ff ff"),
    ("INT64", [-2], "fe ff ff ff ff ff ff ff"),
    ("FP16", [1.5, -2.0], "00 3e 00 c0"),
    ("BF16", [1.5, -2.0], "c0 3f 00 c0"),
    ("FP32", [1.0, -2.5], "00 00 80 3f 00 00 20 c0"),
    ("FP64", [1.5], "00 00 00 00 00 00 f8 3f"),
    ("BYTES", [b"ab", b"", "€".encode()], "02 00 00 00 61 62 00 00 00 00 03 00 00 00 e2 82 ac"),
    ("BYTES", [b"\xff\x00"], "02 00 00 00 ff 00"),
    ("FP32", [], ""),
    ("BYTES", [], ""),
]


@pytest.mark.parametrize(("datatype", "elements", "written"), EXAMPLES)
def test_examples(datatype: str, elements: list[Any], written: str) -> None:
    assert to_raw(datatype, elements) == bytes.fromhex(written)
    assert from_raw(datatype, bytes.fromhex(written)) == tuple(elements)


def values(datatype: str) -> st.SearchStrategy[Any]:
    """Any value of a data type."""
    entry = DATATYPES[datatype]
    if entry.kind == "bytes":
        return st.binary(max_size=20)
    if entry.kind == "bool":
        return st.booleans()
    if entry.kind == "float":
        return st.floats().map(lambda value: round_to(datatype, value))
    return st.integers(int(entry.minimum or 0), int(entry.maximum or 0))


def same(one: Any, two: Any) -> bool:
    """Equal, and for floats in the sign of zero, too."""
    if isinstance(one, float):
        if math.isnan(one):
            return math.isnan(two)
        return bool(one == two and math.copysign(1, one) == math.copysign(1, two))
    return type(one) is type(two) and bool(one == two)


@pytest.mark.parametrize("datatype", DATATYPES)
@given(data=st.data())
def test_every_value_comes_back(datatype: str, data: st.DataObject) -> None:
    elements = data.draw(st.lists(values(datatype), max_size=8))
    raw = to_raw(datatype, elements)
    size = DATATYPES[datatype].size
    assert len(raw) == (sum(4 + len(each) for each in elements) if size is None else size * len(elements))
    back = from_raw(datatype, raw)
    assert len(back) == len(elements)
    assert all(map(same, elements, back))


@pytest.mark.parametrize("datatype", [name for name in DATATYPES if name != "BYTES"])
@given(data=st.binary(max_size=64))
def test_any_bytes_of_a_whole_number_of_elements_can_be_read(datatype: str, data: bytes) -> None:
    size = DATATYPES[datatype].size or 1
    whole = data[: len(data) // size * size]
    back = from_raw(datatype, whole)
    assert len(back) == len(whole) // size
    if len(data) % size:
        with pytest.raises(ValueError, match="no whole number"):
            from_raw(datatype, data)


@given(data=st.binary(max_size=40))
def test_bytes_that_are_no_elements_of_bytes_are_refused_not_misread(data: bytes) -> None:
    try:
        back = from_raw("BYTES", data)
    except ValueError:
        return
    assert to_raw("BYTES", back) == data


@given(st.floats(width=32))
def test_bf16_is_the_upper_half_of_the_nearest_float(value: float) -> None:
    (half,) = struct.unpack("<H", to_raw("BF16", [value]))
    nearest = struct.unpack("<f", struct.pack("<I", half << 16))[0]
    assert same(nearest, round_to("BF16", value))


@pytest.mark.parametrize("text", ["02 00 00", "02 00 00 00 61", "ff ff ff ff 61", "01 00 00 00 61 00"])
def test_broken_bytes(text: str) -> None:
    with pytest.raises(ValueError, match="BYTES"):
        from_raw("BYTES", bytes.fromhex(text))


@pytest.mark.parametrize(
    ("datatype", "element"),
    [
        *((name, value) for name in ("INT8", "UINT64", "INT32") for value in (1.5, "1", None, [1], math.inf, math.nan)),
        *(("INT8", value) for value in (128, -129, 300.0)),
        *(("UINT64", value) for value in (-1, 2**64)),
        *(("FP32", value) for value in ("1.5", None, [1.0], b"1", 10**400)),
        *(("FP16", value) for value in ("nan", None, 10**400)),
        *(("BF16", value) for value in ("x", None, 10**400)),
        *(("BOOL", value) for value in (2, "true", None, 0.5)),
        *(("BYTES", value) for value in (1, None, "\ud800", [b"a"])),
        *((name, 1) for name in ("FP8", "", "fp32", "STRING")),
    ],
)
def test_what_a_data_type_cannot_hold_is_refused(datatype: str, element: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        to_raw(datatype, [element])


def test_bool_bytes_other_than_00_are_true() -> None:
    assert from_raw("BOOL", b"\x00\x01\x02\xff") == (False, True, True, True)


def test_floats_above_the_range_are_infinite() -> None:
    assert from_raw("FP16", to_raw("FP16", [1e9, -1e9])) == (math.inf, -math.inf)
    assert from_raw("FP32", to_raw("FP32", [1e300])) == (math.inf,)


def test_text_is_utf_8() -> None:
    assert as_bytes("€") == as_bytes(b"\xe2\x82\xac") == b"\xe2\x82\xac"
    assert to_raw("BYTES", ["€"]) == to_raw("BYTES", [b"\xe2\x82\xac"])
