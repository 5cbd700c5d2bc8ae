"""Seeded faults that the checks of ``suites/adversarial/test_disconnects.py`` find."""

from __future__ import annotations

from collections import deque

from harness.reference.faults.kit.clients import when_client_leaves
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply


@fault(
    "disconnect-poisons-next",
    "policy:same-answer",
    "REST-INFER-12",
    text="after a client left mid-body, the next inference is a 500; so are twelve after many",
    effect="connection",
)
def disconnect_poisons_next(hooks: Hooks) -> None:
    # As many as a pool holds; with no bound, one client's burst would leave nothing to show to others.
    left: deque[bool] = deque(maxlen=12)
    when_client_leaves(hooks, lambda: left.append(True))

    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and reply.status == 200 and left:
            left.pop()
            reply.status, reply.document, reply.carried = 500, {"error": "broken pipe"}, {}

    hooks.documents.append(edit)
