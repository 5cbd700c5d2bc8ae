"""Right although several replicas answer: alike in all that counts, and unlike in what does not."""

from __future__ import annotations

import asyncio

from harness.reference.faults.kit.common import by_connection
from harness.reference.faults.kit.repository import InService
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply
from harness.reference.replica import HEADER
from harness.reference.variants.registry import excuse, variant

SLOWER_SECONDS = 0.03
# Requests after which a connection ends, as balancers are told to so that new replicas get their share.
LAST = 40


@variant(
    "replicas-named",
    "three replicas, each named in a header of its answers, one of them slower than the others",
    excuses=excuse("One connection meets one replica, which may be the slower one: latency is undecided.", "rollout-*"),
)
def replicas_named(hooks: Hooks) -> None:
    odd = by_connection(hooks)

    def name(call: Call, reply: Reply) -> None:
        reply.headers[HEADER] = "odd" if odd(call) else "even"

    async def wait(call: Call) -> None:
        if odd(call):
            await asyncio.sleep(SLOWER_SECONDS)

    hooks.bodies.append(name)
    hooks.before.append(wait)


@variant("connections-end-announced", "a connection ends with its fortieth answer, which says so")
def connections_end(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.number_on_connection >= LAST:
            reply.headers["connection"] = "close"

    hooks.bodies.append(edit)


@variant(
    "version-in-service-changes",
    "version 1 answers until a load with the parameter default_version says otherwise",
    excuses=excuse("The artefact of method validation is of version 2.", "provenance-*artefact-served"),
)
def version_in_service_changes(hooks: Hooks) -> None:
    InService().install(hooks)
