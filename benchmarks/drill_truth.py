"""When a service was away and well again, by its own log of executions: what a drill says of it is held against this.

Nothing of the client's own times goes in, but when each request was due, which is the plan, and how long the client is
patient. The log has the monotonic clock of the machine, and the load begins at an unknown moment of it: the request
that was executed soonest after it was due tells that moment, later than it is by what that one took.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

NANO = 1e-9
PREFIX = 8


@dataclass(frozen=True, slots=True)
class LogTruth:
    """Seconds, by the log.

    Attributes:
        outage: longest time without an execution, from the fault to the last one.
        recovered: from the fault to when the fate of the last request that went wrong was decided; 0 without one.
    """

    outage: float
    recovered: float


def executed_at(log: Iterable[bytes], run: str) -> dict[int, float]:
    """When each request of a run was executed first, by its index, in seconds of the machine's clock."""
    found: dict[int, float] = {}
    for line in log:
        row = json.loads(line)
        identity = str(row["id"])
        if identity.startswith(run):
            found.setdefault(int(identity[PREFIX:], 16), row["at"] * NANO)
    return found


def truth_of(
    executed: Mapping[int, float], drill: Mapping[str, Any], seen: Mapping[str, Any], waits_s: float
) -> LogTruth:
    """The times of one repetition by the log.

    Args:
        executed: of :func:`executed_at`.
        drill, seen: the record of the drill and of the repetition: rate, patience, how many were sent, when the fault
            was caused and taken back.
        waits_s: how long the balancer lets a request wait that nobody executes, at most until the fault is undone.
    """
    rate, patience, slow = float(drill["rate"]), float(drill["timeout_s"]), float(drill["slow_s"])
    sent = sum(seen["account"][phase]["sent"] for phase in ("before", "during", "after"))
    begin = min(at - index / rate for index, at in executed.items())
    fault, undone = seen["injected"]["began_s"], seen["reverted"]["ended_s"]
    decided = [0.0]
    for index in range(sent):
        due, at = index / rate, executed.get(index)
        done = due + min(waits_s, patience, max(0.0, undone - due)) if at is None else min(at - begin, due + patience)
        if (at is None or done - due > slow) and done > fault:
            decided.append(done - fault)
    times = sorted(at - begin for at in executed.values() if at - begin > fault)
    return LogTruth(max(later - one for one, later in zip([fault, *times], times, strict=False)), max(decided))
