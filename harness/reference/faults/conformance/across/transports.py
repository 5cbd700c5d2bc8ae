"""Seeded faults that the checks of ``suites/conformance/across/test_transports.py`` find."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.reference.faults.kit.grpc_values import change_values, on_outputs, raw_only, through_double, typed_only
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.protocol.tensors import Tensor

Values = NDArray[Any]
FLOATS = ("echo-fp32", "echo-fp64")
WIDE = ("matrix", "digits", "cancer")


def _flushed(values: Values) -> Values:
    """Denormal numbers become zero of the same sign."""
    return np.where(np.abs(values) < np.finfo(values.dtype).tiny, np.copysign(0, values), values)


fault(
    "grpc-int64-through-double",
    "GRPC-INFER-07",
    text="INT64 goes through double precision",
    models=("echo-int64",),
    transport="grpc",
)(change_values(through_double, "INT64"))

fault(
    "grpc-uint64-loses-top-bit",
    "GRPC-INFER-07",
    "GRPC-TC-03",
    text="UINT64 values lose their highest bit",
    models=("echo-uint64",),
    transport="grpc",
)(change_values(lambda values: values & np.uint64(2**63 - 1), "UINT64"))

fault(
    "grpc-denormals-flushed",
    "GRPC-INFER-07",
    text="denormal numbers become zero over gRPC",
    models=FLOATS,
    transport="grpc",
)(change_values(_flushed, "FP32", "FP64"))

fault(
    "grpc-fp16-denormals-flushed",
    "GRPC-INFER-07",
    "GRPC-RAW-09",
    text="denormal FP16 numbers become zero over gRPC",
    models=("echo-fp16",),
    transport="grpc",
)(change_values(_flushed, "FP16"))

fault("grpc-negative-zero-lost", "GRPC-INFER-07", text="-0.0 becomes 0.0 over gRPC", models=FLOATS, transport="grpc")(
    change_values(lambda values: values + 0.0, "FP32", "FP64")
)

fault(
    "grpc-fp32-through-half",
    "GRPC-INFER-07",
    text="FP32 is rounded to half precision",
    models=("echo-fp32",),
    transport="grpc",
)(change_values(lambda values: values.astype(np.float16), "FP32"))

fault(
    "grpc-fp64-through-single",
    "GRPC-INFER-07",
    "GRPC-TC-04",
    text="FP64 is rounded to single precision when typed",
    models=("echo-fp64", "matrix", "digits"),
    transport="grpc",
)(typed_only(lambda values: values.astype(np.float32), "FP64"))

fault(
    "grpc-infinity-becomes-largest",
    "GRPC-INFER-07",
    text="infinity becomes the largest number",
    models=FLOATS,
    transport="grpc",
)(change_values(lambda values: np.clip(values, np.finfo(values.dtype).min, np.finfo(values.dtype).max), "FP32", "FP64"))

fault(
    "grpc-nan-becomes-zero",
    "GRPC-INFER-07",
    text="NaN becomes 0 in raw replies",
    models=(*FLOATS, "echo-fp16"),
    transport="grpc",
)(raw_only(lambda values: np.where(np.isnan(values), 0, values), "FP16", "FP32", "FP64"))

fault(
    "grpc-nan-payload-lost",
    "GRPC-INFER-07",
    "GRPC-RAW-02",
    text="every NaN becomes the same NaN in raw replies",
    models=FLOATS,
    transport="grpc",
)(raw_only(lambda values: np.where(np.isnan(values), np.nan, values), "FP32", "FP64"))


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
)(on_outputs(_second_row))

fault(
    "grpc-output-column",
    "GRPC-INFER-07",
    text="outputs of one dimension have a second one of 1 over gRPC",
    transport="grpc",
)(on_outputs(lambda each: dataclasses.replace(each, shape=(*each.shape, 1)) if len(each.shape) == 1 else each))

fault(
    "grpc-output-flattened",
    "GRPC-INFER-07",
    text="outputs have a single dimension over gRPC",
    models=WIDE,
    transport="grpc",
)(on_outputs(lambda each: dataclasses.replace(each, shape=(len(each.values),))))

fault(
    "grpc-output-shape-reversed",
    "GRPC-INFER-07",
    text="shapes come in reverse over gRPC",
    models=WIDE,
    transport="grpc",
)(on_outputs(lambda each: dataclasses.replace(each, shape=each.shape[::-1])))


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
