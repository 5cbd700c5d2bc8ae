"""Seeded faults that the checks of ``suites/failover/test_drills.py`` find while a version is rolled out."""

from __future__ import annotations

import time
from typing import Any

from harness.reference.faults.kit.common import Count
from harness.reference.faults.kit.repository import InService
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error

FAILOVER, SAME = "policy:failover", "policy:same-answer"
MODELS = ("digits", "matrix")
# One answer in so many, and seconds without any.
EVERY, DOWN_SECONDS = 4, 0.5


class _ByChance(InService):
    """Every fourth answer is that of the version before."""

    def __init__(self) -> None:
        super().__init__()
        self.count = Count()

    def answering(self) -> str:
        """The version that answers now."""
        return self.before if self.count.up() % EVERY == 0 else self.version


@fault(
    "failover-rollout-leaves-old-version",
    FAILOVER,
    text="once a version is rolled out, every fourth answer is still that of the version before",
    models=MODELS,
    effect="state",
)
def leaves_old_version(hooks: Hooks) -> None:
    _ByChance().install(hooks)


@fault(
    "failover-rollout-names-other-version",
    SAME,
    text="once a version is rolled out, its answers name the version before",
    models=MODELS,
    effect="state",
)
def names_other_version(hooks: Hooks) -> None:
    service = InService()
    service.install(hooks)

    def edit(call: Call, body: dict[str, Any]) -> None:
        if service.version != service.before and call.version == service.version:
            body["model_version"] = service.before

    hooks.on("infer")(edit)


@fault(
    "failover-rollback-keeps-new-version",
    FAILOVER,
    text="a rollback is answered well, and the new version goes on answering",
    models=MODELS,
    effect="state",
)
def keeps_new_version(hooks: Hooks) -> None:
    InService(stays=True).install(hooks)


@fault(
    "failover-rollout-loses-requests",
    FAILOVER,
    text="for half a second after a version was changed, inferences are a 503",
    models=MODELS,
    effect="state",
)
def loses_requests(hooks: Hooks) -> None:
    service = InService()
    service.install(hooks)

    def gate(call: Call) -> Reply | None:
        down = call.op == "infer" and time.monotonic() < service.changed + DOWN_SECONDS
        return error(503, "no version is loaded") if down else None

    hooks.gates.append(gate)
