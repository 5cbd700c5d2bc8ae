"""Helpers for faults of replicas: one process that answers as several would, by connection or by turn."""

from __future__ import annotations

from harness.reference.faults.kit.common import Count, Trigger
from harness.reference.hooks import Hooks
from harness.reference.messages import Call

REPLICAS, ODD = 3, 1


def by_connection(hooks: Hooks, asks: Trigger = lambda _: True) -> Trigger:
    """Calls that ``asks`` picks, at the one of three replicas that is not as the others are.

    Each new connection leads to the next replica, unless this process is one of them (``--replica-number``).
    """
    given: dict[object, int] = {}

    def picks(call: Call) -> bool:
        own = given.setdefault(call.connection, len(given) % REPLICAS)
        return (own if hooks.settings.replica is None else hooks.settings.replica) == ODD and asks(call)

    return picks


def by_turn(asks: Trigger, every: int) -> Trigger:
    """Every so manyth of the calls that ``asks`` picks."""
    count = Count()
    return lambda call: asks(call) and count.up() % every == 0


def infers(call: Call) -> bool:
    """Whether it is an inference, over either transport."""
    return call.op == "infer"
