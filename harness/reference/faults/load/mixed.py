"""Seeded faults that the checks of ``suites/load/test_mixed.py`` find."""

from __future__ import annotations

import time

from harness.reference.faults.kit.load import infers
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call

OTHERS = "advice:serves-others"


@fault("load-large-bodies-hold-others", OTHERS, text="a body above 32 kB holds everything up for 0.4 s", effect="load")
def large_bodies(hooks: Hooks) -> None:
    async def wait(call: Call) -> None:
        if infers(call) and len(call.body) > 32 * 1024:
            time.sleep(0.4)

    hooks.before.append(wait)
