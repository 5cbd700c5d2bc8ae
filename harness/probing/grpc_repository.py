"""The model repository over gRPC, in the layout of Triton and MLServer (``model_name`` is field 2).

KServe has methods of the same names with ``model_name`` in field 1, but no RepositoryIndex. So load and unload are only
ever sent to a server that has an index.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from harness.probing.probe import Probe
from harness.probing.replies import refused
from harness.record.exchange import Exchange
from harness.waiting import wait

EXTENSION = "model_repository"
# Loading may take its time, unloading may end after the answer, and readiness may follow a moment later.
LOAD_SECONDS = 60.0
UNLOAD_SECONDS = 30.0
FOLLOW_SECONDS = 5.0
PAUSE_SECONDS = 0.25
# What a server says that does not let clients load and unload at all; anything else is about the request.
NOT_ALLOWED = frozenset({
    "UNAVAILABLE", "UNIMPLEMENTED", "PERMISSION_DENIED", "UNAUTHENTICATED", "FAILED_PRECONDITION",
})  # fmt: skip


def listed(probe: Probe) -> bool:
    """Whether server metadata over gRPC lists the extension."""
    exchange = probe.grpc.server_metadata()
    return exchange.ok and EXTENSION in probe.message("ServerMetadata", exchange).extensions


def index(probe: Probe) -> Exchange:
    """RepositoryIndex of everything."""
    return probe.grpc.call("RepositoryIndex")


def states(probe: Probe, exchange: Exchange) -> list[str]:
    """The states of the model under test in an index that was OK, one for each of its versions."""
    rows = probe.message("RepositoryIndex", exchange).models
    return [row.state for row in rows if row.name == probe.model.name]


def control(probe: Probe, method: str, name: str) -> Exchange:
    """RepositoryModelLoad or RepositoryModelUnload."""
    from harness.wire.protobuf import message  # noqa: PLC0415 -- needs the extra grpc

    request: Any = message(method, "Request")
    request.model_name = name
    return probe.grpc.call(method, request)


def is_ready(probe: Probe) -> bool:
    """Whether ModelReady is OK and true for the model under test."""
    exchange = probe.grpc.model_ready(probe.model.name, probe.model.version)
    return exchange.ok and bool(probe.message("ModelReady", exchange).ready)


def settled(probe: Probe, condition: Callable[[], bool], seconds: float) -> bool:
    """Poll until the condition is true, or the time for it is over."""
    end = time.monotonic() + min(seconds, probe.grpc.budget.seconds_left / 4)
    while not condition():
        if time.monotonic() > end:
            return False
        wait(PAUSE_SECONDS)
    return True


@dataclass(slots=True)
class Cycle:
    """One model unloaded and loaded again.

    Attributes:
        unload: the answer to unload.
        load: answers to load, the first being the one that counts.
        ready: whether the model says in the end that it is ready.
    """

    unload: Exchange
    load: list[Exchange] = field(default_factory=list)
    ready: bool = False


@contextmanager
def unloaded(probe: Probe) -> Iterator[Cycle]:
    """Unload the model, and load it again whatever happens inside."""
    cycle = Cycle(control(probe, "RepositoryModelUnload", probe.model.name))
    try:
        yield cycle
    finally:
        for _ in range(3):
            # A server that lets nobody unload has nothing to load again.
            if refused(cycle.unload) and is_ready(probe):
                cycle.ready = True
                break
            cycle.load.append(control(probe, "RepositoryModelLoad", probe.model.name))
            patience = LOAD_SECONDS if cycle.load[-1].ok else FOLLOW_SECONDS
            cycle.ready = settled(probe, lambda: is_ready(probe), patience)
            if cycle.ready:
                break
        if not cycle.ready:
            probe.observe(f"model {probe.model.name!r} could not be loaded again: load it by hand")
