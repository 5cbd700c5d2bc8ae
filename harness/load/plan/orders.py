"""What the launcher and locust's master say to each other, a line of JSON each.

Orders go to the master's standard input. Its answers come over a pipe whose descriptor :data:`TELL` names.
"""

from __future__ import annotations

import msgspec

TELL = "ART15_FLEET_TELL"
"""Environment variable: the descriptor on which the master answers its launcher."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Carry out the plan in this descriptor; records go to that folder."""

    plan: int
    directory: str


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    pass


class Ready(_Event, frozen=True, kw_only=True, tag="ready"):
    """All workers are there."""


class Beat(_Event, frozen=True, kw_only=True, tag="beat"):
    """So many requests of the run are over."""

    finished: int


class Done(_Event, frozen=True, kw_only=True, tag="done"):
    """The run with this prefix is over."""

    run: str


class Failed(_Event, frozen=True, kw_only=True, tag="failed"):
    """The master cannot go on; says why."""

    why: str


Event = Ready | Beat | Done | Failed
