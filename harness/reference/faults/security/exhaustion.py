"""Seeded faults that the checks of ``suites/security/test_exhaustion.py`` find."""

from __future__ import annotations

import time

from harness.reference.faults.kit.common import HOLD_SECONDS
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call

HANG = "policy:no-hang"


@fault("many-outputs-hang", HANG, text="a selection of more than 3000 outputs holds the server up", effect="hang")
def many_outputs_hang(hooks: Hooks) -> None:
    async def work(call: Call) -> None:
        if call.op == "infer" and call.body.count(b'"name"') > 3000:
            time.sleep(HOLD_SECONDS)

    hooks.before.append(work)
