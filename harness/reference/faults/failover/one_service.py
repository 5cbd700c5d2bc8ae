"""Seeded faults that the checks of ``suites/failover/test_one_service.py`` find."""

from __future__ import annotations

import random
from typing import Any

from harness.reference.faults.kit.common import Trigger, by_connection, is_rest, wrong_when
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply

ONE, SAME = "advice:one-service", "policy:same-answer"
OLD = "1"


def _infers(call: Call) -> bool:
    return call.op == "infer"


def _older(hooks: Hooks, picks: Trigger) -> None:
    """Let the first version answer calls that name none, and that ``picks`` picks."""

    def gate(call: Call) -> None:
        if picks(call) and call.version is None and call.model:
            call.version = OLD

    hooks.gates.append(gate)


@fault(
    "failover-replica-of-another-version",
    ONE,
    text="one of three replicas, by connection, serves the version before, and says so",
    models=("pair",),
)
def another_version(hooks: Hooks) -> None:
    _older(hooks, by_connection(hooks))


@fault(
    "failover-version-by-chance",
    ONE,
    text="which version answers a request that names none is drawn each time",
    models=("pair",),
)
def version_by_chance(hooks: Hooks) -> None:
    draw = random.Random(15)  # noqa: S311 -- the same each time it is started
    _older(hooks, lambda call: _infers(call) and draw.random() < 0.5)


@fault(
    "failover-replica-with-stale-model",
    SAME,
    text="one of three replicas, by connection, answers with the model that it had before it was started again",
    effect="state",
)
def stale(hooks: Hooks) -> None:
    picks = by_connection(hooks, _infers)
    wrong_when(lambda call, _: picks(call))(hooks)


@fault(
    "failover-replica-with-another-digest",
    ONE,
    text="one of three replicas, by connection, has a model with another digest",
)
def another_digest(hooks: Hooks) -> None:
    picks = by_connection(hooks)

    def edit(call: Call, body: dict[str, Any]) -> None:
        if picks(call):
            body["properties"] = {**body["properties"], "provenance.model.digest": f"sha256:{'0' * 64}"}

    hooks.on("model-metadata")(edit)


@fault(
    "failover-replica-not-ready",
    ONE,
    text="one of three replicas, by connection, says that the model is not ready, and serves it",
)
def not_ready(hooks: Hooks) -> None:
    picks = by_connection(hooks, is_rest)

    def gate(call: Call) -> Reply | None:
        here = picks(call)
        return Reply(503, {"name": call.model, "ready": False}) if here and call.op == "model-ready" else None

    hooks.gates.append(gate)
