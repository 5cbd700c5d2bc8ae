"""Seeded faults that the checks of ``suites/conformance/grpc/test_grpc_typed.py`` find."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.reference.faults.kit.grpc_values import change_values, typed_only
from harness.reference.faults.registry import Install, fault
from harness.reference.grpc.contents import filled_fields
from harness.reference.hooks import Hooks
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.tensors import Tensor

Values = NDArray[Any]


def _bytes(change: Callable[[bytes], bytes]) -> Callable[[Values], Values]:
    def apply(values: Values) -> Values:
        out = np.empty(len(values), dtype=object)
        out[:] = [change(bytes(each)) for each in values]
        return out

    return apply


fault(
    "grpc-uint32-as-signed",
    "GRPC-TC-03",
    text="UINT32 above 2^31 is cut to it when typed",
    models=("echo-uint32",),
    transport="grpc",
)(typed_only(lambda values: np.minimum(values, 2**31 - 1), "UINT32"))

fault(
    "grpc-int8-sign-lost",
    "GRPC-TC-02",
    text="negative INT8 values come back positive",
    models=("echo-int8",),
    transport="grpc",
)(change_values(lambda values: np.where(values < 0, values & 127, values), "INT8"))

fault(
    "grpc-int16-clipped",
    "GRPC-TC-02",
    text="INT16 is cut to 32000 when typed",
    models=("echo-int16",),
    transport="grpc",
)(typed_only(lambda values: np.clip(values, -32000, 32000), "INT16"))

fault(
    "grpc-bytes-text-only",
    "GRPC-TC-05",
    "GRPC-INFER-07",
    text="bytes that are no UTF-8 text are replaced",
    models=("echo-bytes",),
    transport="grpc",
)(change_values(_bytes(lambda each: each.decode("utf-8", "replace").encode()), "BYTES"))

fault(
    "grpc-bytes-cut-at-nul",
    "GRPC-TC-05",
    "GRPC-RAW-06",
    text="BYTES elements end at a NUL",
    models=("echo-bytes",),
    transport="grpc",
)(change_values(_bytes(lambda each: each.partition(b"\0")[0]), "BYTES"))

fault(
    "grpc-bytes-stripped",
    "GRPC-TC-05",
    text="BYTES elements lose white space at their ends",
    models=("echo-bytes",),
    transport="grpc",
)(typed_only(_bytes(bytes.strip), "BYTES"))


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
