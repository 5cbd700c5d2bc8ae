"""Seeded faults that the checks of ``suites/conformance/extensions/test_shared_memory.py`` find."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from harness.reference.faults.kit.documents import absent
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

Body = dict[str, Any]


fault(
    "system-shared-memory-listed-but-absent",
    "SHM-01",
    "REST-SMETA-06",
    text="system_shared_memory is listed and not there",
)(absent("shm-status", "shm-region-status", "shm-register", "shm-unregister"))


@fault("shm-data-in-reply", "SHM-01", text="an output in shared memory comes in the reply as well")
def shm_data_in_reply(hooks: Hooks) -> None:
    last: dict[str, list[Any]] = {}

    def answer(_: Call, __: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        last.update({each.name: [str(value) for value in each.values] for each in outputs})
        return outputs

    def edit(_: Call, reply: Reply) -> None:
        for entry in reply.document["outputs"]:
            if "shared_memory_region" in entry.get("parameters", {}):
                entry["data"] = [float(value) if _is_number(value) else value for value in last[entry["name"]]]

    hooks.answers.append(answer)
    hooks.binary.append(edit)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace("-", "").isdecimal()


@fault("shm-unregister-without-effect", "SHM-01", text="unregister answers 200 and keeps the region")
def shm_unregister_without_effect(hooks: Hooks) -> None:
    for op in ("shm-unregister", "shm-unregister-all"):
        hooks.routes[op] = lambda _: Reply(200, {})


@fault("shm-status-empty", "SHM-01", text="no region is ever listed")
def shm_status_empty(hooks: Hooks) -> None:
    hooks.routes["shm-status"] = lambda _: Reply(200, [])


@fault("shm-status-object", "SHM-01", text="regions are listed without key and size")
def shm_status_object(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "shm-status" and reply.status == 200:
            reply.document = [{"name": each["name"]} for each in reply.document]

    hooks.documents.append(edit)


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
