"""Connections of one engine, and the requests that wait for one.

Nothing is ever skipped: a request that waits for a connection has its clock running from the intended time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import gevent

from harness.load.engine.connection import clock
from harness.load.plan.schedule import NANOSECONDS
from harness.load.records.rows import ABSENT, Flag, Status

if TYPE_CHECKING:
    from harness.load.engine.contracts import EngineContext, PooledConnection

AT_ONCE = 64
"""Requests sent before the loop may look at answers again."""
_PRECONNECT_S = 2.0
Job = tuple[int, int, int, int, int]


class ConnectionPool:
    """Opens connections up to the cap, and gives each request the one that was free last.

    Attributes:
        opened, open, peak_open, peak_queue, cap_hits: counts.
    """

    def __init__(self, engine: EngineContext, make: Callable[[EngineContext, int], PooledConnection], cap: int) -> None:
        self._engine, self._make, self._cap = engine, make, cap
        self.opened = self.open = self.peak_open = self.peak_queue = self.cap_hits = 0
        # Free, or may be; the last one goes first.
        self._idle: list[PooledConnection] = []
        self._connections: set[PooledConnection] = set()
        self._queue: deque[Job] = deque()
        self._opening: deque[PooledConnection] = deque()

    def open_ahead(self, number: int) -> None:
        """Open so many and wait a while until they stand."""
        for _ in range(min(self._cap, number)):
            self._open()
        deadline = clock() + round(_PRECONNECT_S * NANOSECONDS)
        while any(not connection.ready and connection.alive for connection in self._opening) and clock() < deadline:
            gevent.sleep(0.005)

    def dispatch(self, index: int, intended: int, taken: int, case: int, flags: int) -> None:
        """Send a request now, over a new connection, or when one is free."""
        idle = self._idle
        while idle:
            connection = idle.pop()
            connection.listed = False
            if not connection.alive:
                continue
            connection.fire(index, intended, taken, case, flags, taken if not flags else clock())
            if connection.room():
                connection.listed = True
                idle.append(connection)
            return
        if self.open < self._cap:
            self._open().hold(index, intended, taken, case, flags | Flag.NEW_CONNECTION)
            return
        if not flags & Flag.QUEUED:
            self.cap_hits += 1
        self._queue.append((index, intended, taken, case, flags | Flag.QUEUED))
        self.peak_queue = max(self.peak_queue, len(self._queue))

    def wait(self, job: Job) -> None:
        """Send a request with the next connection that is free; for callers in the midst of freeing or closing one."""
        self._queue.append(job)
        if self._idle:
            self.dispatch(*self._queue.popleft())

    def freed(self, connection: PooledConnection) -> None:
        """The connection has room: what waits goes first."""
        queue = self._queue
        while queue and connection.room():
            connection.fire(*queue.popleft(), clock())
        if connection.room() and not connection.listed:
            connection.listed = True
            self._idle.append(connection)

    def leave(self, connection: PooledConnection) -> None:
        """The connection takes no more requests, and ends after those that are under way."""
        if connection.listed:
            connection.listed = False
            self._idle.remove(connection)

    def closed(self, connection: PooledConnection) -> None:
        """A connection is gone."""
        self.open -= 1
        self._connections.discard(connection)
        if connection.listed and len(self._idle) > 4 * self._cap + AT_ONCE:
            self._idle = [each for each in self._idle if each.alive]

    def pump(self) -> None:
        """A connection is gone and its place free: let what waits have a new one."""
        while self._queue and self.open < self._cap:
            self.dispatch(*self._queue.popleft())

    def reap(self, limit: int, now: int) -> None:
        """Give up what began to open, or to wait, before ``limit``."""
        while self._opening and (self._opening[0].ready or not self._opening[0].alive):
            self._opening.popleft()
        while self._opening and self._opening[0].since <= limit:
            connection = self._opening.popleft()
            if not connection.ready:
                connection.end(Status.TIMEOUT, now)
        while self._queue and self._queue[0][2] <= limit:
            index, intended, taken, case, flags = self._queue.popleft()
            row = (index, intended, taken, ABSENT, ABSENT, now)
            self._engine.completion.failed(row, 0, 0, 0, case, Status.NEVER_SENT, flags)

    def close(self) -> None:
        """Close every connection."""
        for connection in list(self._connections):
            connection.close()

    def _open(self) -> PooledConnection:
        self.open += 1
        self.opened += 1
        self.peak_open = max(self.peak_open, self.open)
        connection = self._make(self._engine, self.opened)
        self._opening.append(connection)
        self._connections.add(connection)
        return connection
