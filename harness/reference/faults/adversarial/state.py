"""Seeded faults that the checks of ``suites/adversarial/test_state.py`` find."""

from __future__ import annotations

import time

from harness.reference.faults.kit.common import Count, on_refusals, wrong_when
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.protocol.request import InferRequest

SAME = "policy:same-answer"
PAUSE_SECONDS = 1.5
CRASH = "policy:no-crash"
READY_OPS = ("ready", "model-ready")


@fault(
    "answers-drift-with-use", SAME, text="after 60 inferences the process answers otherwise, for good", effect="state"
)
def answers_drift_with_use(hooks: Hooks) -> None:
    count = Count()
    wrong_when(lambda _, __: count.up() > 60)(hooks)


@fault("wrong-after-a-pause", SAME, text="the first inference after 1.5 s without any has wrong values", effect="state")
def wrong_after_a_pause(hooks: Hooks) -> None:
    last = {"at": time.monotonic()}

    def condition(_: Call, __: InferRequest) -> bool:
        before, last["at"] = last["at"], time.monotonic()
        return last["at"] - before > PAUSE_SECONDS

    wrong_when(condition)(hooks)


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
