"""What a protobuf message would cost to hold: its fields are counted before anything is built of them.

Two bytes are a field, and a field can be a message of a hundred bytes in memory; so sixteen megabytes could become a
gigabyte. Each byte is looked at once, long contents not at all. Source: protobuf.dev, "Encoding".
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.wire.reading import refuse_cost

# Bytes that a field may take in memory, as a message of its own, an element of a tensor, and one that stands elsewhere.
_FIELD, _ELEMENT, _SHARED = 384, 32, 8
# Elements from which on a tensor is large, and so many different ones are few.
MANY, FEW = 1 << 16, 1 << 10
Bits = NDArray[np.unsignedinteger[Any]]
# Fields after which it is seen whether there are too many.
_SOME = 1 << 10
# Bytes of a message that costs little, whatever is in it; from a larger bound on, a byte would cost far more.
LOOKED_INTO = 1 << 12
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_SKIP = {_FIXED64: 8, _FIXED32: 4}


def refuse_too_much(data: bytes, descriptor: Any) -> None:  # noqa: ANN401 -- protobuf's descriptors have no types
    """Let a message pass, whole or broken, that is built within bounds.

    Raises:
        TooMuch: it is not.
    """
    if len(data) <= LOOKED_INTO:
        return
    count, parts = 0, [(0, len(data), descriptor)]
    while parts:
        position, end, kind = parts.pop()
        while position < end:
            count += 1
            if count % _SOME == 1:
                refuse_cost(count * _FIELD, f"a message of {count} fields and more")
            try:
                tag, position = _varint(data, position)
                form = tag & 7
                if form == _VARINT:
                    _, position = _varint(data, position)
                elif form == _LENGTH:
                    size, position = _varint(data, position)
                    inner = _inner(data[position : position + size], kind, tag >> 3)
                    if inner is not None:
                        parts.append((position, min(end, position + size), inner))
                    position += size
                else:
                    position += _SKIP.get(form, 0)
            except IndexError:
                return  # it is broken here, and the reader will say so


def _inner(content: bytes, kind: Any, number: int) -> Any:  # noqa: ANN401 -- as above
    """The descriptor of a message in this field, if it holds one; packed numbers are counted."""
    field = kind.fields_by_number.get(number)
    if field is None or field.message_type is not None:
        return None if field is None else field.message_type
    if field.type not in (field.TYPE_STRING, field.TYPE_BYTES) and len(content) > LOOKED_INTO:
        elements = int(np.count_nonzero(np.frombuffer(content, np.uint8) < 128))
        fixed = {field.TYPE_FLOAT: 4, field.TYPE_DOUBLE: 8}.get(field.type)
        if fixed is None:
            refuse_many(elements)
        else:
            bits = np.frombuffer(content[: len(content) // fixed * fixed], f"<u{fixed}")
            refuse_many(len(bits), shared=few_of(bits) is not None)
    return None


def few_of(bits: Bits) -> Bits | None:
    """The different elements of a large tensor, in order, where by a sample of them there are few; None otherwise."""
    if len(bits) < MANY:
        return None
    # Some together, and some far apart: values that come again at a distance show in one of them.
    found = np.unique(np.concatenate((bits[:MANY:16], bits[:FEW], bits[:: len(bits) // MANY | 1])))
    return found if len(found) <= FEW else None


def refuse_many(elements: int, *, shared: bool = False) -> None:
    """Let a tensor pass that is built within bounds.

    Args:
        shared: whether its elements are the same few objects again and again.

    Raises:
        TooMuch: it is not.
    """
    refuse_cost(elements * (_SHARED if shared else _ELEMENT), f"a tensor of {elements} elements")


def _varint(data: bytes, position: int) -> tuple[int, int]:
    byte = data[position]
    if byte < 0x80:
        return byte, position + 1
    found = 0
    for shift in range(0, 70, 7):
        byte = data[position]
        position += 1
        found |= (byte & 0x7F) << shift
        if byte < 0x80:
            return found, position
    raise IndexError(position)
