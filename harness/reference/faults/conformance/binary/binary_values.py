"""Seeded faults that the checks of ``suites/conformance/binary/test_binary_values.py`` find."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness.reference.faults.kit.binary import (
    Sent,
    change_values,
    each_part_in,
    each_part_out,
    refuses_binary,
)
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Carried, Reply
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.raw import element_size, split_elements
from harness.reference.protocol.tensors import NUMPY

TEXTS = ("echo-bytes",)
MANY = ("pair", "text", "digits", "cancer")


NUMBERS = tuple(f"echo-{name.lower()}" for name in NUMPY if name not in ("BOOL", "BYTES"))

WIDE = tuple(name for name in NUMBERS if not name.endswith("int8"))


def _swapped(part: bytes, datatype: str, _: list[int]) -> bytes:
    if datatype == "BYTES" or datatype not in NUMPY:
        return part
    size = element_size(datatype)
    return b"".join(part[at : at + size][::-1] for at in range(0, len(part), size))


def _elements(change: Callable[[bytes], bytes | None]) -> Callable[[bytes, str, list[int]], bytes]:
    """A change of each BYTES element; None drops it."""

    def edit(part: bytes, _: str, __: list[int]) -> bytes:
        try:
            changed = [change(each) for each in split_elements("", part)]
        except Refusal:
            return part
        return b"".join(len(each).to_bytes(4, "little") + each for each in changed if each is not None)

    return edit


def _both(*installs: Install) -> Install:
    def install(hooks: Hooks) -> None:
        for each in installs:
            each(hooks)

    return install


fault("binary-big-endian", "BIN-05", text="binary numbers are read and written in big-endian order", models=WIDE)(
    _both(each_part_in(_swapped), each_part_out(_swapped))
)

fault("binary-output-big-endian", "BIN-05", text="binary outputs are in big-endian order", models=WIDE)(
    each_part_out(_swapped)
)

fault(
    "binary-input-big-endian",
    "BIN-05",
    text="binary INT32 inputs are read in big-endian order",
    models=("echo-int32", "echo-cube"),
)(each_part_in(_swapped, "INT32"))

fault("binary-bool-four-bytes", "BIN-05", text="a binary BOOL element has four bytes", models=("echo-bool",))(
    each_part_out(lambda part, *_: b"".join(bytes([each, 0, 0, 0]) for each in part), "BOOL")
)

fault("binary-bool-true-is-ff", "BIN-05", text="true is the byte ff in binary", models=("echo-bool",))(
    each_part_out(lambda part, *_: part.replace(b"\1", b"\xff"), "BOOL")
)

fault("binary-bool-packed", "BIN-05", text="binary BOOL elements are packed to bits", models=("echo-bool",))(
    each_part_out(lambda part, *_: np.packbits(np.frombuffer(part, np.uint8)).tobytes(), "BOOL")
)


def _columns_first(part: bytes, datatype: str, shape: list[int]) -> bytes:
    if datatype == "BYTES" or len(shape) < 2:
        return part
    return np.frombuffer(part, dtype=NUMPY[datatype]).reshape(shape).tobytes(order="F")


fault(
    "binary-column-major",
    "BIN-05",
    text="binary outputs are written column by column",
    models=("echo-grid", "matrix", "echo-cube"),
)(each_part_out(_columns_first))

fault(
    "binary-padded",
    "BIN-05",
    text="binary outputs are padded to eight bytes",
    models=("echo-int8", "echo-fp32", "echo-bool"),
)(each_part_out(lambda part, *_: part + b"\0" * (-len(part) % 8)))

fault(
    "binary-int64-through-double",
    "BIN-05",
    text="binary 64-bit integers pass through a double",
    models=("echo-int64", "echo-uint64"),
)(
    each_part_out(
        change_values(
            lambda found: np.array(
                [min(int(float(each)), int(np.iinfo(found.dtype).max)) for each in found.tolist()], dtype=found.dtype
            )
        ),
        "INT64",
        "UINT64",
    )
)

fault(
    "binary-uint64-through-int64",
    "BIN-05",
    text="UINT64 above the largest INT64 becomes that, in binary",
    models=("echo-uint64",),
)(each_part_in(change_values(lambda found: np.minimum(found, np.uint64(2**63 - 1))), "UINT64"))

fault(
    "binary-fp32-through-half",
    "BIN-05",
    text="binary FP32 outputs pass through half precision where they fit",
    models=("echo-fp32", "echo-grid"),
)(
    each_part_out(
        change_values(
            lambda found: np.where(
                np.isfinite(found.astype(np.float16)), found.astype(np.float16).astype(np.float32), found
            )
        ),
        "FP32",
    )
)

fault(
    "binary-fp64-through-single",
    "BIN-05",
    text="binary FP64 inputs pass through single precision where they fit",
    models=("echo-fp64",),
)(
    each_part_in(
        change_values(
            lambda found: np.where(
                np.isfinite(found.astype(np.float32)), found.astype(np.float32).astype(np.float64), found
            )
        ),
        "FP64",
    )
)

fault("binary-negative-zero-lost", "BIN-05", text="-0.0 becomes 0.0 in binary inputs", models=("echo-fp32",))(
    each_part_in(change_values(lambda found: found + np.float32(0)), "FP32")
)

fault(
    "binary-denormals-flushed",
    "BIN-05",
    text="the smallest FP32 and FP64 values become zero in binary outputs",
    models=("echo-fp32", "echo-fp64"),
)(
    each_part_out(
        change_values(lambda found: np.where(abs(found) < np.finfo(found.dtype).tiny, found * 0, found)), "FP32", "FP64"
    )
)

fault(
    "binary-nan-becomes-zero",
    "BIN-05",
    text="NaN becomes zero in binary inputs",
    models=("echo-fp16", "echo-fp32", "echo-fp64"),
)(each_part_in(change_values(lambda found: np.where(np.isnan(found), 0, found)), "FP16", "FP32", "FP64"))


def _second_row_first(part: bytes, datatype: str, shape: list[int]) -> bytes:
    if not shape or shape[0] < 2 or datatype == "BYTES":
        return part
    row = len(part) // shape[0]
    return part[:row] * 2 + part[2 * row :]


fault(
    "binary-second-row-wrong",
    "BIN-05",
    "BIN-09",
    text="the second row of a binary output is the first once more",
    models=("matrix", "digits", "echo-fp32", "echo-int64"),
)(each_part_out(_second_row_first))

fault(
    "binary-rows-lost-above-1000",
    "BIN-05",
    text="of binary inputs, what lies beyond 1000 bytes is zero",
    models=("echo-fp32", "echo-fp64", "echo-int64", "digits"),
)(each_part_in(lambda part, datatype, _: part if datatype == "BYTES" else part[:1000] + bytes(len(part[1000:]))))

fault("binary-bytes-cut-at-nul", "BIN-06", text="BYTES end at a NUL in binary", models=TEXTS)(
    each_part_in(_elements(lambda each: each.partition(b"\0")[0]), "BYTES")
)

fault("binary-bytes-replaced", "BIN-06", text="bytes that are no UTF-8 become replacement characters", models=TEXTS)(
    each_part_in(_elements(lambda each: each.decode("utf-8", "replace").encode()), "BYTES")
)

fault("binary-bytes-empty-dropped", "BIN-06", text="empty BYTES elements are left out of binary outputs", models=TEXTS)(
    each_part_out(_elements(lambda each: each or None), "BYTES")
)

fault("binary-bytes-stripped", "BIN-06", text="binary BYTES lose zero bytes at their end", models=TEXTS)(
    each_part_out(_elements(lambda each: each.rstrip(b"\0")), "BYTES")
)

fault(
    "binary-bytes-length-in-characters",
    "BIN-06",
    text="the length of a binary text counts characters",
    models=("echo-bytes", "text"),
)(
    each_part_out(
        lambda part, *_: b"".join(
            len(each.decode("utf-8", "replace")).to_bytes(4, "little") + each for each in split_elements("", part)
        ),
        "BYTES",
    )
)

fault(
    "binary-bytes-length-big-endian",
    "BIN-06",
    text="the lengths of binary BYTES outputs are big-endian",
    models=("echo-bytes", "text", "story"),
)(
    each_part_out(
        lambda part, *_: b"".join(len(each).to_bytes(4, "big") + each for each in split_elements("", part)), "BYTES"
    )
)


def _no_text(sent: Sent) -> bool:
    try:
        for index, part in sent.parts.items():
            if sent.entries[index].get("datatype") == "BYTES":
                part.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


fault("binary-bytes-utf8-only", "BIN-06", text="binary BYTES that are no UTF-8 are refused", models=TEXTS)(
    refuses_binary(_no_text, 500, "UnicodeDecodeError: invalid start byte")
)


@fault("reply-parts-reversed", "BIN-09", text="the bytes of the outputs come in reverse order", models=MANY)
def reply_parts_reversed(hooks: Hooks) -> None:
    def edit(_: Call, reply: Reply) -> None:
        parts = [each.part for each in reply.carried.values() if each.part is not None]
        whole = b"".join(reversed(parts))
        for each in reply.carried.values():
            if each.part is not None:
                each.part, whole = whole[: len(each.part)], whole[len(each.part) :]

    hooks.binary.append(edit)


@fault(
    "reply-parts-in-model-order",
    "BIN-09",
    "REST-OUT-05",
    text="outputs asked for in another order keep the model's order in the bytes",
    models=("pair",),
)
def reply_parts_in_model_order(hooks: Hooks) -> None:
    def edit(_: Call, reply: Reply) -> None:
        whole = b"".join(each.part for _, each in sorted(reply.carried.items()) if each.part is not None)
        for entry in reply.document["outputs"]:
            carried: Carried | None = reply.carried.get(entry["name"])
            if carried is not None and carried.part is not None:
                carried.part, whole = whole[: len(carried.part)], whole[len(carried.part) :]

    hooks.binary.append(edit)


@fault(
    "binary-reply-of-request-before",
    "BIN-05",
    "REST-INFER-12",
    text="every third binary output is that of the request before, if it has as many bytes",
)
def binary_reply_of_request_before(hooks: Hooks) -> None:
    kept: dict[str, bytes] = {}
    count = {"parts": 0}

    def change(part: bytes, datatype: str, shape: list[int]) -> bytes:
        count["parts"] += 1
        before = kept.get(f"{datatype}{shape}{len(part)}", part)
        kept[f"{datatype}{shape}{len(part)}"] = part
        return before if count["parts"] % 3 == 0 else part

    each_part_out(change)(hooks)
