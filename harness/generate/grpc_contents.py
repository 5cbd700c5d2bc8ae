"""Mistakes in the contents of a ModelInferRequest: fields, numbers, ranges, forms and lengths.

Each function gives the valid request to start from and the mistakes, which change its message in place. Names are those
of open_inference_grpc.proto; nothing here imports the generated classes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.generate.telling import telling_inputs
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest
from harness.wire.raw import as_bytes, to_raw
from harness.wire.tensor import Tensor

Change = Callable[[Any], object]
NARROW = ("INT8", "INT16", "UINT8", "UINT16")
TYPED_INTEGERS = ("int_contents", "int64_contents", "uint_contents", "uint64_contents")


@dataclass(frozen=True, slots=True)
class ContentMistake:
    """One invalid request: its name, what is wrong with it, and the change of the valid message that makes it."""

    name: str
    why: str
    edit: Change


Mistakes = tuple[InferRequest, Iterator[ContentMistake]]


def wrong_fields(request: InferRequest) -> Mistakes:
    """Typed elements in the field of another datatype, and in two fields (GRPC-TC-07)."""
    return request, _each(request, _fields)


def counts(request: InferRequest) -> Mistakes:
    """Typed elements more or less than shape says (GRPC-TC-08)."""
    return request, _each(request, _counts)


def out_of_range(request: InferRequest) -> Mistakes:
    """Typed integers that the datatype cannot hold (GRPC-TC-09)."""
    return request, _each(request, _ranges)


def mixtures(request: InferRequest) -> Mistakes:
    """Typed elements beside raw entries (GRPC-RAW-03); starts from a raw message."""
    return request, _mixtures(request)


def entries(request: InferRequest) -> Mistakes:
    """Raw entries of the wrong number or length (GRPC-RAW-04); starts from a raw message."""
    return request, _entries(request)


def typed_halves(request: InferRequest) -> Mistakes:
    """FP16 in fp32_contents (GRPC-RAW-10); starts from a raw message."""

    def edit(message: Any) -> None:  # noqa: ANN401 -- a ModelInferRequest
        del message.raw_input_contents[:]
        for position, tensor in enumerate(request.inputs):
            field = "fp32_contents" if tensor.datatype == "FP16" else str(DATATYPES[tensor.datatype].grpc_field)
            fill(message, position, field, tensor.elements)

    return request, iter([ContentMistake("fp16-typed", "FP16 elements in fp32_contents", edit)])


def fill(message: Any, position: int, field: str, elements: Any) -> None:  # noqa: ANN401 -- a ModelInferRequest
    """Add elements to a typed field of one input, as what the field can hold."""
    getattr(message.inputs[position].contents, field).extend(_as(field, each) for each in elements)


def _as(field: str, element: Any) -> Any:  # noqa: ANN401 -- elements are scalars
    if field == "bytes_contents":
        return as_bytes(element if isinstance(element, str | bytes) else str(element))
    if isinstance(element, str | bytes):
        element = len(element)
    if field == "bool_contents":
        return bool(element)
    if field in TYPED_INTEGERS:
        # Any integer will do: which one it is says nothing, but every integer field must be able to hold it.
        return min(abs(int(element)), 2**31 - 1) if math.isfinite(element) else 0
    return float(element)


def _each(
    request: InferRequest, make: Callable[[int, Tensor], Iterator[ContentMistake]]
) -> Iterator[ContentMistake]:  # fmt: skip
    """The mistakes in several inputs: a server may look at the first one only."""
    for position in telling_inputs(request.inputs):
        if request.inputs[position].elements:
            yield from make(position, request.inputs[position])


def _fields(position: int, tensor: Tensor) -> Iterator[ContentMistake]:
    own = str(DATATYPES[tensor.datatype].grpc_field)
    others = {
        "bool": ("int_contents",), "bytes": ("int_contents",), "int": ("fp32_contents", "bytes_contents"),
        "uint": ("int_contents", "bytes_contents"), "float": ("int_contents", "fp64_contents", "fp32_contents"),
    }[DATATYPES[tensor.datatype].kind]  # fmt: skip

    def instead(field: str) -> Change:
        def edit(message: Any) -> None:  # noqa: ANN401 -- a ModelInferRequest
            message.inputs[position].contents.ClearField(own)
            fill(message, position, field, tensor.elements)

        return edit

    for field in others:
        if field == own:
            continue
        why = f"{tensor.datatype} elements of {tensor.name!r} in {field}"
        yield ContentMistake(f"{field}-instead", why, instead(field))
        why = f"{tensor.datatype} elements of {tensor.name!r} in {own} and in {field}"
        yield ContentMistake(f"{field}-as-well", why, lambda each, f=field: fill(each, position, f, tensor.elements))  # type: ignore[misc]


def _counts(position: int, tensor: Tensor) -> Iterator[ContentMistake]:
    own, there = str(DATATYPES[tensor.datatype].grpc_field), len(tensor.elements)
    first, last = tensor.elements[:1], tensor.elements[-1:]
    found = {
        there + 1: (*tensor.elements, *last),
        there - 1: tensor.elements[:-1],
        1: first,
        2 * there: 2 * tensor.elements,
    }

    def with_these(elements: tuple[Any, ...]) -> Change:
        def edit(message: Any) -> None:  # noqa: ANN401 -- a ModelInferRequest
            message.inputs[position].contents.ClearField(own)
            _exact(message, position, own, elements)

        return edit

    for count, elements in found.items():
        if count != there:
            why = f"{count} elements of {tensor.name!r} for shape {list(tensor.shape)}"
            yield ContentMistake(f"{count}-elements", why, with_these(elements))


def _exact(message: Any, position: int, field: str, elements: Any) -> None:  # noqa: ANN401 -- a ModelInferRequest
    values = [as_bytes(each) for each in elements] if field == "bytes_contents" else elements
    getattr(message.inputs[position].contents, field).extend(values)


def _ranges(position: int, tensor: Tensor) -> Iterator[ContentMistake]:
    if tensor.datatype not in NARROW:
        return
    entry = DATATYPES[tensor.datatype]
    low, high = int(entry.minimum or 0), int(entry.maximum or 0)
    for value in (high + 1, high + 45, 1_000_000, *((low - 1,) if low else ())):

        def edit(message: Any, value: int = value) -> None:  # noqa: ANN401 -- a ModelInferRequest
            getattr(message.inputs[position].contents, str(entry.grpc_field))[0] = value

        yield ContentMistake(f"{tensor.datatype}-{value}", f"{value} in {tensor.datatype} {tensor.name!r}", edit)


def _mixtures(request: InferRequest) -> Iterator[ContentMistake]:
    if not all(tensor.elements for tensor in request.inputs):
        return  # empty contents are no contents
    known = [DATATYPES[tensor.datatype].grpc_field for tensor in request.inputs]

    def typed(message: Any, positions: range) -> None:  # noqa: ANN401 -- a ModelInferRequest
        for position in positions:
            _exact(message, position, str(known[position]), request.inputs[position].elements)

    def each_its_own(message: Any) -> None:  # noqa: ANN401 -- a ModelInferRequest
        typed(message, range(1))
        del message.raw_input_contents[0]

    if all(known):
        every = range(len(request.inputs))
        yield ContentMistake("both-forms", "all inputs in both forms", lambda each: typed(each, every))
    if len(request.inputs) > 1 and known[0]:
        why = "all inputs raw, and the first one typed as well"
        yield ContentMistake("first-in-both", why, lambda each: typed(each, range(1)))
        yield ContentMistake("each-its-own", "the first input typed, the others raw", each_its_own)


def _entries(request: InferRequest) -> Iterator[ContentMistake]:
    several = len(request.inputs)
    yield ContentMistake(
        "entry-more", f"{several + 1} raw entries for {several} inputs",
        lambda each: each.raw_input_contents.append(each.raw_input_contents[-1]),
    )  # fmt: skip
    why = f"{several + 1} raw entries for {several} inputs, the last one empty"
    yield ContentMistake("empty-entry-more", why, lambda each: each.raw_input_contents.append(b""))
    if several > 1:
        why = f"{several - 1} raw entries for {several} inputs"
        yield ContentMistake("entry-less", why, lambda each: each.raw_input_contents.pop())
    for position in telling_inputs(request.inputs):
        tensor = request.inputs[position]
        data = to_raw(tensor.datatype, tensor.elements)
        size = DATATYPES[tensor.datatype].size or 4
        changed = {"byte-less": data[:-1], "element-less": data[:-size], "byte-more": data + b"\0",
                   "element-more": data + bytes(size), "nothing": b""}  # fmt: skip
        for name, other in changed.items() if data else ():
            why = f"a raw entry of {len(other)} bytes where {tensor.name!r} has {len(data)} ({name.replace('-', ' ')})"
            yield ContentMistake(f"{name}-{position}", why, _entry(position, other))


def _entry(position: int, data: bytes) -> Change:
    return lambda message: message.raw_input_contents.__setitem__(position, data)
