"""Tensors as bytes: little-endian, row by row, without padding.

Source: Triton ``extension_binary_data.md``, "Binary Tensor Request"; the same bytes go into gRPC's raw contents.
"""

from __future__ import annotations

import math

import numpy as np

from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.tensors import NUMPY, Tensor

PREFIX = 4


def decode_raw(name: str, datatype: str, shape: list[int], data: bytes) -> Tensor:
    """The tensor that ``data`` holds.

    Args:
        name: of the tensor, also for the words of a refusal.
        datatype: a key of :data:`harness.reference.protocol.tensors.NUMPY`.
        shape: dimensions of at least 0.
        data: exactly the bytes of the tensor.

    Raises:
        Refusal: too few or too many bytes, a BYTES length that leads past the end, or a BOOL byte other than 0 and 1.
    """
    count = math.prod(shape)
    if datatype == "BYTES":
        elements = split_elements(name, data)
        if len(elements) != count:
            raise Refusal(f"input {name!r}: shape {shape} needs {count} elements, the bytes hold {len(elements)}")
        values = np.empty(count, dtype=object)
        values[:] = elements
        return Tensor(name, datatype, tuple(shape), values)
    size = count * element_size(datatype)
    if len(data) != size:
        raise Refusal(f"input {name!r}: {datatype} of shape {shape} takes {size} bytes, there are {len(data)}")
    if datatype == "BOOL" and data.strip(b"\0\1"):
        raise Refusal(f"input {name!r}: a byte is neither 0 nor 1, so it is no BOOL value")
    # A copy: what comes from the network is read-only, and models own their inputs.
    values = np.frombuffer(data, dtype=_little(datatype)).astype(NUMPY[datatype])
    return Tensor(name, datatype, tuple(shape), values)


def encode_raw(tensor: Tensor) -> bytes:
    """The bytes of ``tensor``; the reverse of :func:`decode_raw`."""
    if tensor.datatype == "BYTES":
        return b"".join(len(each).to_bytes(PREFIX, "little") + bytes(each) for each in tensor.values)
    return tensor.values.astype(_little(tensor.datatype)).tobytes()


def element_size(datatype: str) -> int:
    """Bytes per element; not for BYTES, whose elements differ."""
    return np.dtype(NUMPY[datatype]).itemsize


def split_elements(name: str, data: bytes) -> list[bytes]:
    """The elements of BYTES data: each a 4-byte length and that many bytes.

    Raises:
        Refusal: a length is cut short, or leads past the end.
    """
    elements, at = [], 0
    while at < len(data):
        start = at + PREFIX
        end = start + int.from_bytes(data[at:start], "little")
        if start > len(data) or end > len(data):
            raise Refusal(f"input {name!r}: the BYTES element at byte {at} leads past the end of the data")
        elements.append(data[start:end])
        at = end
    return elements


def _little(datatype: str) -> np.dtype[np.generic]:
    return np.dtype(NUMPY[datatype]).newbyteorder("<")
