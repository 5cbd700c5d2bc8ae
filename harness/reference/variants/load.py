"""Right under load, and still uneven: queues, batches, pauses, refusals with advice. No check of load may blame them.

Only the checks of load ask them; what else they answer is what the clean server answers.
"""

from __future__ import annotations

import asyncio
import random
import time

from harness.reference.faults.kit.common import Count
from harness.reference.faults.kit.load import Crowd, infers
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.variants.access import rate_limited
from harness.reference.variants.registry import variant

MOST_AT_WORK = 20


@variant(
    "load-sheds-with-advice", "with more than 20 inferences at work it answers 503 with Retry-After", effect="load"
)
def sheds_with_advice(hooks: Hooks) -> None:
    crowd = Crowd(hooks)

    def gate(call: Call) -> Reply | None:
        if infers(call) and crowd.size > MOST_AT_WORK:
            return error(503, "too busy", Retry_After="1")
        return None

    hooks.gates.append(gate)


variant("load-rate-limited", "429 with Retry-After above 60 requests a second", effect="load")(rate_limited)


@variant("load-half-a-second", "inferences take half a second each, one after the other", effect="load")
def half_a_second(hooks: Hooks) -> None:
    turn = asyncio.Lock()

    async def wait(call: Call) -> None:
        if infers(call):
            async with turn:
                await asyncio.sleep(0.5)

    hooks.before.append(wait)


@variant("load-one-at-a-time", "inferences are worked on one after the other, 4 ms each", effect="load")
def one_at_a_time(hooks: Hooks) -> None:
    turn = asyncio.Lock()

    async def wait(call: Call) -> None:
        if infers(call):
            async with turn:
                await asyncio.sleep(0.004)

    hooks.before.append(wait)


@variant("load-in-batches", "inferences wait for the next of fifty batches a second", effect="load")
def in_batches(hooks: Hooks) -> None:
    async def wait(call: Call) -> None:
        if infers(call):
            await asyncio.sleep(0.02 - time.monotonic() % 0.02)

    hooks.before.append(wait)


@variant(
    "load-pauses", "everything stands still for 0.15 s in every 2 s, as for a collection of garbage", effect="load"
)
def pauses(hooks: Hooks) -> None:
    last = [time.monotonic()]

    async def wait(call: Call) -> None:
        if infers(call) and time.monotonic() > last[0] + 2:
            last[0] = time.monotonic()
            time.sleep(0.15)

    hooks.before.append(wait)


@variant("load-uneven", "inferences take a drawn time, 10 ms in the middle and sometimes ten times that", effect="load")
def uneven(hooks: Hooks) -> None:
    drawn = random.Random(15)  # noqa: S311 -- of no one's secrets

    async def wait(call: Call) -> None:
        if infers(call):
            await asyncio.sleep(min(0.2, drawn.lognormvariate(-4.6, 0.8)))

    hooks.before.append(wait)


@variant("load-closes-connections", "every fiftieth answer closes its connection, and says so", effect="load")
def closes_connections(hooks: Hooks) -> None:
    count = Count()

    def edit(call: Call, reply: Reply) -> None:
        if infers(call) and count.up() % 50 == 0:
            reply.headers["connection"] = "close"

    hooks.bodies.append(edit)


@variant("load-warms-up", "the first hundred inferences take 20 ms longer", effect="load")
def warms_up(hooks: Hooks) -> None:
    count = Count()

    async def wait(call: Call) -> None:
        if infers(call) and count.up() <= 100:
            await asyncio.sleep(0.02)

    hooks.before.append(wait)
