"""What adds up or breaks for good: wear, leaks, and a service that no longer infers."""

from __future__ import annotations

import asyncio

from harness.reference.faults.adversarial import Count, on_refusals, wrong_when
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error

SAME, CRASH = "policy:same-answer", "policy:no-crash"
READY_OPS = ("ready", "model-ready")
# What each refusal makes later answers slower by; and the most that it becomes.
SECONDS_PER_REFUSAL, MOST_SECONDS = 0.0005, 4.0


@fault(
    "wrong-after-50-errors",
    SAME,
    "REST-ERR-06",
    text="after 50 refused inferences, values are wrong for good",
    effect="wear",
)
def wrong_after_50_errors(hooks: Hooks) -> None:
    count = Count()
    on_refusals(lambda _, __: count.up())(hooks)
    wrong_when(lambda _, __: count.value >= 50)(hooks)


@fault(
    "worn-out-after-300-requests", CRASH, text="after 300 requests nothing infers, and nothing is ready", effect="wear"
)
def worn_out(hooks: Hooks) -> None:
    count = Count()

    def gate(call: Call) -> Reply | None:
        worn = count.up() > 300 and call.op in ("infer", *READY_OPS)
        return error(503, "the service is restarting") if worn else None

    hooks.gates.append(gate)


@fault(
    "ready-though-broken",
    "policy:ready-infers",
    "REST-ERR-06",
    text="after ten refusals every inference is a 500, and ready says true",
    effect="wear",
)
def ready_though_broken(hooks: Hooks) -> None:
    count = Count()
    on_refusals(lambda _, __: count.up())(hooks)
    hooks.gates.append(
        lambda call: error(500, "the worker is gone") if call.op == "infer" and count.value >= 10 else None
    )


@fault(
    "broken-by-large-body",
    "policy:ready-infers",
    text="after a body above 64 KiB every inference hangs, and ready says true",
    models=("pair",),
    effect="wear",
)
def broken_by_large_body(hooks: Hooks) -> None:
    large: list[bool] = []

    async def wait(call: Call) -> None:
        if call.op == "infer" and large:
            await asyncio.sleep(20)
        if len(call.body) > 65536:
            large.append(True)

    hooks.before.append(wait)


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
