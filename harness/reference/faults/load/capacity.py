"""Seeded faults that the checks of ``suites/load/test_capacity.py`` find."""

from __future__ import annotations

from harness.reference.faults.kit.load import every_wrong, infers, infers_over_grpc
from harness.reference.faults.registry import fault

SAME = "policy:same-answer"


fault("load-one-wrong-in-200", SAME, text="under load, every 200th answer has other values", effect="load")(
    every_wrong(200, infers)
)

fault(
    "load-grpc-one-wrong-in-200",
    SAME,
    text="over gRPC: under load, every 200th answer has other values",
    transport="grpc",
    effect="load",
)(every_wrong(200, infers_over_grpc))
