"""The HTTP protocol of uvicorn: each answer in one piece, or with wires in every connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from harness.reference.http.wires import Wire


class _Outgoing:
    """The transport of a connection, with what is written through its wires."""

    def __init__(self, transport: Any, wires: Sequence[Wire]) -> None:
        self._transport = transport
        self._wires = wires

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        for wire in self._wires:
            data = wire.sent(data)
        if data:
            self._transport.write(data)


class _OnePiece:
    """The transport of a connection that sends two writes as one, where the second comes before the loop goes on.

    uvicorn writes the head of an answer, and then its body. A process that dies or freezes between the two leaves a
    balancer with a head that it has passed on, and no balancer can ask another replica then.
    """

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._held = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if self._held:
            self._send(data)
        elif data:
            self._held = data
            asyncio.get_running_loop().call_soon(self._send)

    def close(self) -> None:
        self._send()
        self._transport.close()

    def _send(self, more: bytes = b"") -> None:
        held, self._held = self._held, b""
        # Nothing is left where the second write came, or the connection was closed.
        if held:
            self._transport.write(held + more)


class InOnePiece(H11Protocol):
    """The HTTP protocol of the server."""

    def connection_made(self, transport: Any) -> None:
        """Take a connection."""
        super().connection_made(_OnePiece(transport))  # type: ignore[arg-type]


def wired(makers: Sequence[Callable[[], Wire]]) -> type[H11Protocol]:
    """The HTTP protocol of the server, with a wire of each maker in every connection."""

    class Wired(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            self._wires = [make() for make in makers]
            for wire in self._wires:
                wire.hang_up = transport.abort
            super().connection_made(_Outgoing(transport, self._wires))  # type: ignore[arg-type]

        def data_received(self, data: bytes) -> None:
            for wire in self._wires:
                data = wire.received(data)
            if data:
                super().data_received(data)

    return Wired
