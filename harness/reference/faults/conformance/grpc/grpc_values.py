"""Seeded faults that the checks of ``suites/conformance/grpc/test_grpc_values.py`` find."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from harness.reference.faults.kit.grpc_raw import NUMBERS, TEXTS, both, bytes_in, bytes_out, raw_replies
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.raw import element_size, split_elements
from harness.reference.protocol.tensors import Tensor

HALF = ("echo-fp16",)


fault(
    "grpc-raw-bytes-prefix-as-data",
    "GRPC-RAW-06",
    text="raw BYTES come back with the length in them",
    models=TEXTS,
    transport="grpc",
)(lambda hooks: setattr(hooks.grpc, "decode_raw", _prefixed(hooks.grpc.decode_raw)))


def _prefixed(right: Callable[[str, str, list[int], bytes], Tensor]) -> Callable[[str, str, list[int], bytes], Tensor]:
    def decode(name: str, datatype: str, shape: list[int], data: bytes) -> Tensor:
        tensor = right(name, datatype, shape, data)
        if datatype != "BYTES":
            return tensor
        values = np.empty(len(tensor.values), dtype=object)
        values[:] = [len(each).to_bytes(4, "little") + each for each in tensor.values]
        return dataclasses.replace(tensor, values=values)

    return decode


fault(
    "grpc-raw-bytes-unprefixed",
    "GRPC-RAW-06",
    "GRPC-RAW-05",
    text="raw BYTES outputs have no lengths",
    models=TEXTS,
    transport="grpc",
)(bytes_out(lambda tensor, data: b"".join(tensor.values) if tensor.datatype == "BYTES" else data))


def _swapped(datatype: str, data: bytes) -> bytes:
    size = element_size(datatype)
    return data if len(data) % size else np.frombuffer(data, f"u{size}").byteswap().tobytes()


# An echo of raw bytes looks right: only a model that computes, or a reply in the other form, shows it.
fault(
    "grpc-raw-big-endian",
    "GRPC-RAW-07",
    "GRPC-RAW-02",
    text="raw numbers are big-endian both ways",
    models=("matrix", "digits"),
    transport="grpc",
)(
    both(
        bytes_in(lambda datatype, _, data: _swapped(datatype, data) if datatype in NUMBERS else data),
        bytes_out(lambda tensor, data: _swapped(tensor.datatype, data) if tensor.datatype in NUMBERS else data),
    )
)

fault(
    "grpc-raw-big-endian-replies",
    "GRPC-RAW-07",
    "GRPC-INFER-07",
    text="raw numbers are big-endian in replies",
    transport="grpc",
)(bytes_out(lambda tensor, data: _swapped(tensor.datatype, data) if tensor.datatype in NUMBERS else data))

fault(
    "grpc-raw-bytes-big-endian",
    "GRPC-RAW-07",
    "GRPC-RAW-06",
    text="lengths are big-endian",
    models=TEXTS,
    transport="grpc",
)(
    both(
        bytes_in(lambda datatype, _, data: _relength(data, "big", "little") if datatype == "BYTES" else data),
        bytes_out(lambda tensor, data: _relength(data, "little", "big") if tensor.datatype == "BYTES" else data),
    )
)


def _relength(data: bytes, old: Any, new: Any) -> bytes:
    """BYTES data with lengths in another byte order."""
    out, at = bytearray(), 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], old)
        if at + 4 + size > len(data):
            raise Refusal("a length leads past the end of the data")
        out += size.to_bytes(4, new) + data[at + 4 : at + 4 + size]
        at += 4 + size
    return bytes(out)


fault(
    "grpc-raw-bool-inverted",
    "GRPC-RAW-12",
    "GRPC-RAW-02",
    text="a raw BOOL of 1 is false",
    models=("echo-bool",),
    transport="grpc",
)(bytes_in(lambda datatype, _, data: data.translate(b"\1\0" + bytes(range(2, 256))) if datatype == "BOOL" else data))

fault(
    "grpc-raw-bool-ff",
    "GRPC-RAW-12",
    text="true is the byte ff in raw replies",
    models=("echo-bool",),
    transport="grpc",
)(bytes_out(lambda tensor, data: data.replace(b"\1", b"\xff") if tensor.datatype == "BOOL" else data))


@fault(
    "grpc-raw-bytes-text-only",
    "GRPC-RAW-06",
    "GRPC-INFER-07",
    text="raw BYTES go through UTF-8",
    models=TEXTS[:1],
    transport="grpc",
)
def raw_bytes_text_only(hooks: Hooks) -> None:
    def change(datatype: str, _: list[int], data: bytes) -> bytes:
        if datatype != "BYTES":
            return data
        words = [each.decode("utf-8", "replace").encode() for each in split_elements("raw", data)]
        return b"".join(len(each).to_bytes(4, "little") + each for each in words)

    bytes_in(change)(hooks)


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


def _as_bfloat(datatype: str, _: list[int], data: bytes) -> bytes:
    if datatype != "FP16" or len(data) % 2:
        return data
    with np.errstate(all="ignore"):
        read = (np.frombuffer(data, "<u2").astype("<u4") << np.uint32(16)).view("<f4")
        return read.astype("<f2").tobytes()


fault(
    "grpc-fp16-read-as-bf16",
    "GRPC-RAW-09",
    "GRPC-INFER-07",
    text="raw FP16 inputs are read as BF16",
    models=HALF,
    transport="grpc",
)(bytes_in(_as_bfloat))
