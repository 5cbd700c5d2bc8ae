"""Seeded faults that the checks of ``suites/failover/test_sessions.py`` find."""

from __future__ import annotations

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.request import InferRequest


@fault(
    "failover-session-lost-with-connection",
    "policy:same-answer",
    text="the state of a sequence is kept by the replica that its connection leads to",
    models=("accumulator",),
    effect="state",
)
def session_lost(hooks: Hooks) -> None:
    def edit(call: Call, _: ModelVersion, request: InferRequest) -> None:
        own = request.parameters.get("sequence_id")
        if own:
            request.parameters = {**request.parameters, "sequence_id": f"{own} on {call.connection}"}

    hooks.requests.append(edit)
