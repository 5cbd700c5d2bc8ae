"""Seeded faults that the checks of ``suites/conformance/grpc/test_grpc_contents_refused.py`` find."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from harness.reference.faults.kit.grpc_raw import bytes_in, raw_requests
from harness.reference.faults.registry import Install, fault
from harness.reference.grpc.contents import FIELDS, filled_fields, typed_tensor
from harness.reference.hooks import Hooks
from harness.reference.protocol.raw import element_size
from harness.reference.protocol.tensors import Tensor

NARROW = ("echo-int8", "echo-int16", "echo-uint8", "echo-uint16")
HALF = ("echo-fp16",)


def _decodes(read: Callable[[str, list[int], Any], list[Any] | None]) -> Install:
    """``read(datatype, shape, contents)`` gives the elements of an input, or None for the right way."""

    def install(hooks: Hooks) -> None:
        right = hooks.grpc.decode_typed

        def decode(name: str, datatype: str, shape: list[int], contents: Any) -> Tensor:
            found = read(datatype, shape, contents)
            if found is None:
                return right(name, datatype, shape, contents)
            return typed_tensor(name, datatype, shape, found)

        hooks.grpc.decode_typed = decode

    return install


def _from_wrong_field(datatype: str, shape: list[int], contents: Any) -> list[Any] | None:
    filled = filled_fields(contents)
    if datatype not in FIELDS or len(filled) != 1 or filled[0] == FIELDS[datatype]:
        return None
    found = list(getattr(contents, filled[0]))
    if datatype == "BYTES":
        found = [each if isinstance(each, bytes) else str(each).encode() for each in found]
    else:
        kind = int if datatype.startswith(("INT", "UINT")) else float if datatype.startswith("FP") else bool
        found = [len(each) if isinstance(each, bytes) else kind(each) for each in found]
    return found if len(found) == math.prod(shape) else None


def _from_own_of_several(datatype: str, shape: list[int], contents: Any) -> list[Any] | None:
    filled = filled_fields(contents)
    if len(filled) < 2 or FIELDS.get(datatype) not in filled:
        return None
    found = list(getattr(contents, FIELDS[datatype]))
    return found if len(found) == math.prod(shape) else None


fault(
    "grpc-wrong-field-accepted", "GRPC-TC-07", text="elements are taken from whichever field has some", transport="grpc"
)(_decodes(_from_wrong_field))

fault("grpc-second-field-ignored", "GRPC-TC-07", text="elements in a second field are ignored", transport="grpc")(
    _decodes(_from_own_of_several)
)


def _own(datatype: str, contents: Any) -> list[Any]:
    return list(getattr(contents, FIELDS[datatype])) if datatype in FIELDS else []


def _repeated(datatype: str, shape: list[int], contents: Any) -> list[Any] | None:
    found, wanted = _own(datatype, contents), math.prod(shape)
    return (found * wanted)[:wanted] if 0 < len(found) < wanted < 1_000_000 else None


def _cut(datatype: str, shape: list[int], contents: Any) -> list[Any] | None:
    found, wanted = _own(datatype, contents), math.prod(shape)
    return found[:wanted] if 0 < wanted < len(found) else None


fault("grpc-one-value-for-all", "GRPC-TC-08", text="too few typed elements are repeated", transport="grpc")(
    _decodes(_repeated)
)

fault("grpc-surplus-values-ignored", "GRPC-TC-08", text="typed elements too many are ignored", transport="grpc")(
    _decodes(_cut)
)


def _in_range(change: Callable[[int, Any], int]) -> Install:
    """What becomes of integers out of the range of a narrower data type."""

    def read(datatype: str, shape: list[int], contents: Any) -> list[Any] | None:
        if datatype not in ("INT8", "INT16", "UINT8", "UINT16") or len(_own(datatype, contents)) != math.prod(shape):
            return None
        limits = np.iinfo(datatype.lower())
        return [each if limits.min <= each <= limits.max else change(each, limits) for each in _own(datatype, contents)]

    return _decodes(read)


fault(
    "grpc-out-of-range-wraps",
    "GRPC-TC-09",
    text="integers out of range lose their upper bits",
    models=NARROW,
    transport="grpc",
)(_in_range(lambda each, limits: (each - limits.min) % (limits.max - limits.min + 1) + limits.min))

fault(
    "grpc-out-of-range-becomes-other",
    "GRPC-TC-09",
    text="integers out of range become 42",
    models=NARROW,
    transport="grpc",
)(_in_range(lambda _, __: 42))


def _mixture(kind: str) -> Install:
    return lambda hooks: setattr(hooks.grpc, "mixture", kind)


fault(
    "grpc-both-forms-accepted", "GRPC-RAW-03", text="an input with typed and raw contents is taken", transport="grpc"
)(_mixture("both"))

fault(
    "grpc-forms-mixed-accepted",
    "GRPC-RAW-03",
    text="one input may be typed and one raw",
    models=("pair",),
    transport="grpc",
)(_mixture("each"))

fault("grpc-raw-surplus-ignored", "GRPC-RAW-04", text="raw entries too many are ignored", transport="grpc")(
    raw_requests(lambda request: request.raw_input_contents.__delitem__(slice(len(request.inputs), None)))
)

fault(
    "grpc-raw-short-padded",
    "GRPC-RAW-04",
    text="raw entries that are too short are filled up with zeros",
    transport="grpc",
)(bytes_in(lambda datatype, shape, data: data + bytes(max(0, _size(datatype, shape) - len(data)))))

fault("grpc-raw-long-cut", "GRPC-RAW-04", text="raw entries that are too long are cut", transport="grpc")(
    bytes_in(lambda datatype, shape, data: data[: _size(datatype, shape)] if datatype != "BYTES" else data)
)


def _size(datatype: str, shape: list[int]) -> int:
    size = 4 if datatype == "BYTES" else element_size(datatype)
    return min(math.prod(shape) * size, 1_000_000)


@fault(
    "grpc-raw-too-few-remembered",
    "GRPC-RAW-04",
    text="a raw entry that is missing is that of before",
    models=("pair",),
    transport="grpc",
)
def raw_too_few_remembered(hooks: Hooks) -> None:
    last: list[bytes] = []

    def change(request: Any) -> None:
        missing = len(request.inputs) - len(request.raw_input_contents)
        if missing > 0 and len(last) == len(request.inputs):
            request.raw_input_contents.extend(last[-missing:])
        elif not missing:
            last[:] = request.raw_input_contents

    raw_requests(change)(hooks)


@fault(
    "grpc-fp16-typed-accepted",
    "GRPC-RAW-10",
    text="FP16 is taken from fp32_contents as raw bits",
    models=HALF,
    transport="grpc",
)
def fp16_typed_accepted(hooks: Hooks) -> None:
    right = hooks.grpc.decode_typed

    def decode(name: str, datatype: str, shape: list[int], contents: Any) -> Tensor:
        found = contents.fp32_contents
        if datatype != "FP16" or not found or len(found) != math.prod(shape):
            return right(name, datatype, shape, contents)
        bits = np.array(found, dtype=np.float32).astype(np.int64).astype(np.uint16)
        return Tensor(name, datatype, tuple(shape), bits.view(np.float16))

    hooks.grpc.decode_typed = decode
