"""What connections, pool and checks use of each other: the types that keep this room free of import circles.

The engine itself is the :class:`EngineContext`: a value between it and its connections would cost a look-up a request.
"""

from __future__ import annotations

import ssl
from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol

from harness.load.engine.tester_errors import TesterErrors
from harness.load.plan.load_plan import LoadPlan
from harness.load.records.rows import Status

Head = tuple[int, int, int]
"""Of an HTTP/1.1 answer: code, length of the body, flags (:func:`harness.load.engine.http1.read_head`)."""
Row = tuple[int, ...]
"""A record without status and flags, in the order of :data:`harness.load.records.rows.DTYPE`."""


class PooledConnection(Protocol):
    """What pool and engine need of a connection; see :class:`harness.load.engine.connection.LoadConnection`."""

    alive: bool
    ready: bool
    listed: bool
    since: int

    def fire(self, index: int, intended: int, taken: int, case: int, flags: int, now: int) -> None:
        """Send a request now."""

    def hold(self, index: int, intended: int, taken: int, case: int, flags: int) -> None:
        """Keep a request until the connection is open."""

    def room(self) -> bool:
        """Whether a further request may be sent now."""

    def expired(self, key: int, now: int) -> None:
        """Give up a request, unless it is answered."""

    def flush(self) -> None:
        """Hand what is queued to the kernel."""

    def pour(self) -> None:
        """Send what was kept back until the next reaping."""

    def end(self, status: Status, now: int | None = None) -> None:
        """Close, and end the requests under way with this status."""

    def close(self) -> None:
        """Close without a word."""


class FreeConnections(Protocol):
    """What connections need of the pool."""

    def freed(self, connection: PooledConnection) -> None:
        """It has room."""

    def leave(self, connection: PooledConnection) -> None:
        """It takes no more requests."""

    def wait(self, job: tuple[int, int, int, int, int]) -> None:
        """A request waits for one that is free."""

    def closed(self, connection: PooledConnection) -> None:
        """It is gone."""

    def pump(self) -> None:
        """There is place for a new connection."""


class RequestsOver(Protocol):
    """Where each request ends; see :class:`harness.load.engine.completion.Completion`."""

    def answered(  # noqa: PLR0917 -- names at the call would cost in the hot path
        self, index: int, intended: int, taken: int, sent: int, first: int, done: int,
        body: bytes, number: int, code: int, case: int, flags: int, mark: bytes,
    ) -> bool:  # fmt: skip
        """A whole HTTP answer."""

    def replied(  # noqa: PLR0917 -- as above
        self, index: int, intended: int, taken: int, sent: int, first: int, done: int,
        body: bytes, number: int, case: int, flags: int, mark: bytes,
    ) -> bool:  # fmt: skip
        """A whole gRPC message."""

    def failed(
        self, times: tuple[int, int, int, int, int, int], size: int, number: int, code: int, case: int,
        status: Status, flags: int,
    ) -> None:  # fmt: skip
        """A request without a good answer."""

    def unasked(self) -> None:
        """An answer without a request."""

    def over(self, row: Row, status: int, flags: int) -> None:
        """Write the record, and count the request as over."""

    def write(self, row: Row, status: int, flags: int) -> None:
        """Write a record alone."""

    def counted(self) -> None:
        """One request is over."""


class EngineContext(Protocol):
    """What everything else in this room uses of the engine; see :class:`harness.load.engine.engine.Engine`."""

    plan: LoadPlan
    loop: Any
    prefix: bytes
    new_each: bool
    address: tuple[int, Any]
    tls: ssl.SSLContext | None
    server_name: str
    start_ns: int
    inflight: deque[tuple[int, PooledConnection, int]]
    dirty: list[PooledConnection]
    holding: set[PooledConnection]
    tester_errors: TesterErrors

    @property
    def prepared(self) -> Sequence[Any]:
        """The cases, made ready for the protocol."""

    @property
    def heads(self) -> dict[bytes, Head]:
        """Heads of HTTP/1.1 answers that were read."""

    @property
    def pool(self) -> FreeConnections:
        """Its connections."""

    @property
    def completion(self) -> RequestsOver:
        """Where requests end."""

    def sent_by_anyone(self, index: int) -> bool:
        """Whether the id of this index may be on its way."""

    def one_less(self) -> None:
        """One request is over."""

    def broke(self, error: Exception | str, what: str = "the tester") -> None:
        """The run makes no sense any more."""
