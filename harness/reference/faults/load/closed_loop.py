"""Seeded faults that the checks of ``suites/load/test_closed_loop.py`` find."""

from __future__ import annotations

from harness.reference.faults.kit.load import infers, infers_over_grpc, slower_above
from harness.reference.faults.registry import fault

KEEPS = "advice:keeps-throughput"


fault(
    "load-cliff-above-16-at-once",
    KEEPS,
    text="with more than 16 inferences at work each takes 0.6 s longer",
    effect="load",
)(slower_above(16, 0.6, infers))

fault(
    "load-grpc-cliff-above-16-at-once",
    KEEPS,
    text="over gRPC: with more than 16 inferences at work each takes 0.6 s longer",
    transport="grpc",
    effect="load",
)(slower_above(16, 0.6, infers_over_grpc))
