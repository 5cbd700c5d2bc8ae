"""Seeded faults that the checks of ``suites/conformance/across/test_transports_mistakes.py`` find."""

from __future__ import annotations

from harness.reference.faults.kit.grpc_messages import accepts
from harness.reference.faults.registry import fault

fault(
    "grpc-repeated-input-accepted",
    "REST-ERR-07",
    text="an input given twice is refused over REST only",
    transport="grpc",
)(accepts(repeated_inputs=True))
