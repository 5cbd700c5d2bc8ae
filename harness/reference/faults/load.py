"""What only goes wrong under load: cliffs, creeping, lost and wrong answers, and what happens beyond capacity."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from harness.reference.faults.adversarial import HOLD_SECONDS, Count, is_rest, wrong
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

SAME, LEAK, HANG, CRASH = "policy:same-answer", "policy:no-leak", "policy:no-hang", "policy:no-crash"
READY, SHEDS, KEEPS, STEADY, OTHERS, LEVEL = (
    "policy:ready-infers", "advice:sheds-cleanly", "advice:keeps-throughput", "advice:steady-over-time",
    "advice:serves-others", "advice:one-level",
)  # fmt: skip
# So many inferences in the last second are load; no other check sends as many, one after the other, as fast.
LOAD_A_SECOND = 15
ENTRY_SECONDS = 0.003
# What was waiting comes all at once; only a later crowd is another one.
CALM_SECONDS = 8.0


def infers(call: Call) -> bool:
    """Whether it is an inference over REST."""
    return call.op == "infer" and is_rest(call)


class Flow:
    """Inferences over REST: how many came in the last second."""

    def __init__(self, hooks: Hooks) -> None:
        self._times: deque[float] = deque()
        hooks.gates.append(self._gate)

    def _gate(self, call: Call) -> None:
        if infers(call):
            self._times.append(time.monotonic())

    @property
    def loaded(self) -> bool:
        """Whether that is load."""
        now = time.monotonic()
        while self._times and self._times[0] < now - 1:
            self._times.popleft()
        return len(self._times) >= LOAD_A_SECOND


class Crowd:
    """Inferences over REST that are at work at the same time; each stays a moment, so that others can come in."""

    def __init__(self, hooks: Hooks) -> None:
        self.inside: list[Call] = []
        hooks.before.append(self._enter)
        hooks.bodies.append(self._leave)

    async def _enter(self, call: Call) -> None:
        if infers(call):
            self.inside.append(call)
            await asyncio.sleep(ENTRY_SECONDS)

    def _leave(self, call: Call, _: Reply) -> None:
        self.inside = [each for each in self.inside if each is not call]


@fault("load-cliff-above-16-at-once", KEEPS, text="with more than 16 inferences at work each takes 0.6 s longer")
def cliff(hooks: Hooks) -> None:
    crowd = Crowd(hooks)

    async def wait(call: Call) -> None:
        if infers(call) and len(crowd.inside) > 16:
            await asyncio.sleep(0.6)

    hooks.before.append(wait)


def slower_after(number: int, seconds: float) -> Install:
    """Each inference takes longer once there were so many."""

    def install(hooks: Hooks) -> None:
        count = Count()

        async def wait(call: Call) -> None:
            if infers(call) and count.up() > number:
                await asyncio.sleep(seconds)

        hooks.before.append(wait)

    return install


fault("load-slower-after-300", STEADY, text="after 300 inferences each takes 25 ms longer")(slower_after(300, 0.025))


@fault("load-one-replica-slow", LEVEL, text="every third inference takes 60 ms longer, as if one replica in three did")
def one_replica_slow(hooks: Hooks) -> None:
    count = Count()

    async def wait(call: Call) -> None:
        if infers(call) and count.up() % 3 == 0:
            await asyncio.sleep(0.06)

    hooks.before.append(wait)


@fault("load-one-wrong-in-200", SAME, text="under load, every 200th answer has other values")
def one_wrong(hooks: Hooks) -> None:
    flow, count = Flow(hooks), Count()

    def edit(_: Call, __: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        return [wrong(each) for each in outputs] if flow.loaded and count.up() % 200 == 0 else outputs

    hooks.answers.append(edit)


@fault("load-swaps-ids", LEAK, text="under load, every 100th answer has the id of the request before")
def swaps_ids(hooks: Hooks) -> None:
    flow, count = Flow(hooks), Count()
    before: list[object] = [None]

    def edit(call: Call, reply: Reply) -> None:
        if not infers(call) or reply.status != 200 or not isinstance(reply.document, dict):
            return
        own = reply.document.get("id")
        if flow.loaded and count.up() % 100 == 0 and isinstance(before[0], str):
            reply.document["id"] = before[0]
        before[0] = own

    hooks.documents.append(edit)


@fault("load-loses-requests", HANG, text="under load, every 150th inference is never answered")
def loses_requests(hooks: Hooks) -> None:
    flow, count = Flow(hooks), Count()

    async def wait(call: Call) -> None:
        if infers(call) and flow.loaded and count.up() % 150 == 0:
            await asyncio.sleep(HOLD_SECONDS)

    hooks.before.append(wait)


@fault("load-sheds-without-advice", SHEDS, text="with more than 20 inferences at work it answers 503 without more")
def sheds_without_advice(hooks: Hooks) -> None:
    crowd = Crowd(hooks)

    def gate(call: Call) -> Reply | None:
        return error(503, "too busy") if infers(call) and len(crowd.inside) > 20 else None

    hooks.gates.append(gate)


def _stuck(seconds: float) -> Install:
    """Once more than 24 inferences were at work, none is answered for so long; readiness does not change."""

    def install(hooks: Hooks) -> None:
        crowd = Crowd(hooks)
        until = [float("-inf")]

        async def wait(call: Call) -> None:
            if not infers(call):
                return
            if len(crowd.inside) > 24 and time.monotonic() > until[0] + CALM_SECONDS:
                until[0] = time.monotonic() + seconds
            while (left := until[0] - time.monotonic()) > 0:
                await asyncio.sleep(left)

        hooks.before.append(wait)

    return install


fault("load-stuck-after-overload", CRASH, READY, "advice:recovers",
      text="once more than 24 inferences were at work, none is answered for 45 s")(_stuck(45.0))  # fmt: skip
fault("load-ready-while-stuck", READY,
      text="once more than 24 inferences were at work, none is answered for 6 s, but it calls itself ready")(
    _stuck(6.0)
)  # fmt: skip


@fault("load-large-bodies-hold-others", OTHERS, text="a body above 32 kB holds everything up for 0.4 s")
def large_bodies(hooks: Hooks) -> None:
    async def wait(call: Call) -> None:
        if infers(call) and len(call.body) > 32 * 1024:
            time.sleep(0.4)

    hooks.before.append(wait)
