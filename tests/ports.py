"""Ports of loopback that tests leave and take again."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from harness.cluster.places import places


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on, all different; no outgoing connection gets one of them while its server is away."""
    return [each.port for each in places([""] * count)]


def free_port() -> int:
    """One of them."""
    return free_ports(1)[0]


@contextmanager
def held_port() -> Iterator[int]:
    """A port at which connections are refused until the test listens there, with SO_REUSEADDR.

    It is bound meanwhile: one that is only looked for and let go is given to whoever asks next, as a port to listen at
    or as that of an outgoing connection.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
