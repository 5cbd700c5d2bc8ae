"""Seeded faults that the checks of ``suites/security/test_access_at_once.py`` find."""

from __future__ import annotations

import asyncio

from harness.reference.faults.kit.access import guarded, is_right
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call

OPEN = "policy:no-open-access"


@fault(
    "auth-caller-in-shared-variable",
    OPEN,
    text="who is calling stands in a variable that all requests share",
    effect="concurrency",
)
def caller_in_shared_variable(hooks: Hooks) -> None:
    caller = {"right": False}

    async def identify(call: Call) -> None:
        caller["right"] = is_right(call, hooks.settings.token)
        await asyncio.sleep(0.001)

    hooks.before.append(identify)
    guarded(lambda _, __: caller["right"])(hooks)


@fault(
    "auth-open-above-12-at-once",
    OPEN,
    text="while more than 12 others wait, nobody looks at tokens",
    effect="concurrency",
)
def open_above_12_at_once(hooks: Hooks) -> None:
    waiting: set[int] = set()

    async def queue(call: Call) -> None:
        waiting.add(id(call))
        await asyncio.sleep(0.01)
        waiting.discard(id(call))

    hooks.before.append(queue)
    guarded(lambda _, __: len(waiting) > 12)(hooks)
