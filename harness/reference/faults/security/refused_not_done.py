"""Seeded faults that the checks of ``suites/security/test_refused_not_done.py`` find."""

from __future__ import annotations

from harness.reference.faults.kit.access import guarded, is_right
from harness.reference.faults.kit.common import is_rest
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply

OPEN = "policy:no-open-access"


@fault(
    "auth-refused-but-done",
    OPEN,
    text="without the token, load and unload answer 401 and are carried out",
    effect="access",
)
def refused_but_done(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op in ("load", "unload") and is_rest(call) and not is_right(call, hooks.settings.token):
            reply.status, reply.document = 401, {"error": "credentials are needed"}

    hooks.documents.append(edit)
    guarded(lambda call, _: call.op in ("load", "unload") and is_rest(call))(hooks)
