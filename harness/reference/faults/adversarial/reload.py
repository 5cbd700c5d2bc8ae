"""Seeded faults that the checks of ``suites/adversarial/test_reload.py`` find."""

from __future__ import annotations

from typing import Any

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error

LEAK = "policy:no-leak"


@fault("unloaded-answers-from-cache", LEAK, "REPO-08", text="an unloaded model still answers what it was asked before")
def unloaded_answers_from_cache(hooks: Hooks) -> None:
    kept: dict[tuple[str, bytes], Any] = {}

    def edit(call: Call, reply: Reply) -> None:
        if call.op != "infer":
            return
        key = (call.path, call.body)
        if reply.status == 200 and not reply.carried and len(kept) < 10_000:
            kept[key] = reply.document
        elif reply.status == 503 and key in kept:
            reply.status, reply.document = 200, kept[key]

    hooks.documents.append(edit)


@fault(
    "unload-of-unknown-stops-all",
    "policy:ready-infers",
    "REPO-09",
    text="to unload a model that is not there ends all inference, and ready says true",
)
def unload_of_unknown_stops_all(hooks: Hooks) -> None:
    stopped: list[bool] = []

    def edit(call: Call, reply: Reply) -> None:
        if call.op == "unload" and reply.status >= 400:
            stopped.append(True)

    hooks.documents.append(edit)
    hooks.gates.append(lambda call: error(500, "no scheduler") if call.op == "infer" and stopped else None)
