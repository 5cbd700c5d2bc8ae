"""Seeded faults that the checks of ``suites/adversarial/test_service_during_loads.py`` find."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from harness.reference.faults.kit.common import is_rest, wrong
from harness.reference.faults.registry import fault
from harness.reference.grpc.failed import Failed
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

SAME = "policy:same-answer"
LOAD_SECONDS = 0.3


def loading(hooks: Hooks) -> Callable[[], int]:
    """Loads take their time; how many are under way."""
    under_way: list[Call] = []

    async def wait(call: Call) -> None:
        if call.op == "load":
            under_way.append(call)
            try:
                await asyncio.sleep(LOAD_SECONDS)
            finally:
                under_way.remove(call)

    hooks.before.append(wait)
    return lambda: len(under_way)


@fault(
    "reload-goes-on-after-its-answer",
    "advice:keeps-serving",
    text="a load is answered at once and goes on for 0.9 s, in which every model is a 503",
    effect="state",
)
def reload_goes_on_after_its_answer(hooks: Hooks) -> None:
    until = [0.0]

    def edit(call: Call, reply: Reply) -> None:
        if call.op == "load" and reply.status == 200:
            until[0] = time.monotonic() + 0.9

    hooks.documents.append(edit)
    hooks.gates.append(
        lambda call: error(503, "loading") if call.op == "infer" and time.monotonic() < until[0] else None
    )


@fault("reload-answers-500-meanwhile", SAME, text="while a model is loaded, inferences are a 500", effect="state")
def reload_answers_500_meanwhile(hooks: Hooks) -> None:
    count = loading(hooks)
    hooks.gates.append(
        lambda call: error(500, "no graph") if call.op == "infer" and is_rest(call) and count() else None
    )


@fault(
    "two-loads-at-once-mix-weights",
    SAME,
    text="while two loads are under way at once, answers are wrong",
    effect="concurrency",
)
def two_loads_at_once_mix_weights(hooks: Hooks) -> None:
    count = loading(hooks)

    def edit(_: Call, __: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        return [wrong(each) for each in outputs] if count() > 1 else outputs

    hooks.answers.append(edit)


@fault(
    "reload-drops-calls",
    SAME,
    text="while a model is loaded, calls of inference end in INTERNAL; over REST they go on",
    transport="grpc",
    effect="state",
)
def reload_drops_calls(hooks: Hooks) -> None:
    count = loading(hooks)

    def edit(_: Call, __: Any) -> None:
        if count():
            raise Failed("INTERNAL", "the session is closed")

    hooks.grpc.asked("infer")(edit)
