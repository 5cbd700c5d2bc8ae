"""The HTTP protocol of uvicorn with wires in every connection."""

from __future__ import annotations

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
