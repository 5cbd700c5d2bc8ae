"""What only goes wrong under load: cliffs, creeping, lost and wrong answers, and what happens beyond capacity."""

from __future__ import annotations

import time
from typing import Any

from harness.reference.faults.adversarial import Count
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
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error

SAME, LEAK, HANG, CRASH = "policy:same-answer", "policy:no-leak", "policy:no-hang", "policy:no-crash"
READY, SHEDS, KEEPS, STEADY, OTHERS, LEVEL = (
    "policy:ready-infers", "advice:sheds-cleanly", "advice:keeps-throughput", "advice:steady-over-time",
    "advice:serves-others", "advice:one-level",
)  # fmt: skip
RECOVERS = "advice:recovers"
LOADING_SECONDS = 2.0

fault(
    "load-cliff-above-16-at-once",
    KEEPS,
    text="with more than 16 inferences at work each takes 0.6 s longer",
    effect="load",
)(slower_above(16, 0.6, infers))
fault(
    "load-grpc-cliff-above-16-at-once",
    KEEPS,
    text="over gRPC: with more than 16 inferences at work each takes 0.6 s longer",
    transport="grpc",
    effect="load",
)(slower_above(16, 0.6, infers_over_grpc))
fault("load-slower-after-300", STEADY, text="after 300 inferences each takes 25 ms longer", effect="load")(
    slower_after(300, 0.025, infers)
)
fault(
    "load-grpc-slower-after-300",
    STEADY,
    text="over gRPC: after 300 inferences each takes 25 ms longer",
    transport="grpc",
    effect="load",
)(slower_after(300, 0.025, infers_over_grpc))
fault(
    "load-one-replica-slow",
    LEVEL,
    text="every third inference takes 60 ms longer, as if one replica in three did",
    effect="load",
)(every_slow(3, 0.06, infers))
fault(
    "load-grpc-one-replica-slow",
    LEVEL,
    text="over gRPC: every third inference takes 60 ms longer, as if one replica in three did",
    transport="grpc",
    effect="load",
)(every_slow(3, 0.06, infers_over_grpc))
fault("load-one-wrong-in-200", SAME, text="under load, every 200th answer has other values", effect="load")(
    every_wrong(200, infers)
)
fault(
    "load-grpc-one-wrong-in-200",
    SAME,
    text="over gRPC: under load, every 200th answer has other values",
    transport="grpc",
    effect="load",
)(every_wrong(200, infers_over_grpc))
fault("load-loses-requests", HANG, text="under load, every 150th inference is never answered", effect="load")(
    every_lost(150, infers)
)
fault(
    "load-grpc-loses-requests",
    HANG,
    text="over gRPC: under load, every 150th inference is never answered",
    transport="grpc",
    effect="load",
)(every_lost(150, infers_over_grpc))
fault(
    "load-errors-when-busy", SHEDS, text="with more than 20 inferences at work it answers 500 (INTERNAL)", effect="load"
)(refuses_above(20, 500, infers))
fault(
    "load-grpc-errors-when-busy",
    SHEDS,
    text="over gRPC: with more than 20 inferences at work it answers 500 (INTERNAL)",
    transport="grpc",
    effect="load",
)(refuses_above(20, 500, infers_over_grpc))
fault(
    "load-stuck-after-overload",
    CRASH,
    READY,
    RECOVERS,
    text="once more than 24 inferences were at work, none is answered for 45 s",
    effect="load",
)(stuck_above(24, 45.0, infers))
fault(
    "load-grpc-stuck-after-overload",
    CRASH,
    READY,
    RECOVERS,
    text="over gRPC: once more than 24 inferences were at work, none is answered for 45 s",
    transport="grpc",
    effect="load",
)(stuck_above(24, 45.0, infers_over_grpc))

fault(
    "load-sheds-without-advice",
    SHEDS,
    text="with more than 20 inferences at work it answers 503 without more",
    effect="load",
)(refuses_above(20, 503, infers))
fault(
    "load-ready-while-stuck",
    READY,
    text="once more than 24 inferences were at work, none is answered for 6 s, but it calls itself ready",
    effect="load",
)(stuck_above(24, 6.0, infers))


@fault("load-swaps-ids", LEAK, text="under load, every 100th answer has the id of the request before", effect="load")
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


@fault(
    "load-grpc-swaps-ids",
    LEAK,
    text="under load over gRPC, every 100th answer has the id of the request before",
    transport="grpc",
    effect="load",
)
def grpc_swaps_ids(hooks: Hooks) -> None:
    flow, count = Flow(hooks, infers_over_grpc), Count()
    before = [""]

    def edit(_: Call, reply: Any) -> None:
        own = reply.id
        if flow.loaded and count.up() % 100 == 0:
            reply.id = before[0]
        before[0] = own

    hooks.grpc.on("infer")(edit)


@fault("load-large-bodies-hold-others", OTHERS, text="a body above 32 kB holds everything up for 0.4 s", effect="load")
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
    effect="load",
)
def ready_while_loading(hooks: Hooks) -> None:
    loaded: dict[str, float] = {}

    def gate(call: Call) -> Reply | None:
        if call.op == "load":
            loaded[call.model] = time.monotonic()
        starting = time.monotonic() - loaded.get(call.model, float("-inf")) < LOADING_SECONDS
        return error(500, "not started") if infers(call) and starting else None

    hooks.gates.append(gate)
