"""Connections of HTTP/2 to one address, kept while they are idle."""

from __future__ import annotations

import threading

from harness.wire.connection import ConnectionSettings, open_stream
from harness.wire.http2.connection import Http2Connection
from harness.wire.http2.messages import Answer, Inspect, RawHeaders, Withdrawal
from harness.wire.http2.withdrawing import Withdrawing
from harness.wire.sockets import Backend, Call


class Http2Pool:
    """Connections to one address; one request at a time on each. Safe to use from several threads."""

    def __init__(self, host: str, port: int, settings: ConnectionSettings) -> None:
        self._host, self._port, self._settings = host, port, settings
        self._backend = Backend()
        self._idle: list[Http2Connection] = []
        self._lock = threading.Lock()

    def send(
        self, headers: RawHeaders, body: bytes, call: Call, answer: Answer, inspect: Inspect, *, fresh: bool = False
    ) -> None:
        """Send one request on an idle connection, or on a new one (``fresh``: closed afterwards).

        Raises:
            WireError, ValueError: see :meth:`Http2Connection.request`, and what connecting can raise.
        """
        connection = (None if fresh else self._take_idle()) or self._connected(call)
        try:
            connection.request(headers, body, call, answer, inspect)
        except BaseException:
            connection.close()
            raise
        self._put_back(connection, fresh=fresh)

    def withdraw(self, headers: RawHeaders, body: bytes, how: Withdrawal, call: Call) -> None:
        """Begin requests on an idle connection, or a new one, and give them up; the next request goes over it.

        Raises:
            WireError: see :meth:`Withdrawing.withdraw`, and what connecting can raise.
        """
        connection = self._take_idle() or self._connected(call)
        try:
            Withdrawing(connection).withdraw(headers, body, how, call)
        except BaseException:
            connection.close()
            raise
        self._put_back(connection)

    def _put_back(self, connection: Http2Connection, *, fresh: bool = False) -> None:
        if fresh or connection.going:
            connection.close()
            return
        with self._lock:
            self._idle.append(connection)

    def _connected(self, call: Call) -> Http2Connection:
        return Http2Connection(open_stream(self._host, self._port, self._settings, self._backend, call, tunnel=True))

    def _take_idle(self) -> Http2Connection | None:
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None or connection.usable():
                return connection
            connection.close()

    def close(self) -> None:
        """Close all idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
