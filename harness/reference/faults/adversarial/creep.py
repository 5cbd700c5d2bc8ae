"""Seeded faults that the checks of ``suites/adversarial/test_creep.py`` find."""

from __future__ import annotations

import asyncio

from harness.reference.faults.kit.common import Count, on_refusals
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call

MOST_SECONDS = 4.0
SECONDS_PER_REFUSAL = 0.0005


@fault(
    "slower-with-every-refusal",
    "REST-ERR-06",
    text="every refused inference makes each later one half a millisecond slower",
    models=("pair",),
    effect="wear",
)
def slower_with_every_refusal(hooks: Hooks) -> None:
    count = Count()

    async def wait(call: Call) -> None:
        if call.op == "infer":
            await asyncio.sleep(min(count.value * SECONDS_PER_REFUSAL, MOST_SECONDS))

    on_refusals(lambda _, __: count.up())(hooks)
    hooks.before.append(wait)
