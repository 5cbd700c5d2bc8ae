"""Which of the criteria that a drill declares did not hold in one repetition, and what was seen instead."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import msgspec

from harness.drills.account import Account, Executions
from harness.drills.declared import Drill

Seen = Callable[[Account, Executions | None], float | None]

_OBSERVED: Mapping[str, Seen] = {
    "max_failed": lambda account, _: account.since.bad,
    "max_twice": lambda _, executions: None if executions is None else executions.twice,
    "max_outage_s": lambda account, _: account.outage_s,
    "max_recovery_s": lambda account, _: account.recovered_s,
    "latency_s": lambda account, _: account.worst_s,
}
"""What of an account each criterion bounds."""


def stated(drill: Drill) -> dict[str, float]:
    """The criteria that a drill declares, by their name in the policy."""
    given = msgspec.structs.asdict(drill)
    return {name: given[name] for name in _OBSERVED if given[name] is not None}


def observed(name: str, account: Account, executions: Executions | None) -> float | None:
    """What was seen of a criterion; None where nobody could see it."""
    return _OBSERVED[name](account, executions)


def broken(drill: Drill, account: Account, executions: Executions | None) -> list[str]:
    """The criteria of a drill that did not hold."""
    found = []
    for name, most in stated(drill).items():
        value = observed(name, account, executions)
        if value is not None and (math.isinf(value) or value > most):
            found.append(name)
    return found
