"""Helpers for faults of load, over either transport."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Any

from harness.reference.faults.kit.common import Count, Trigger, delays, holds, is_rest, wrong
from harness.reference.faults.registry import Install
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

# So many inferences in the last second are load; no other check sends as many, one after the other, as fast.
LOAD_A_SECOND = 15

# Taking in one call over gRPC takes a third of a millisecond, and twice that on a slow machine: a shorter stay would be
# over for the first of a crowd before the last has come.
ENTRY_SECONDS = 0.025

# What was waiting comes all at once; only a later crowd is another one.
CALM_SECONDS = 8.0

LONGEST_SECONDS = 8.0


def infers(call: Call) -> bool:
    """Whether it is an inference over REST."""
    return call.op == "infer" and is_rest(call)


def infers_over_grpc(call: Call) -> bool:
    """Whether it is an inference over gRPC."""
    return call.op == "infer" and not is_rest(call)


class Flow:
    """Inferences: how many came in the last second."""

    def __init__(self, hooks: Hooks, asks: Trigger) -> None:
        self._times: deque[float] = deque()
        self._asks = asks
        hooks.gates.append(self._gate)

    def _gate(self, call: Call) -> None:
        if self._asks(call):
            self._times.append(time.monotonic())

    @property
    def loaded(self) -> bool:
        """Whether that is load."""
        now = time.monotonic()
        while self._times and self._times[0] < now - 1:
            self._times.popleft()
        return len(self._times) >= LOAD_A_SECOND


class Crowd:
    """Inferences that are at work at the same time; each stays a moment, so that others can come in.

    A call that its client gives up leaves no trace; after :data:`LONGEST_SECONDS` nobody counts it.
    """

    def __init__(self, hooks: Hooks, asks: Trigger = infers) -> None:
        self._entered: list[tuple[float, Call]] = []
        self._asks = asks
        hooks.before.append(self._enter)
        hooks.bodies.append(lambda call, _: self._leave(call))
        hooks.grpc.sent.append(self._replied)
        hooks.grpc.failures.append(self._failed)

    async def _enter(self, call: Call) -> None:
        if self._asks(call):
            self._entered.append((time.monotonic(), call))
            await asyncio.sleep(ENTRY_SECONDS)

    def _replied(self, call: Call, data: bytes) -> bytes:
        self._leave(call)
        return data

    def _failed(self, call: Call, failure: Any, _: Any) -> Any:
        self._leave(call)
        return failure

    def _leave(self, call: Call) -> None:
        self._entered = [each for each in self._entered if each[1] is not call]

    @property
    def size(self) -> int:
        """How many there are."""
        since = time.monotonic() - LONGEST_SECONDS
        return sum(1 for entered, _ in self._entered if entered >= since)


def slower_above(number: int, seconds: float, asks: Trigger) -> Install:
    """With more inferences at work than ``number``, each takes longer."""

    def install(hooks: Hooks) -> None:
        crowd = Crowd(hooks, asks)
        delays(lambda call: asks(call) and crowd.size > number, seconds)(hooks)

    return install


def slower_after(number: int, seconds: float, asks: Trigger) -> Install:
    """Each inference takes longer once there were so many."""

    def install(hooks: Hooks) -> None:
        count = Count()
        delays(lambda call: asks(call) and count.up() > number, seconds)(hooks)

    return install


def every_slow(number: int, seconds: float, asks: Trigger) -> Install:
    """Every so manyth inference takes longer."""

    def install(hooks: Hooks) -> None:
        count = Count()
        delays(lambda call: asks(call) and count.up() % number == 0, seconds)(hooks)

    return install


def every_wrong(number: int, asks: Trigger) -> Install:
    """Under load, every so manyth answer has other values."""

    def install(hooks: Hooks) -> None:
        flow, count = Flow(hooks, asks), Count()

        def edit(call: Call, __: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
            hit = asks(call) and flow.loaded and count.up() % number == 0
            return [wrong(each) for each in outputs] if hit else outputs

        hooks.answers.append(edit)

    return install


def every_lost(number: int, asks: Trigger) -> Install:
    """Under load, every so manyth inference is never answered."""

    def install(hooks: Hooks) -> None:
        flow, count = Flow(hooks, asks), Count()
        holds(lambda call: asks(call) and flow.loaded and count.up() % number == 0)(hooks)

    return install


def refuses_above(number: int, status: int, asks: Trigger) -> Install:
    """With more inferences at work than ``number``, it answers ``status`` without more."""

    def install(hooks: Hooks) -> None:
        crowd = Crowd(hooks, asks)

        def gate(call: Call) -> Reply | None:
            return error(status, "too busy") if asks(call) and crowd.size > number else None

        hooks.gates.append(gate)

    return install


def stuck_above(number: int, seconds: float, asks: Trigger) -> Install:
    """Once more than ``number`` inferences were at work, none is answered for so long; readiness does not change."""

    def install(hooks: Hooks) -> None:
        crowd = Crowd(hooks, asks)
        until = [float("-inf")]

        async def wait(call: Call) -> None:
            if not asks(call):
                return
            if crowd.size > number and time.monotonic() > until[0] + CALM_SECONDS:
                until[0] = time.monotonic() + seconds
            while (left := until[0] - time.monotonic()) > 0:
                await asyncio.sleep(left)

        hooks.before.append(wait)

    return install
