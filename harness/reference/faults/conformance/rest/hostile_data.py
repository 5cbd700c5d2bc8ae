"""Seeded faults that the checks of ``suites/conformance/rest/test_hostile_data.py`` find."""

from __future__ import annotations

import os
import time

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply


@fault("deep-nesting-kills", "TDATA-17", text="data nested 500 deep ends the process", effect="crash")
def deep_nesting_kills(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        if b"[" * 500 in call.body:
            os._exit(139)
        return None

    hooks.gates.append(gate)


@fault(
    "huge-shape-hangs",
    "TDATA-17",
    text="a shape of 2^40 elements and more holds the whole server up for 20 s",
    effect="hang",
)
def huge_shape_hangs(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        digits = [part for part in call.body.replace(b"]", b",").replace(b"[", b",").split(b",") if part.isdigit()]
        if call.op == "infer" and any(len(part) > 9 for part in digits) and len(call.body) < 2000:
            time.sleep(20)
        return None

    hooks.gates.append(gate)
