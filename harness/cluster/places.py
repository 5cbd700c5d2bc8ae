"""Where replicas and balancers listen: ports that stay theirs over a restart."""

from __future__ import annotations

import contextlib
import random
import socket
from dataclasses import dataclass

# Below the ports that systems give to outgoing connections: of those, one could be taken while a replica is away.
LOWEST, HIGHEST = 12_000, 31_999
TRIES = 1000


class NoPort(Exception):
    """No free port was found."""


@dataclass(frozen=True, slots=True)
class LoopbackPlace:
    """Where one process listens on loopback.

    Attributes:
        name: of the replica, or of the balancer.
    """

    name: str
    port: int
    grpc_port: int

    @property
    def url(self) -> str:
        """Base URL of its REST side."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def grpc(self) -> str:
        """Address of its gRPC side."""
        return f"127.0.0.1:{self.grpc_port}"


def places(names: list[str]) -> list[LoopbackPlace]:
    """A place for each name.

    Raises:
        NoPort: there are not enough free ports.
    """
    ports = _free(2 * len(names))
    return [LoopbackPlace(name, ports[2 * number], ports[2 * number + 1]) for number, name in enumerate(names)]


def _free(count: int) -> list[int]:
    """Ports that nobody listens on, held until all are found, so that they differ."""
    found: list[int] = []
    with contextlib.ExitStack() as held:
        for _ in range(TRIES):
            if len(found) == count:
                return found
            taking = held.enter_context(socket.socket())
            # Connections of a process that has ended may still stand for a minute.
            taking.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Not of the seed of a run: two runs at a time must not begin with the same port.
            port = random.SystemRandom().randint(LOWEST, HIGHEST)
            with contextlib.suppress(OSError):
                taking.bind(("127.0.0.1", port))
                found.append(port)
    if len(found) == count:
        return found
    raise NoPort(f"no {count} free ports between {LOWEST} and {HIGHEST}")
