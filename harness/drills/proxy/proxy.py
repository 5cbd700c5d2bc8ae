"""The proxy itself: it listens, knows its connections and the fault that is in force."""

from __future__ import annotations

import asyncio
import random
import time

from harness.drills.kinds import NoFault
from harness.drills.proxy.passage import READ_BYTES, Passage
from harness.drills.proxy_kinds import ProxyFault, RefuseFault, ResetFault

MOST_CONNECTIONS = 4096
_BACKLOG = 1024
_SEED = 15


class Proxy:
    """Passes connections on to one replica.

    Attributes:
        fault, changed, chance: see :class:`harness.drills.proxy.passage.Rule`.
        port: at which it listens.
        connections: open ones.
        taken: connections since it was started.
    """

    def __init__(self, host: str, port: int, to_host: str, to_port: int) -> None:
        self.fault: NoFault | ProxyFault = NoFault()
        self.changed = asyncio.Event()
        self.chance = random.Random(_SEED)  # noqa: S311 -- it draws delays
        self.port = port
        self.connections: set[Passage] = set()
        self.taken = 0
        self._host = host
        self._to = (to_host, to_port)
        self._server: asyncio.Server | None = None
        self._since = time.monotonic()
        self._seen = 0
        self._touched: set[int] = set()
        self._times = 0

    async def listen(self) -> None:
        """Begin to listen.

        Raises:
            OSError: the address cannot be had.
        """
        self._server = await asyncio.start_server(
            self._serve, self._host, self.port, limit=READ_BYTES, backlog=_BACKLOG
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def put(self, fault: NoFault | ProxyFault) -> None:
        """From here on this is what it does.

        Raises:
            OSError: it cannot listen again.
        """
        before, self.changed = self.changed, asyncio.Event()
        self.fault, self._since = fault, time.monotonic()
        self.chance, self._seen, self._touched, self._times = random.Random(_SEED), 0, set(), 0  # noqa: S311
        before.set()
        if isinstance(fault, RefuseFault) and self._server is not None:
            self._server.close()
            self._server = None
        elif self._server is None and not isinstance(fault, RefuseFault):
            await self.listen()
        for connection in tuple(self.connections):
            self._touch(connection)
            if connection.touched and isinstance(fault, RefuseFault | ResetFault):
                self.counted(connection)
                connection.reset()

    def since(self) -> float:
        """Seconds since the fault began."""
        return time.monotonic() - self._since

    def counted(self, connection: Passage) -> None:
        """The fault has met something of this connection."""
        self._touched.add(id(connection))
        self._times += 1

    def told(self) -> dict[str, object]:
        """What it is doing, for whoever controls it."""
        return {
            "port": self.port, "fault": type(self.fault).__struct_config__.tag, "open": len(self.connections),
            "taken": self.taken, "touched": len(self._touched), "times": self._times,
        }  # fmt: skip

    def _touch(self, connection: Passage) -> None:
        """Choose evenly: of a share of a third, every third one."""
        share = 0.0 if isinstance(self.fault, NoFault) else self.fault.share
        self._seen += 1
        connection.touched = int(self._seen * share + 1e-9) > int((self._seen - 1) * share + 1e-9)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self.connections) >= MOST_CONNECTIONS:
            writer.transport.abort()
            return
        self.taken += 1
        connection = Passage(self, reader, writer)
        self._touch(connection)
        self.connections.add(connection)
        try:
            await connection.serve(*self._to)
        finally:
            self.connections.discard(connection)
