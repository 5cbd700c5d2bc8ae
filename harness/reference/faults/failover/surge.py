"""Seeded faults that the checks of ``suites/failover/test_surge.py`` find."""

from __future__ import annotations

import time

from harness.reference.faults.kit.common import Count
from harness.reference.faults.kit.load import Crowd, infers
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error

CRASH, RECOVERS, HOLDS = "policy:no-crash", "advice:recovers", "advice:retry-after-holds"
# Clients on a slow machine do not get more to work at once.
MOST = 8
SHARE = 3
NAMED_SECONDS, SHUT_SECONDS = 1, 6.0


class _Overrun:
    """Whether more inferences than that were at work at once, and since when."""

    def __init__(self, hooks: Hooks) -> None:
        self._crowd = Crowd(hooks)
        self.since: float | None = None

    def is_over(self, call: Call) -> bool:
        """Whether an inference comes after, or makes the crowd too large."""
        if infers(call) and self.since is None and self._crowd.size > MOST:
            self.since = time.monotonic()
        return infers(call) and self.since is not None


@fault(
    "failover-never-recovers",
    CRASH,
    text="once more than 8 inferences were at work, each one is refused with 503 for ever",
    effect="concurrency",
)
def never_recovers(hooks: Hooks) -> None:
    overrun = _Overrun(hooks)
    hooks.gates.append(lambda call: error(503, "too many requests at work") if overrun.is_over(call) else None)


@fault(
    "failover-some-never-recover",
    RECOVERS,
    text="once more than 8 inferences were at work, one worker of three fails for ever",
    effect="concurrency",
)
def some_never_recover(hooks: Hooks) -> None:
    overrun, count = _Overrun(hooks), Count()

    def gate(call: Call) -> Reply | None:
        return error(500, "the worker is gone") if overrun.is_over(call) and count.up() % SHARE == 0 else None

    hooks.gates.append(gate)


@fault(
    "failover-retry-after-untrue",
    HOLDS,
    text="once more than 8 inferences were at work, each is told to come again in a second, and refused for six",
    effect="concurrency",
)
def retry_after_untrue(hooks: Hooks) -> None:
    overrun = _Overrun(hooks)

    def gate(call: Call) -> Reply | None:
        if not overrun.is_over(call) or time.monotonic() > (overrun.since or 0) + SHUT_SECONDS:
            return None
        return error(429, "too many requests", Retry_After=str(NAMED_SECONDS))

    hooks.gates.append(gate)
