"""Seeded faults that the checks of ``suites/load/test_cold_start.py`` find."""

from __future__ import annotations

import time

from harness.reference.faults.kit.load import infers
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error

LOADING_SECONDS = 2.0
READY = "policy:ready-infers"


@fault(
    "load-ready-while-loading",
    READY,
    "REPO-06",
    text="a model that was just loaded is ready at once, and fails for 2 s",
    effect="load",
)
def ready_while_loading(hooks: Hooks) -> None:
    loaded: dict[str, float] = {}

    def gate(call: Call) -> Reply | None:
        if call.op == "load":
            loaded[call.model] = time.monotonic()
        starting = time.monotonic() - loaded.get(call.model, float("-inf")) < LOADING_SECONDS
        return error(500, "not started") if infers(call) and starting else None

    hooks.gates.append(gate)
