"""One ``[[drills]]`` table of the policy: what is caused, under which load, and what must hold meanwhile."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from harness.drills.kinds import (
    ChaosFault,
    FaultTable,
    KillFault,
    RestartFault,
    SlowStartFault,
    StopFault,
)
from harness.drills.proxy_kinds import ErrorsFault, HalfOpenFault, RefuseFault
from harness.drills.tables import Patience

Times = Annotated[int, msgspec.Meta(ge=1, le=1000)]
AtMost = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
LEAST_BASELINE_S = 2.0
LOSSES = (KillFault, StopFault, RestartFault, SlowStartFault, RefuseFault, HalfOpenFault)
"""Faults that take a replica away: what a declared failover is about."""
RECOVERIES = 3
"""How many times the declared recovery is looked at afterwards: less could not tell recovery from luck."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class Rollout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[drills.rollout]``: the fault rolls a version out, and its revert rolls it back.

    Attributes:
        old, new: the version in service, and the one that is rolled out (``from`` and ``to``).
        window_s: seconds after the change, and after the rollback, in which either may answer.
        rollback: whether the revert brings the old version back; otherwise the new one stays.
    """

    old: str = msgspec.field(name="from")
    new: str = msgspec.field(name="to")
    window_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 2.0
    rollback: bool = True

    def __post_init__(self) -> None:
        if self.old == self.new:
            raise ValueError(f"rollout: from and to are both {self.old!r}")


class Drill(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A drill: baseline, fault, hold, revert, and steady again.

    Attributes:
        name: its name in the report, unique in the policy.
        fault: what is caused (:mod:`harness.drills.kinds`).
        model: the model that is asked; by default the one under test.
        transport: over which it is asked.
        rate: requests a second, open loop, evenly spaced.
        baseline_s, hold_s, after_s: seconds before the fault, with it, and after its revert.
        timeout_s: seconds after which a client gives a request up.
        repeat: times.
        max_failed, max_twice: most requests that fail, and that are executed twice.
        max_outage_s: longest time in which no request succeeds.
        max_recovery_s: from the fault to the end of the last request that failed or was slow.
        latency_s: within which requests are answered while the fault is held.
        rollout: what is rolled out, where the fault is that.
        executions: a file of ids, one a line, or an ``http://`` address that gives one, where the service writes what
            it executed. Without it, what was executed twice can be observed of the embedded cluster alone.
        folder: in which commands run and from which paths lead, relative to the policy's own.

    Without a criterion, what is seen is recorded and held against nobody.
    """

    name: str
    fault: FaultTable
    model: str | None = None
    transport: Literal["rest", "grpc"] = "rest"
    rate: Annotated[float, msgspec.Meta(ge=1, le=100_000)] = 200.0
    baseline_s: Annotated[float, msgspec.Meta(ge=LEAST_BASELINE_S, le=3600)] = LEAST_BASELINE_S
    hold_s: Patience = 4.0
    after_s: Patience = 6.0
    timeout_s: Patience = 3.0
    repeat: Times = 1
    max_failed: AtMost | None = None
    max_twice: AtMost | None = None
    max_outage_s: Patience | None = None
    max_recovery_s: Patience | None = None
    latency_s: Patience | None = None
    rollout: Rollout | None = None
    executions: str = ""
    folder: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"name = {self.name!r} is not of small letters, digits, '.', '_' and '-' (64 at most)")
        if self.max_recovery_s is not None and self.after_s < RECOVERIES * self.max_recovery_s:
            raise ValueError(
                f"{self.name}: after_s = {self.after_s:g} is less than {RECOVERIES} times max_recovery_s: "
                f"write {RECOVERIES * self.max_recovery_s:g} or more"
            )
        if self.rollout is not None and min(self.hold_s, self.after_s) <= self.rollout.window_s:
            raise ValueError(f"{self.name}: hold_s and after_s are longer than window_s, or no answer is due")
        if self.transport == "grpc" and isinstance(self.fault, ErrorsFault):
            raise ValueError(f"{self.name}: errors are of HTTP/1.1; over gRPC there are none to send")


def rooted(drills: Sequence[Drill], policy: Path) -> list[Drill]:
    """The drills, with the folder of each as it is seen from the working directory.

    Raises:
        ValueError: two of one name, or a file that a drill needs is not there; says which.
    """
    found: list[Drill] = []
    for drill in drills:
        if any(other.name == drill.name for other in found):
            raise ValueError(f"two drills are called {drill.name!r}")
        folder = policy.parent / drill.folder
        if not folder.is_dir():
            raise ValueError(f"drill {drill.name!r}: folder = {drill.folder!r} is not there, seen from the policy's")
        if isinstance(drill.fault, ChaosFault) and not (folder / drill.fault.experiment).is_file():
            raise ValueError(
                f"drill {drill.name!r}: experiment = {drill.fault.experiment!r} is no file, seen from {folder}"
            )
        found.append(msgspec.structs.replace(drill, folder=str(folder)))
    return found


def failing_over(drills: Sequence[Drill], within_s: float | None) -> list[Drill]:
    """The drills, where those that take a replica away and state no ``max_recovery_s`` have that of the service.

    Args:
        within_s: seconds that the service declares; None where it declares none.
    """
    return [
        msgspec.structs.replace(drill, max_recovery_s=within_s, after_s=max(drill.after_s, RECOVERIES * within_s))
        if within_s is not None and drill.max_recovery_s is None and isinstance(drill.fault, LOSSES)
        else drill
        for drill in drills
    ]


def refuse_uncounted(drills: Sequence[Drill]) -> None:
    """Refuse a bound of what nobody counts, where the service under test is not the embedded cluster.

    Raises:
        ValueError: a drill bounds what is executed twice, and does not say where that can be read; says which.
    """
    for drill in drills:
        if drill.max_twice is not None and not drill.executions:
            raise ValueError(f"{drill.name}: max_twice needs executions, where it can be read what was executed")
