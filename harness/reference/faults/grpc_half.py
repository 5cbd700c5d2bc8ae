"""FP16, which travels raw only."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from harness.reference.faults.grpc_hold import bytes_in, bytes_out, raw_replies
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.tensors import Tensor

HALF = ("echo-fp16",)


@fault(
    "grpc-fp16-in-fp32-contents", "GRPC-RAW-09", text="FP16 is answered in fp32_contents", models=HALF, transport="grpc"
)
def fp16_in_fp32_contents(hooks: Hooks) -> None:
    def change(reply: Any) -> None:
        for output, data in zip(reply.outputs, reply.raw_output_contents, strict=True):
            if output.datatype == "FP16":
                output.contents.fp32_contents.extend(np.frombuffer(data, "<f2").astype(float).tolist())
        del reply.raw_output_contents[:]

    raw_replies(change)(hooks)


def _half_refused(datatype: str, _: list[int], data: bytes) -> bytes:
    if datatype == "FP16":
        raise Refusal("FP16 is not supported over gRPC")
    return data


fault("grpc-fp16-refused", "GRPC-RAW-09", text="FP16 is refused over gRPC", models=HALF, transport="grpc")(
    bytes_in(_half_refused)
)
fault("grpc-fp16-as-fp32", "GRPC-RAW-09", text="raw FP16 outputs have four bytes each", models=HALF, transport="grpc")(
    bytes_out(lambda each, data: each.values.astype("<f4").tobytes() if each.datatype == "FP16" else data)
)


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
