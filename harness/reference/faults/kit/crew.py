"""A helper for faults by which one of several workers is lost, and the others serve on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from harness.reference.faults.kit.common import HOLD_SECONDS
from harness.reference.faults.registry import Install
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.request import InferRequest

CREW = 3


class Crew:
    """Workers that take inferences in turn; one that is lost leaves its share of them without an answer."""

    def __init__(self, hooks: Hooks, size: int = CREW) -> None:
        self._size, self._turn = size, 0
        self._lost: set[int] = set()
        self._taken: deque[tuple[Call, int]] = deque(maxlen=256)
        hooks.before.append(self._take)

    async def _take(self, call: Call) -> None:
        if call.op != "infer":
            return
        worker, self._turn = self._turn % self._size, self._turn + 1
        self._taken.append((call, worker))
        if worker in self._lost:
            await asyncio.sleep(HOLD_SECONDS)

    def lose(self, call: Call) -> None:
        """The worker that has this call is gone once it has answered it."""
        self._lost.update(worker for each, worker in self._taken if each is call)


def loses_worker(trigger: Callable[[InferRequest], bool], size: int = CREW) -> Install:
    """A request that ``trigger`` picks is the last that its worker answers."""

    def install(hooks: Hooks) -> None:
        crew = Crew(hooks, size)

        def look(call: Call, _: ModelVersion, request: InferRequest) -> None:
            if trigger(request):
                crew.lose(call)

        hooks.requests.append(look)

    return install


def loses_reader(trigger: Callable[[Call], bool], size: int = CREW) -> Install:
    """The same by what comes in over REST, whether or not it can be read."""

    def install(hooks: Hooks) -> None:
        crew = Crew(hooks, size)

        def look(call: Call) -> None:
            if call.op == "infer" and trigger(call):
                crew.lose(call)

        hooks.gates.append(look)

    return install
