"""Seeded faults that the checks of ``suites/conformance/grpc/test_grpc_other_datatypes.py`` find."""

from __future__ import annotations

from typing import Any

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call


@fault(
    "grpc-other-datatype-read-as-zeros",
    "policy:no-silent-change",
    "DTYPE-04",
    text="for FP32, elements that a call says are of another datatype are read as zeros",
    models=("matrix", "echo-fp32"),
    transport="grpc",
)
def grpc_other_datatype_read_as_zeros(hooks: Hooks) -> None:
    def edit(_: Call, message: Any) -> None:
        for entry in message.inputs:
            if entry.datatype in ("INT32", "INT64", "BYTES") and not message.raw_input_contents:
                count = sum(len(values) for _, values in entry.contents.ListFields())
                entry.ClearField("contents")
                entry.datatype = "FP32"
                entry.contents.fp32_contents.extend([0.0] * count)

    hooks.grpc.asked("infer")(edit)
