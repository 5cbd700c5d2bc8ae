"""Seeded faults that the checks of ``suites/load/test_steady.py`` find."""

from __future__ import annotations

from typing import Any

from harness.reference.faults.kit.common import Count, Trigger, by_turn, wrong_when
from harness.reference.faults.kit.load import (
    Flow,
    every_lost,
    every_slow,
    infers,
    infers_over_grpc,
    slower_after,
)
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply

STEADY = "advice:steady-over-time"
LEVEL = "advice:one-level"
HANG = "policy:no-hang"
LEAK = "policy:no-leak"
SAME = "policy:same-answer"


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


def _every_other_wrong(asks: Trigger) -> Install:
    def install(hooks: Hooks) -> None:
        turn = by_turn(asks, 2)
        wrong_when(lambda call, _: turn(call))(hooks)

    return install


fault("load-answers-vary-alone", SAME, text="every second answer is another one, with load or without", effect="load")(
    _every_other_wrong(infers)
)

fault(
    "load-grpc-answers-vary-alone",
    SAME,
    text="over gRPC: every second answer is another one, with load or without",
    transport="grpc",
    effect="load",
)(_every_other_wrong(infers_over_grpc))
