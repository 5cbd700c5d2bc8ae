"""Binary tensor data: values that become others on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.reference.extensions.binary import HEADER
from harness.reference.faults.framing import Install, Sent, each_part_in, each_part_out, read_sent, resent
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.raw import element_size, split_elements
from harness.reference.protocol.tensors import NUMPY

NUMBERS = tuple(f"echo-{name.lower()}" for name in NUMPY if name not in ("BOOL", "BYTES"))
WIDE = tuple(name for name in NUMBERS if not name.endswith("int8"))
TEXTS = ("echo-bytes",)


def _swapped(part: bytes, datatype: str, _: list[int]) -> bytes:
    if datatype == "BYTES" or datatype not in NUMPY:
        return part
    size = element_size(datatype)
    return b"".join(part[at : at + size][::-1] for at in range(0, len(part), size))


def _values(change: Callable[[NDArray[Any]], NDArray[Any]]) -> Callable[[bytes, str, list[int]], bytes]:
    """A change of the elements as an array, one-dimensional; parts that are no whole elements stay."""

    def edit(part: bytes, datatype: str, _: list[int]) -> bytes:
        if datatype == "BYTES" or datatype not in NUMPY or len(part) % element_size(datatype):
            return part
        with np.errstate(all="ignore"):
            found = change(np.frombuffer(part, dtype=NUMPY[datatype]))
            return found.astype(NUMPY[datatype]).tobytes()

    return edit


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
        _values(
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
)(each_part_in(_values(lambda found: np.minimum(found, np.uint64(2**63 - 1))), "UINT64"))
fault(
    "binary-fp32-through-half",
    "BIN-05",
    text="binary FP32 outputs pass through half precision where they fit",
    models=("echo-fp32", "echo-grid"),
)(
    each_part_out(
        _values(
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
        _values(
            lambda found: np.where(
                np.isfinite(found.astype(np.float32)), found.astype(np.float32).astype(np.float64), found
            )
        ),
        "FP64",
    )
)
fault("binary-negative-zero-lost", "BIN-05", text="-0.0 becomes 0.0 in binary inputs", models=("echo-fp32",))(
    each_part_in(_values(lambda found: found + np.float32(0)), "FP32")
)
fault(
    "binary-denormals-flushed",
    "BIN-05",
    text="the smallest FP32 and FP64 values become zero in binary outputs",
    models=("echo-fp32", "echo-fp64"),
)(
    each_part_out(
        _values(lambda found: np.where(abs(found) < np.finfo(found.dtype).tiny, found * 0, found)), "FP32", "FP64"
    )
)
fault(
    "binary-nan-becomes-zero",
    "BIN-05",
    text="NaN becomes zero in binary inputs",
    models=("echo-fp16", "echo-fp32", "echo-fp64"),
)(each_part_in(_values(lambda found: np.where(np.isnan(found), 0, found)), "FP16", "FP32", "FP64"))


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


def _refusing(wanted: Callable[[Sent], bool], status: int, words: str) -> Install:
    """Refuse binary requests for which ``wanted`` holds."""

    def install(hooks: Hooks) -> None:
        def gate(call: Call) -> Reply | None:
            sent = read_sent(call)
            return error(status, words) if sent is not None and wanted(sent) else None

        hooks.gates.append(gate)

    return install


def _no_text(sent: Sent) -> bool:
    try:
        for index, part in sent.parts.items():
            if sent.entries[index].get("datatype") == "BYTES":
                part.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


fault("binary-bytes-utf8-only", "BIN-06", text="binary BYTES that are no UTF-8 are refused", models=TEXTS)(
    _refusing(_no_text, 500, "UnicodeDecodeError: invalid start byte")
)
fault("binary-fp16-refused", "BIN-07", text="FP16 is refused in binary", models=("echo-fp16",))(
    _refusing(lambda sent: any(each.get("datatype") == "FP16" for each in sent.entries), 400, "FP16 is no data type")
)
fault(
    "binary-fp16-as-fp32",
    "BIN-07",
    "BIN-05",
    text="an FP16 element has four bytes in a binary reply",
    models=("echo-fp16",),
)(each_part_out(lambda part, *_: np.frombuffer(part, "<f2").astype("<f4").tobytes(), "FP16"))
fault(
    "binary-fp16-through-bfloat",
    "BIN-07",
    text="binary FP16 inputs lose three bits of precision",
    models=("echo-fp16",),
)(each_part_in(_values(lambda found: (found.view(np.uint16) & np.uint16(0xFFF8)).view(np.float16)), "FP16"))
fault(
    "mixed-request-refused", "BIN-03", text="a request with inputs in JSON and in binary is refused", models=("pair",)
)(_refusing(lambda sent: bool(sent.parts) and len(sent.parts) < len(sent.entries), 400, "not all inputs are binary"))


@fault("parts-in-model-order", "BIN-03", text="bytes belong to inputs in the order of the model", models=("pair",))
def parts_in_model_order(hooks: Hooks) -> None:
    def change(sent: Sent) -> None:
        owners = sorted(sent.parts, key=lambda index: str(sent.entries[index].get("name")))
        sizes, tail = {at: len(sent.parts[at]) for at in sent.parts}, b"".join(sent.parts.values())
        for at in owners:
            sent.parts[at], tail = tail[: sizes[at]], tail[sizes[at] :]

    resent(change)(hooks)


@fault("second-part-is-first", "BIN-03", text="of two binary inputs both get the bytes of the first", models=("pair",))
def second_part_is_first(hooks: Hooks) -> None:
    def change(sent: Sent) -> None:
        first = next(iter(sent.parts.values()), b"")
        sent.parts = {at: first if len(first) == len(part) else part for at, part in sent.parts.items()}

    resent(change)(hooks)


@fault(
    "part-behind-json-input-shifted",
    "BIN-03",
    text="a JSON input before a binary one costs it its first element",
    models=("pair",),
)
def part_behind_json_input_shifted(hooks: Hooks) -> None:
    def change(sent: Sent) -> None:
        for at, part in sent.parts.items():
            if at not in (0, *(each + 1 for each in sent.parts)):
                sent.parts[at] = part[4:] + bytes(len(part[:4]))

    resent(change)(hooks)


@fault("binary-listed-refused", "BIN-01", "BIN-02", text="binary tensors are listed, and every binary request fails")
def binary_listed_refused(hooks: Hooks) -> None:
    hooks.gates.append(
        lambda call: error(400, "the body is not JSON") if call.op == "infer" and HEADER in call.headers else None
    )


@fault("binary-input-needs-data", "BIN-02", "BIN-01", text="a binary input is refused because it has no data")
def binary_input_needs_data(hooks: Hooks) -> None:
    _refusing(lambda sent: bool(sent.parts), 400, "input: missing member 'data'")(hooks)


@fault("binary-octet-stream-refused", "BIN-02", text="binary requests have to be labelled application/json")
def binary_octet_stream_refused(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        binary = call.op == "infer" and HEADER in call.headers
        return error(415, "wrong media type") if binary and "json" not in call.headers.get("content-type", "") else None

    hooks.gates.append(gate)
