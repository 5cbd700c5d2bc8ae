"""Bytes of connections, on their way in before they are parsed and on their way out: where framing goes wrong."""

from __future__ import annotations

from collections.abc import Callable


class Wire:
    """One connection, as a fault or variant sees it; the right one changes nothing.

    Attributes:
        hang_up: ends the connection at once.
    """

    hang_up: Callable[[], None]

    def received(self, data: bytes) -> bytes:
        """What the parser gets of ``data``; empty keeps it waiting."""
        return data

    def sent(self, data: bytes) -> bytes:
        """What the client gets of ``data``."""
        return data
