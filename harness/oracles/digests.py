"""Digests of tensors: equal for equal values, however they were written and over whichever transport they came."""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from harness.wire.datatypes import DATATYPES, round_to
from harness.wire.tensor import Tensor

# Elements that are written at a time.
STRETCH = 1 << 14
NAN = math.nan


def tensors_digest(tensors: Iterable[Tensor]) -> str:
    """SHA-256 over names, data types, shapes and values, whatever the order of the tensors.

    A float counts as the value that its data type holds: 0.1 as JSON is the FP32 nearest to it. All NaNs are one.
    """
    digest = hashlib.sha256()
    for tensor in sorted(tensors, key=lambda each: each.name):
        for part in (tensor.name, tensor.datatype, ",".join(map(str, tensor.shape))):
            digest.update(_text(part))
        written = _written(tensor.datatype)
        for start in range(0, len(tensor.elements), STRETCH):
            digest.update(written(tensor.elements[start : start + STRETCH]))
    return digest.hexdigest()


def _written(datatype: str) -> Callable[[Sequence[Any]], bytes]:
    kind = DATATYPES[datatype].kind if datatype in DATATYPES else ""

    def texts(elements: Sequence[Any]) -> bytes:
        return b"".join(map(_element, elements))

    def floats(elements: Sequence[Any]) -> bytes:
        try:
            values = [NAN if each != each else round_to(datatype, each) for each in elements]  # noqa: PLR0124 -- NaN
            return struct.pack(f"<{len(values)}d", *values)
        except (TypeError, ValueError, OverflowError, struct.error):
            return texts(elements)  # what is no number is told by other checks, and is another answer

    return floats if kind == "float" else texts


def _element(value: object) -> bytes:
    return _text(value if isinstance(value, str | bytes) else repr(value))


def _text(value: str | bytes) -> bytes:
    """With its length before it, so that no two sequences of texts are written alike."""
    data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    return len(data).to_bytes(8, "little") + data
