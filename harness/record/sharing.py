"""Large bodies in memory: one that was sent or received before is held once, for as long as anybody holds it."""

from __future__ import annotations

from dataclasses import replace
from weakref import WeakValueDictionary

from harness.record.exchange import Exchange

# Smaller ones cost less than looking for them.
LARGE = 64 << 10


class SharedBodies:
    """Finds the same bytes in exchanges that are still held by somebody; holds nothing itself."""

    def __init__(self) -> None:
        # By the hash of one of its bodies, which bytes keep once it is known. Of two bodies with one hash, the last.
        self._holders: WeakValueDictionary[int, Exchange] = WeakValueDictionary()

    def recorded(self, exchange: Exchange, ref: str) -> Exchange:
        """The exchange with its reference, and with the bodies of earlier ones in the place of its own same ones."""
        bodies = (exchange.request_body, exchange.response_body)
        request, response = (self._known(body) for body in bodies)
        done = replace(exchange, ref=ref, request_body=request, response_body=response)
        for body in bodies:
            if len(body) >= LARGE:
                self._holders[hash(body)] = done
        return done

    def _known(self, body: bytes) -> bytes:
        holder = self._holders.get(hash(body)) if len(body) >= LARGE else None
        held = () if holder is None else (holder.request_body, holder.response_body)
        return next((each for each in held if each == body), body)
