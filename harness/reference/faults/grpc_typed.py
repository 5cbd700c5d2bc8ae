"""Typed contents: the wrong field, the wrong number, values that should be refused."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from harness.reference.faults.registry import Install, fault
from harness.reference.grpc.contents import FIELDS, filled_fields, typed_tensor
from harness.reference.hooks import Hooks
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.tensors import Tensor

Change = Callable[[Any], Any]


def _elements(tensor: Tensor) -> list[Any]:
    return [bytes(each) for each in tensor.values] if tensor.datatype == "BYTES" else tensor.values.tolist()


def _replies(field: str, *datatypes: str, change: Callable[[list[Any]], list[Any]] = list) -> Install:
    """Typed replies have outputs of ``datatypes`` in ``field``."""

    def install(hooks: Hooks) -> None:
        right = hooks.grpc.encode_typed

        def encode(tensor: Tensor, contents: Any) -> None:
            if tensor.datatype in datatypes:
                getattr(contents, field).extend(change(_elements(tensor)))
            else:
                right(tensor, contents)

        hooks.grpc.encode_typed = encode

    return install


def _wants(field: str, *datatypes: str) -> Install:
    """Typed requests must have inputs of ``datatypes`` in ``field``."""

    def refuse(name: str, datatype: str, contents: Any) -> None:
        if datatype in datatypes and filled_fields(contents) not in ([], [field]):
            raise Refusal(f"input {name!r}: {datatype} is expected in {field}")

    return _before_typed(refuse)


def _before_typed(check: Callable[[str, str, Any], None]) -> Install:
    """Look at, or edit, the contents of each typed input."""

    def install(hooks: Hooks) -> None:
        right = hooks.grpc.decode_typed

        def decode(name: str, datatype: str, shape: list[int], contents: Any) -> Tensor:
            check(name, datatype, contents)
            return right(name, datatype, shape, contents)

        hooks.grpc.decode_typed = decode

    return install


fault(
    "grpc-bool-in-int-contents",
    "GRPC-TC-01",
    text="BOOL is answered in int_contents",
    models=("echo-bool",),
    transport="grpc",
)(_replies("int_contents", "BOOL", change=lambda values: [int(each) for each in values]))
fault(
    "grpc-bool-wanted-in-int-contents",
    "GRPC-TC-01",
    text="BOOL is taken from int_contents",
    models=("echo-bool",),
    transport="grpc",
)(_wants("int_contents", "BOOL"))
fault(
    "grpc-int8-in-int64-contents",
    "GRPC-TC-02",
    text="INT8 is answered in int64_contents",
    models=("echo-int8",),
    transport="grpc",
)(_replies("int64_contents", "INT8"))
fault(
    "grpc-int64-in-int-contents",
    "GRPC-TC-02",
    text="INT64 is answered in int_contents, cut to 32 bits",
    models=("echo-int64", "digits", "text"),
    transport="grpc",
)(_replies("int_contents", "INT64", change=lambda values: [(each + 2**31) % 2**32 - 2**31 for each in values]))
fault(
    "grpc-uint8-wanted-in-bytes",
    "GRPC-TC-03",
    text="UINT8 is taken from bytes_contents only",
    models=("echo-uint8",),
    transport="grpc",
)(_wants("bytes_contents", "UINT8"))
fault(
    "grpc-uint32-in-uint64-contents",
    "GRPC-TC-03",
    text="UINT32 is answered in uint64_contents",
    models=("echo-uint32",),
    transport="grpc",
)(_replies("uint64_contents", "UINT32"))
fault(
    "grpc-uint16-in-int-contents",
    "GRPC-TC-03",
    text="UINT16 is answered in int_contents",
    models=("echo-uint16",),
    transport="grpc",
)(_replies("int_contents", "UINT16"))
fault(
    "grpc-fp64-in-fp32-contents",
    "GRPC-TC-04",
    text="FP64 is answered in fp32_contents",
    models=("echo-fp64", "matrix", "digits"),
    transport="grpc",
)(_replies("fp32_contents", "FP64", change=lambda values: [_single(each) for each in values]))
fault(
    "grpc-fp32-in-fp64-contents",
    "GRPC-TC-04",
    text="FP32 is answered in fp64_contents",
    models=("echo-fp32", "pair"),
    transport="grpc",
)(_replies("fp64_contents", "FP32"))
fault(
    "grpc-bytes-joined",
    "GRPC-TC-05",
    text="all BYTES elements are one entry",
    models=("echo-bytes", "text"),
    transport="grpc",
)(_replies("bytes_contents", "BYTES", change=lambda values: [b"".join(values)]))
fault(
    "grpc-bytes-prefixed",
    "GRPC-TC-05",
    text="typed BYTES have the 4-byte length of raw ones",
    models=("echo-bytes", "text"),
    transport="grpc",
)(
    _replies(
        "bytes_contents", "BYTES", change=lambda values: [len(each).to_bytes(4, "little") + each for each in values]
    )
)
fault(
    "grpc-bytes-empty-dropped",
    "GRPC-TC-05",
    text="empty BYTES elements are left out",
    models=("echo-bytes",),
    transport="grpc",
)(_replies("bytes_contents", "BYTES", change=lambda values: [each for each in values if each]))


def _single(value: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.float32(value))


def _text_only(_: str, datatype: str, contents: Any) -> None:
    for each in contents.bytes_contents if datatype == "BYTES" else ():
        try:
            each.decode()
        except UnicodeDecodeError as error:
            raise Refusal("bytes_contents is no UTF-8 text") from error


fault(
    "grpc-bytes-text-wanted",
    "GRPC-TC-05",
    text="BYTES that are no UTF-8 are refused",
    models=("echo-bytes",),
    transport="grpc",
)(_before_typed(_text_only))


@fault(
    "grpc-typed-by-columns",
    "GRPC-TC-06",
    text="typed inputs are read by columns",
    models=("matrix", "echo-grid"),
    transport="grpc",
)
def typed_by_columns(hooks: Hooks) -> None:
    right = hooks.grpc.decode_typed

    def decode(name: str, datatype: str, shape: list[int], contents: Any) -> Tensor:
        tensor = right(name, datatype, shape, contents)
        return dataclasses.replace(tensor, values=tensor.values.reshape(shape, order="F").ravel())

    hooks.grpc.decode_typed = decode


@fault(
    "grpc-typed-reply-by-columns",
    "GRPC-TC-06",
    text="typed outputs come by columns",
    models=("matrix", "digits"),
    transport="grpc",
)
def typed_reply_by_columns(hooks: Hooks) -> None:
    right = hooks.grpc.encode_typed
    hooks.grpc.encode_typed = lambda tensor, contents: right(
        dataclasses.replace(tensor, values=tensor.array.ravel(order="F")), contents
    )


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


NARROW = ("echo-int8", "echo-int16", "echo-uint8", "echo-uint16")
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
