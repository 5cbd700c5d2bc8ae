"""What only goes wrong under load: cliffs, creeping, lost and wrong answers, and what happens beyond capacity."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from harness.reference.faults.adversarial import Count, Trigger
from harness.reference.faults.load_shapes import (
    Flow,
    every_lost,
    every_slow,
    every_wrong,
    infers,
    infers_over_grpc,
    refuses_above,
    slower_above,
    slower_after,
    stuck_above,
)
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error

SAME, LEAK, HANG, CRASH = "policy:same-answer", "policy:no-leak", "policy:no-hang", "policy:no-crash"
READY, SHEDS, KEEPS, STEADY, OTHERS, LEVEL = (
    "policy:ready-infers", "advice:sheds-cleanly", "advice:keeps-throughput", "advice:steady-over-time",
    "advice:serves-others", "advice:one-level",
)  # fmt: skip
RECOVERS = "advice:recovers"
LOADING_SECONDS = 2.0

# Name, what it breaks, what the server does, and how, for the inferences of one transport.
BOTH_WAYS: tuple[tuple[str, tuple[str, ...], str, Callable[[Trigger], Install]], ...] = (
    (
        "cliff-above-16-at-once", (KEEPS,),
        "with more than 16 inferences at work each takes 0.6 s longer", partial(slower_above, 16, 0.6),
    ),
    (
        "slower-after-300", (STEADY,),
        "after 300 inferences each takes 25 ms longer", partial(slower_after, 300, 0.025),
    ),
    (
        "one-replica-slow", (LEVEL,),
        "every third inference takes 60 ms longer, as if one replica in three did", partial(every_slow, 3, 0.06),
    ),
    (
        "one-wrong-in-200", (SAME,),
        "under load, every 200th answer has other values", partial(every_wrong, 200),
    ),
    (
        "loses-requests", (HANG,),
        "under load, every 150th inference is never answered", partial(every_lost, 150),
    ),
    (
        "errors-when-busy", (SHEDS,),
        "with more than 20 inferences at work it answers 500 (INTERNAL)", partial(refuses_above, 20, 500),
    ),
    (
        "stuck-after-overload", (CRASH, READY, RECOVERS),
        "once more than 24 inferences were at work, none is answered for 45 s", partial(stuck_above, 24, 45.0),
    ),
)  # fmt: skip

for name, broken, text, made in BOTH_WAYS:
    fault(f"load-{name}", *broken, text=text)(made(infers))
    fault(f"load-grpc-{name}", *broken, text=f"over gRPC: {text}")(made(infers_over_grpc))

fault("load-sheds-without-advice", SHEDS, text="with more than 20 inferences at work it answers 503 without more")(
    refuses_above(20, 503, infers)
)
fault("load-ready-while-stuck", READY,
      text="once more than 24 inferences were at work, none is answered for 6 s, but it calls itself ready")(
    stuck_above(24, 6.0, infers)
)  # fmt: skip


@fault("load-swaps-ids", LEAK, text="under load, every 100th answer has the id of the request before")
def swaps_ids(hooks: Hooks) -> None:
    flow, count = Flow(hooks, infers), Count()
    before: list[object] = [None]

    def edit(call: Call, reply: Reply) -> None:
        if not infers(call) or reply.status != 200 or not isinstance(reply.document, dict):
            return
        own = reply.document.get("id")
        if flow.loaded and count.up() % 100 == 0 and isinstance(before[0], str):
            reply.document["id"] = before[0]
        before[0] = own

    hooks.documents.append(edit)


@fault("load-grpc-swaps-ids", LEAK, text="under load over gRPC, every 100th answer has the id of the request before")
def grpc_swaps_ids(hooks: Hooks) -> None:
    flow, count = Flow(hooks, infers_over_grpc), Count()
    before = [""]

    def edit(_: Call, reply: Any) -> None:
        own = reply.id
        if flow.loaded and count.up() % 100 == 0:
            reply.id = before[0]
        before[0] = own

    hooks.grpc.on("infer")(edit)


@fault("load-large-bodies-hold-others", OTHERS, text="a body above 32 kB holds everything up for 0.4 s")
def large_bodies(hooks: Hooks) -> None:
    async def wait(call: Call) -> None:
        if infers(call) and len(call.body) > 32 * 1024:
            time.sleep(0.4)

    hooks.before.append(wait)


@fault(
    "load-ready-while-loading",
    READY,
    "REPO-06",
    text="a model that was just loaded is ready at once, and fails for 2 s",
)
def ready_while_loading(hooks: Hooks) -> None:
    loaded: dict[str, float] = {}

    def gate(call: Call) -> Reply | None:
        if call.op == "load":
            loaded[call.model] = time.monotonic()
        starting = time.monotonic() - loaded.get(call.model, float("-inf")) < LOADING_SECONDS
        return error(500, "not started") if infers(call) and starting else None

    hooks.gates.append(gate)
