"""Tensors as raw bytes, as the binary tensor extension and the raw contents of gRPC carry them.

Little-endian, row-major, no padding; BOOL is one byte, 00 or 01; each element of BYTES is its length in four bytes and
then that many bytes. Source: Triton extension_binary_data.md, "Binary Tensor Request"; for gRPC OIP is silent on byte
order and on BYTES, where every known server does the same (GRPC-RAW-06, GRPC-RAW-07).
"""

from __future__ import annotations

import numbers
import struct
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from harness.wire.datatypes import DATATYPES, DataType, round_to
from harness.wire.protoscan import MANY, Bits, few_of, refuse_many

_LENGTH = struct.Struct("<I")


def to_raw(datatype: str, elements: Sequence[Any]) -> bytes:
    """The elements as bytes; text of BYTES goes as UTF-8, floats are rounded to the data type.

    Raises:
        ValueError: unknown data type, or an element that it cannot hold: no number, a fraction, outside the range.
    """
    entry = _entry(datatype)
    if entry.kind == "bytes":
        return b"".join(_LENGTH.pack(len(each)) + each for each in map(as_bytes, elements))
    _refuse_strangers(entry, elements)
    try:
        if datatype == "BF16":
            floats = np.array([round_to("BF16", float(each)) for each in elements], dtype="<f4")
            return (floats.view("<u4") >> 16).astype("<u2").tobytes()
        with np.errstate(over="ignore"):
            return np.fromiter(elements, _dtype(datatype), len(elements)).tobytes()
    except OverflowError as error:
        raise ValueError(f"no {datatype} value among the elements: {error}") from None


def _refuse_strangers(entry: DataType, elements: Sequence[Any]) -> None:
    """What numpy would quietly take for a number: text, null, a fraction for an integer, anything for BOOL."""
    kinds = set(map(type, elements))
    if any(not issubclass(kind, numbers.Real | np.bool_) for kind in kinds):
        raise ValueError(f"an element of {entry.name} is no number")
    if entry.kind == "bool" and any(each not in (0, 1) for each in elements):
        raise ValueError("an element of BOOL is neither true nor false")
    if entry.kind in ("int", "uint") and any(isinstance(each, float) and not each.is_integer() for each in elements):
        raise ValueError(f"an element of {entry.name} is no integer")


def from_raw(datatype: str, data: bytes) -> tuple[Any, ...]:
    """The elements: bool, int, float, or bytes. Any BOOL byte but 00 counts as true.

    Raises:
        ValueError: unknown data type, or bytes that are not a whole number of elements.
        harness.wire.reading.TooMuch: there are more elements than are read.
    """
    entry = _entry(datatype)
    if entry.kind == "bytes":
        refuse_many(len(data) // _LENGTH.size)
        return _split(data)
    assert entry.size is not None
    whole = len(data) // entry.size * entry.size
    if len(data) == whole and (shared := of_few(datatype, np.frombuffer(data, f"<u{entry.size}"))) is not None:
        return shared
    refuse_many(whole // entry.size)
    if len(data) != whole:
        raise ValueError(f"{len(data)} bytes are no whole number of {datatype} elements of {entry.size} bytes")
    if datatype == "BF16":
        return tuple((np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4").tolist())
    if entry.kind == "bool":
        return tuple((np.frombuffer(data, np.uint8) != 0).tolist())
    return tuple(np.frombuffer(data, _dtype(datatype)).tolist())


def of_few(datatype: str, bits: Bits) -> tuple[Any, ...] | None:
    """The elements of a large tensor that has few different ones: each is made once, and stands in many places.

    None for any other tensor. They are told apart by their bits, so that -0.0 is not 0.0.

    Raises:
        harness.wire.reading.TooMuch: there are more elements than are read.
    """
    few = few_of(bits)
    if few is None:
        return None
    refuse_many(len(bits), shared=True)
    made = np.empty(len(few), dtype=object)
    made[:] = from_raw(datatype, few.tobytes())
    # Numbers of few bytes first: list and tuple of the elements would be held side by side.
    places = np.empty(len(bits), np.min_scalar_type(len(few)))
    starts = range(0, len(bits), MANY)
    for start in starts:
        part = bits[start : start + MANY]
        found = np.minimum(np.searchsorted(few, part), len(few) - 1)
        if not np.array_equal(few[found], part):
            return None
        places[start : start + MANY] = found
    return tuple(chain.from_iterable(made[places[start : start + MANY]].tolist() for start in starts))


def as_bytes(element: object) -> bytes:
    """An element of BYTES as bytes: text in UTF-8.

    Raises:
        ValueError: neither text nor bytes, or text that UTF-8 cannot hold.
    """
    if isinstance(element, str):
        return element.encode()
    if isinstance(element, bytes):
        return element
    raise ValueError(f"{element!r} is no element of BYTES")


def _split(data: bytes) -> tuple[bytes, ...]:
    found, position = [], 0
    while position < len(data):
        if position + _LENGTH.size > len(data):
            raise ValueError(f"a length of BYTES is cut off at byte {position} of {len(data)}")
        (size,) = _LENGTH.unpack_from(data, position)
        position += _LENGTH.size
        if position + size > len(data):
            raise ValueError(f"an element of BYTES has {size} bytes at {position}, but there are {len(data)} in all")
        found.append(data[position : position + size])
        position += size
    return tuple(found)


def _entry(datatype: str) -> DataType:
    if datatype not in DATATYPES:
        raise ValueError(f"{datatype!r} is no data type of the protocol")
    return DATATYPES[datatype]


def _dtype(datatype: str) -> np.dtype[Any]:
    return np.dtype(DATATYPES[datatype].numpy).newbyteorder("<")
