"""Values and shapes that are right over REST and wrong over gRPC."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.protocol.tensors import Tensor

Values = NDArray[Any]
FLOATS = ("echo-fp32", "echo-fp64")
WIDE = ("matrix", "digits", "cancer")


def changed(tensor: Tensor, change: Callable[[Values], Values], *datatypes: str) -> Tensor:
    """``tensor`` with other values of the same type, if it is of one of ``datatypes``."""
    if tensor.datatype not in datatypes:
        return tensor
    with np.errstate(all="ignore"):
        return dataclasses.replace(tensor, values=change(tensor.values).astype(tensor.values.dtype))


def _outputs(change: Callable[[Tensor], Tensor]) -> Install:
    return lambda hooks: hooks.grpc.outputs.append(lambda _, outputs: [change(each) for each in outputs])


def _values(change: Callable[[Values], Values], *datatypes: str) -> Install:
    """Change the values of outputs of ``datatypes``, in whichever form they travel."""
    return _outputs(lambda output: changed(output, change, *datatypes))


def _typed(change: Callable[[Values], Values], *datatypes: str) -> Install:
    """Change the values of typed replies only."""

    def install(hooks: Hooks) -> None:
        right = hooks.grpc.encode_typed
        hooks.grpc.encode_typed = lambda tensor, contents: right(changed(tensor, change, *datatypes), contents)

    return install


def _raw(change: Callable[[Values], Values], *datatypes: str) -> Install:
    """Change the values of raw replies only."""

    def install(hooks: Hooks) -> None:
        right = hooks.grpc.encode_raw
        hooks.grpc.encode_raw = lambda tensor: right(changed(tensor, change, *datatypes))

    return install


def _bytes(change: Callable[[bytes], bytes]) -> Callable[[Values], Values]:
    def apply(values: Values) -> Values:
        out = np.empty(len(values), dtype=object)
        out[:] = [change(bytes(each)) for each in values]
        return out

    return apply


def _flushed(values: Values) -> Values:
    """Denormal numbers become zero of the same sign."""
    return np.where(np.abs(values) < np.finfo(values.dtype).tiny, np.copysign(0, values), values)


def _through_double(values: Values) -> Values:
    # Clipped before the way back, or the largest value would become the smallest.
    doubles = np.clip(values.astype(np.float64), -(2.0**63), np.nextafter(2.0**63, 0))
    return doubles.astype(np.int64)


fault(
    "grpc-int64-through-double",
    "GRPC-INFER-07",
    text="INT64 goes through double precision",
    models=("echo-int64",),
    transport="grpc",
)(_values(_through_double, "INT64"))
fault(
    "grpc-int64-through-double-when-raw",
    "GRPC-INFER-07",
    "GRPC-RAW-02",
    text="INT64 goes through double precision in raw replies only",
    models=("echo-int64",),
    transport="grpc",
)(_raw(_through_double, "INT64"))
fault(
    "grpc-uint64-loses-top-bit",
    "GRPC-INFER-07",
    "GRPC-TC-03",
    text="UINT64 values lose their highest bit",
    models=("echo-uint64",),
    transport="grpc",
)(_values(lambda values: values & np.uint64(2**63 - 1), "UINT64"))
fault(
    "grpc-uint32-as-signed",
    "GRPC-TC-03",
    text="UINT32 above 2^31 is cut to it when typed",
    models=("echo-uint32",),
    transport="grpc",
)(_typed(lambda values: np.minimum(values, 2**31 - 1), "UINT32"))
fault(
    "grpc-denormals-flushed",
    "GRPC-INFER-07",
    text="denormal numbers become zero over gRPC",
    models=FLOATS,
    transport="grpc",
)(_values(_flushed, "FP32", "FP64"))
fault(
    "grpc-fp16-denormals-flushed",
    "GRPC-INFER-07",
    "GRPC-RAW-09",
    text="denormal FP16 numbers become zero over gRPC",
    models=("echo-fp16",),
    transport="grpc",
)(_values(_flushed, "FP16"))
fault("grpc-negative-zero-lost", "GRPC-INFER-07", text="-0.0 becomes 0.0 over gRPC", models=FLOATS, transport="grpc")(
    _values(lambda values: values + 0.0, "FP32", "FP64")
)
fault(
    "grpc-fp32-through-half",
    "GRPC-INFER-07",
    text="FP32 is rounded to half precision",
    models=("echo-fp32",),
    transport="grpc",
)(_values(lambda values: values.astype(np.float16), "FP32"))
fault(
    "grpc-fp64-through-single",
    "GRPC-INFER-07",
    "GRPC-TC-04",
    text="FP64 is rounded to single precision when typed",
    models=("echo-fp64", "matrix", "digits"),
    transport="grpc",
)(_typed(lambda values: values.astype(np.float32), "FP64"))
fault(
    "grpc-infinity-becomes-largest",
    "GRPC-INFER-07",
    text="infinity becomes the largest number",
    models=FLOATS,
    transport="grpc",
)(_values(lambda values: np.clip(values, np.finfo(values.dtype).min, np.finfo(values.dtype).max), "FP32", "FP64"))
fault(
    "grpc-nan-becomes-zero",
    "GRPC-INFER-07",
    text="NaN becomes 0 in raw replies",
    models=(*FLOATS, "echo-fp16"),
    transport="grpc",
)(_raw(lambda values: np.where(np.isnan(values), 0, values), "FP16", "FP32", "FP64"))
fault(
    "grpc-nan-payload-lost",
    "GRPC-INFER-07",
    "GRPC-RAW-02",
    text="every NaN becomes the same NaN in raw replies",
    models=FLOATS,
    transport="grpc",
)(_raw(lambda values: np.where(np.isnan(values), np.nan, values), "FP32", "FP64"))
fault(
    "grpc-int8-sign-lost",
    "GRPC-TC-02",
    text="negative INT8 values come back positive",
    models=("echo-int8",),
    transport="grpc",
)(_values(lambda values: np.where(values < 0, values & 127, values), "INT8"))
fault(
    "grpc-int16-clipped",
    "GRPC-TC-02",
    text="INT16 is cut to 32000 when typed",
    models=("echo-int16",),
    transport="grpc",
)(_typed(lambda values: np.clip(values, -32000, 32000), "INT16"))
fault(
    "grpc-bytes-text-only",
    "GRPC-TC-05",
    "GRPC-INFER-07",
    text="bytes that are no UTF-8 text are replaced",
    models=("echo-bytes",),
    transport="grpc",
)(_values(_bytes(lambda each: each.decode("utf-8", "replace").encode()), "BYTES"))
fault(
    "grpc-bytes-cut-at-nul",
    "GRPC-TC-05",
    "GRPC-RAW-06",
    text="BYTES elements end at a NUL",
    models=("echo-bytes",),
    transport="grpc",
)(_values(_bytes(lambda each: each.partition(b"\0")[0]), "BYTES"))
fault(
    "grpc-bytes-stripped",
    "GRPC-TC-05",
    text="BYTES elements lose white space at their ends",
    models=("echo-bytes",),
    transport="grpc",
)(_typed(_bytes(bytes.strip), "BYTES"))


def _second_row(tensor: Tensor) -> Tensor:
    if not tensor.shape or tensor.shape[0] < 2:
        return tensor
    array = tensor.array.copy()
    array[1] = array[0]
    return dataclasses.replace(tensor, values=array.ravel())


fault(
    "grpc-second-row-wrong",
    "GRPC-INFER-07",
    text="over gRPC, the second row gets the answer of the first",
    transport="grpc",
)(_outputs(_second_row))
fault(
    "grpc-output-column",
    "GRPC-INFER-07",
    text="outputs of one dimension have a second one of 1 over gRPC",
    transport="grpc",
)(_outputs(lambda each: dataclasses.replace(each, shape=(*each.shape, 1)) if len(each.shape) == 1 else each))
fault(
    "grpc-output-flattened",
    "GRPC-INFER-07",
    text="outputs have a single dimension over gRPC",
    models=WIDE,
    transport="grpc",
)(_outputs(lambda each: dataclasses.replace(each, shape=(len(each.values),))))
fault(
    "grpc-output-shape-reversed",
    "GRPC-INFER-07",
    text="shapes come in reverse over gRPC",
    models=WIDE,
    transport="grpc",
)(_outputs(lambda each: dataclasses.replace(each, shape=each.shape[::-1])))


@fault(
    "grpc-output-datatype-widened",
    "GRPC-INFER-07",
    text="FP32 outputs are FP64 over gRPC",
    models=("echo-fp32",),
    transport="grpc",
)
def output_datatype_widened(hooks: Hooks) -> None:
    def widened(_: Call, outputs: list[Tensor]) -> list[Tensor]:
        return [
            dataclasses.replace(each, datatype="FP64", values=each.values.astype(np.float64))
            if each.datatype == "FP32"
            else each
            for each in outputs
        ]

    hooks.grpc.outputs.append(widened)
