"""Seeded faults that the checks of ``suites/load/test_overload.py`` find."""

from __future__ import annotations

from harness.reference.faults.kit.load import infers, infers_over_grpc, refuses_above, stuck_above
from harness.reference.faults.registry import fault

SHEDS = "advice:sheds-cleanly"
CRASH = "policy:no-crash"
READY = "policy:ready-infers"
RECOVERS = "advice:recovers"


fault(
    "load-errors-when-busy", SHEDS, text="with more than 20 inferences at work it answers 500 (INTERNAL)", effect="load"
)(refuses_above(20, 500, infers))

fault(
    "load-grpc-errors-when-busy",
    SHEDS,
    text="over gRPC: with more than 20 inferences at work it answers 500 (INTERNAL)",
    transport="grpc",
    effect="load",
)(refuses_above(20, 500, infers_over_grpc))

fault(
    "load-stuck-after-overload",
    CRASH,
    READY,
    RECOVERS,
    text="once more than 24 inferences were at work, none is answered for 45 s",
    effect="load",
)(stuck_above(24, 45.0, infers))

fault(
    "load-grpc-stuck-after-overload",
    CRASH,
    READY,
    RECOVERS,
    text="over gRPC: once more than 24 inferences were at work, none is answered for 45 s",
    transport="grpc",
    effect="load",
)(stuck_above(24, 45.0, infers_over_grpc))

fault(
    "load-sheds-without-advice",
    SHEDS,
    text="with more than 20 inferences at work it answers 503 without more",
    effect="load",
)(refuses_above(20, 503, infers))

fault(
    "load-ready-while-stuck",
    READY,
    text="once more than 24 inferences were at work, none is answered for 6 s, but it calls itself ready",
    effect="load",
)(stuck_above(24, 6.0, infers))
