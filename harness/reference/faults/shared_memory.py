"""Tensors in shared memory that are read or written elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call

Body = dict[str, Any]


def _requests(change: Callable[[Body], None]) -> Callable[[Hooks], None]:
    """Change inference requests that speak of shared memory, before they are read."""

    def install(hooks: Hooks) -> None:
        def gate(call: Call) -> None:
            if call.op != "infer" or b"shared_memory_region" not in call.body:
                return
            try:
                document = json.loads(call.body)
                change(document)
            except (ValueError, LookupError, TypeError, AttributeError):
                return
            call.body = json.dumps(document).encode()

        hooks.gates.append(gate)

    return install


def _sides(document: Body, *names: str) -> list[Body]:
    """Entries of the request that name a region."""
    entries = [entry for name in names for entry in document.get(name, [])]
    return [entry for entry in entries if "shared_memory_region" in entry.get("parameters", {})]


@fault("shm-data-and-region-accepted", "SHM-01", text="of an input with data and a region, the data counts")
def shm_data_and_region_accepted(hooks: Hooks) -> None:
    def change(document: Body) -> None:
        for entry in _sides(document, "inputs"):
            if "data" in entry:
                entry.pop("parameters")

    _requests(change)(hooks)


@fault("shm-input-offset-ignored", "SHM-01", text="inputs are read from the beginning of their region")
def shm_input_offset_ignored(hooks: Hooks) -> None:
    def change(document: Body) -> None:
        for entry in _sides(document, "inputs"):
            entry["parameters"].pop("shared_memory_offset", None)

    _requests(change)(hooks)


@fault("shm-output-offset-ignored", "SHM-01", text="outputs are written to the beginning of their region")
def shm_output_offset_ignored(hooks: Hooks) -> None:
    def change(document: Body) -> None:
        for entry in _sides(document, "outputs"):
            entry["parameters"].pop("shared_memory_offset", None)

    _requests(change)(hooks)


@fault("shm-output-region-ignored", "SHM-01", text="outputs come in the reply and not into their region")
def shm_output_region_ignored(hooks: Hooks) -> None:
    def change(document: Body) -> None:
        for entry in _sides(document, "outputs"):
            entry.pop("parameters")

    _requests(change)(hooks)


@fault("shm-unknown-region-zeros", "SHM-01", text="an input in an unknown region is zero", models=("echo-fp32",))
def shm_unknown_region_zeros(hooks: Hooks) -> None:
    known: set[str] = set()

    def gate(call: Call) -> None:
        if call.op == "shm-register":
            known.add(call.region)
        elif call.op == "shm-unregister":
            known.discard(call.region)

    def change(document: Body) -> None:
        for entry in _sides(document, "inputs"):
            if entry["parameters"]["shared_memory_region"] not in known:
                count = 1
                for size in entry["shape"]:
                    count *= size
                entry.pop("parameters")
                entry["data"] = [0] * min(count, 100_000)

    hooks.gates.append(gate)
    _requests(change)(hooks)


@fault("shm-registered-once", "SHM-01", text="a region that was unregistered can never be registered again")
def shm_registered_once(hooks: Hooks) -> None:
    seen: set[str] = set()

    def gate(call: Call) -> None:
        if call.op == "shm-register":
            if call.region in seen:
                call.op = "shm-region-status"
            seen.add(call.region)

    hooks.gates.append(gate)
