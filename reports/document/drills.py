"""What the record of a drill says beside what it must say: its criteria, its counts, and its accounts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from harness.bundle.drills import AccountSeen, ExecutionsSeen, RepetitionSeen

CARRIED_OUT, FAULT_FAILED, INVALID = "carried out", "fault failed", "invalid"
"""Endings of repetitions, as the journal has them."""

_SEEN: Mapping[str, Callable[[AccountSeen, ExecutionsSeen | None], float | None]] = {
    "max_failed": lambda account, _: account.since.bad,
    "max_twice": lambda _, executions: executions.twice if executions else None,
    "max_outage_s": lambda account, _: math.inf if account.outage_s is None else account.outage_s,
    "max_recovery_s": lambda account, _: account.recovered_s,
    "latency_s": lambda account, _: account.worst_s,
}
KNOWN = frozenset(_SEEN)
"""Criteria that can be read from an account; a later version may state others."""


def seen_of(name: str, seen: RepetitionSeen) -> float | None:
    """What a repetition showed of a criterion; None where nobody could see it."""
    look = _SEEN.get(name)
    return None if look is None or seen.account is None else look(seen.account, seen.executions)
