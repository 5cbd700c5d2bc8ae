"""Seeded faults that the checks of ``suites/conformance/binary/test_binary_halves.py`` find."""

from __future__ import annotations

import numpy as np

from harness.reference.faults.kit.binary import change_values, each_part_in, each_part_out, refuses_binary
from harness.reference.faults.registry import fault

fault("binary-fp16-refused", "BIN-07", text="FP16 is refused in binary", models=("echo-fp16",))(
    refuses_binary(
        lambda sent: any(each.get("datatype") == "FP16" for each in sent.entries), 400, "FP16 is no data type"
    )
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
)(each_part_in(change_values(lambda found: (found.view(np.uint16) & np.uint16(0xFFF8)).view(np.float16)), "FP16"))

fault(
    "binary-fp16-read-as-bf16",
    "BIN-07",
    "BIN-02",
    text="FP16 inputs in binary are read as BF16",
    models=("half-row",),
)(
    each_part_in(
        change_values(lambda found: (found.view(np.uint16).astype(np.uint32) << np.uint32(16)).view(np.float32)), "FP16"
    )
)
