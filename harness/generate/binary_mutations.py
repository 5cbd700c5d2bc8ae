"""Binary requests that contradict themselves, each made from a valid one by one change."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.generate.telling import telling_inputs
from harness.wire.binary import SIZE, BinaryBody, binary_value, framed
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest
from harness.wire.raw import to_raw
from harness.wire.tensor import Tensor, to_json

STRAY = b"\x01\x02\x03\x04"
# More than any body has; the second is beyond 64 bits.
FAR = "999999999"
FARTHER = "99999999999999999999"
HUGE = 1 << 62


@dataclass(frozen=True, slots=True)
class BinaryMutation:
    """One contradictory request: its name, the clause that asks for its refusal, what is wrong, and what is sent."""

    name: str
    clause: str
    why: str
    body: BinaryBody


@dataclass(frozen=True, slots=True)
class _Valid:
    """A valid binary request, taken apart."""

    request: InferRequest
    value: dict[str, Any]
    parts: list[bytes]

    def sized(self, index: int, size: object, part: bytes | None = None) -> BinaryBody:
        """With another size at one input, and other bytes where ``part`` is given."""
        value = copy.deepcopy(self.value)
        value["inputs"][index]["parameters"][SIZE] = size
        parts = self.parts if part is None else [*self.parts[:index], part, *self.parts[index + 1 :]]
        return framed(value, parts)


def binary_mutations(request: InferRequest) -> Iterator[BinaryMutation]:
    """All of them, sizes first (BIN-12), then the length header (BIN-13).

    Raises:
        ValueError: the request has no binary form.
    """
    valid = _Valid(request, *binary_value(request))
    for index in telling_inputs(request.inputs):
        yield from _sizes(valid, index, request.inputs[index])
    yield from _bodies(valid)
    yield from _headers(valid)


def _sizes(valid: _Valid, index: int, tensor: Tensor) -> Iterator[BinaryMutation]:
    part = valid.parts[index]
    if not tensor.elements or not part:
        return
    last = to_raw(tensor.datatype, tensor.elements[-1:])
    less, size = part[: -len(last)], len(part)
    where = f"-in-input-{index + 1}" if index else ""
    rows: list[tuple[str, str, BinaryBody]] = [
        ("one-element-less", "size and bytes are one element less than shape", valid.sized(index, len(less), less)),
        ("one-element-more", "size and bytes are one element more than shape",
         valid.sized(index, size + len(last), part + last)),
        ("size-above-bytes", "the size is one element more than there is", valid.sized(index, size + len(last))),
        ("size-below-bytes", "the size is one element less than there is", valid.sized(index, len(less))),
        ("size-huge", "the size is 2^62", valid.sized(index, HUGE)),
        ("size-negative", "the size is negative", valid.sized(index, -size)),
        ("size-text", "the size is a text", valid.sized(index, str(size))),
    ]  # fmt: skip
    if DATATYPES[tensor.datatype].size != 1:
        rows.append(
            ("one-byte-more", "the bytes are one more than elements take", valid.sized(index, size + 1, part + b"\1"))
        )
    if DATATYPES[tensor.datatype].kind == "bytes":
        longer = (int.from_bytes(part[:4], "little") + 1000).to_bytes(4, "little") + part[4:]
        rows.append(("element-beyond-part", "an element is longer than its part", valid.sized(index, size, longer)))
    value = copy.deepcopy(valid.value)
    value["inputs"][index]["data"] = to_json(tensor)["data"]
    rows.append(("data-and-size", "an input has data and a size", framed(value, valid.parts)))
    for name, why, body in rows:
        yield BinaryMutation(f"binary-{name}{where}", "BIN-12", why, body)


def _bodies(valid: _Valid) -> Iterator[BinaryMutation]:
    stray = framed(valid.value, [*valid.parts, STRAY])
    yield BinaryMutation("binary-stray-bytes", "BIN-12", "four bytes follow the last part", stray)
    missing = framed(valid.value, valid.parts[:-1])
    yield BinaryMutation("binary-last-part-missing", "BIN-12", "the last part was not sent", missing)
    sizes = [DATATYPES[tensor.datatype].size for tensor in valid.request.inputs[:2]]
    if len(sizes) == 2 and sizes[0] == sizes[1] and sizes[0] is not None and len(valid.parts[0]) >= sizes[0]:
        value = copy.deepcopy(valid.value)
        for entry, step in zip(value["inputs"], (-sizes[0], sizes[0]), strict=False):
            entry["parameters"][SIZE] += step
        why = "the sizes are right together and wrong each"
        yield BinaryMutation("binary-sizes-shifted", "BIN-12", why, framed(value, valid.parts))


def _headers(valid: _Valid) -> Iterator[BinaryMutation]:
    right = framed(valid.value, valid.parts)
    json_bytes = len(right.body) - sum(map(len, valid.parts))
    rows = (
        ("beyond-body", "the length is beyond the body", str(len(right.body) + 1)),
        ("far-beyond-body", "the length is far beyond the body", FAR),
        ("beyond-64-bits", "the length does not fit 64 bits", FARTHER),
        ("one-byte-more", "the length is one byte more than the JSON has", str(json_bytes + 1)),
        ("negative", "the length is negative", f"-{json_bytes}"),
        ("word", "the length is no number", "abc"),
        ("number-and-word", "the length is no number to its end", f"{json_bytes}abc"),
        ("missing", "the length is missing while sizes are announced", ""),
    )
    for name, why, announced in rows:
        body = framed(valid.value, valid.parts, announced=announced)
        yield BinaryMutation(f"length-header-{name}", "BIN-13", why, body)
