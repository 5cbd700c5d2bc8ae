"""One connection through the proxy: what either side sends, in bounded memory."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import time
from typing import Protocol, TypeAlias

from harness.drills.kinds import NoFault
from harness.drills.proxy.harm import Timed, answer_pieces, error_answer, in_burst, middle_of, request_pieces
from harness.drills.proxy.requests import Requests
from harness.drills.proxy_kinds import CutFault, ErrorsFault, HalfOpenFault, ProxyFault, RefuseFault, ResetFault

READ_BYTES = 16_384
_HELD_PIECES = 64
_RESET = struct.pack("ii", 1, 0)
_Held: TypeAlias = "asyncio.Queue[tuple[Timed, float, asyncio.Event] | None]"


class Rule(Protocol):
    """What holds for all connections now.

    Attributes:
        fault: in force.
        changed: set when another comes in its place.
        chance: of what is drawn.
    """

    fault: NoFault | ProxyFault
    changed: asyncio.Event
    chance: random.Random

    def since(self) -> float:
        """Seconds since the fault began."""
        ...

    def counted(self, connection: Passage) -> None:
        """The fault has met something of this connection."""
        ...


class Passage:
    """A client and, once it is reached, the replica.

    Attributes:
        touched: the fault in force is for this one.
    """

    def __init__(self, rule: Rule, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._rule = rule
        self._client = (reader, writer)
        self._replica: asyncio.StreamWriter | None = None
        self.touched = False

    @property
    def _fault(self) -> NoFault | ProxyFault:
        return self._rule.fault if self.touched else NoFault()

    async def serve(self, host: str, port: int) -> None:
        """Pass on until both sides have ended, or the fault ends it."""
        up: asyncio.Task[None] | None = None
        try:
            # A connection that is silent is taken all the same, and the replica hears nothing of it.
            await self._silent()
            reader, self._replica = await asyncio.open_connection(host, port, limit=READ_BYTES)
            up = asyncio.create_task(self._up(self._replica))
            await self._down(reader)
        except OSError:
            self.reset()
        finally:
            if up is not None:
                up.cancel()
            self.close()

    def reset(self) -> None:
        """End it with a reset on both sides."""
        for writer in (self._client[1], self._replica):
            if writer is not None:
                held = writer.get_extra_info("socket")
                with contextlib.suppress(OSError):
                    held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                writer.transport.abort()

    def close(self) -> None:
        """End it."""
        for writer in (self._client[1], self._replica):
            if writer is not None:
                writer.close()

    async def _silent(self) -> None:
        """While the fault is silence, nothing is read; afterwards this connection is as good as gone."""
        if isinstance(self._fault, HalfOpenFault):
            self._rule.counted(self)
            await self._rule.changed.wait()
            raise ConnectionResetError

    async def _up(self, replica: asyncio.StreamWriter) -> None:
        """From the client to the replica."""
        try:
            await self._requests(replica)
            replica.write_eof()
        except OSError:
            # Whoever waits for the answer sees that both sides have ended.
            self.reset()

    async def _requests(self, replica: asyncio.StreamWriter) -> None:
        reader, client = self._client
        requests, refused, last = Requests(), None, 0.0
        while data := await reader.read(READ_BYTES):
            await self._silent()
            if isinstance(self._fault, ResetFault | RefuseFault):
                self._rule.counted(self)
                raise ConnectionResetError
            for piece in requests.feed(data):
                if piece.begins:
                    refused = self._refused()
                if refused is None:
                    for each in request_pieces(self._fault, piece.data):
                        last = await self._sent(replica, each, self._due(each, last), self._rule.changed)
                elif piece.ends:
                    client.write(error_answer(refused))
                    await client.drain()

    def _refused(self) -> ErrorsFault | None:
        """What a request that begins now is answered with in place of the replica."""
        fault = self._fault
        if not isinstance(fault, ErrorsFault) or not in_burst(fault, self._rule.since()):
            return None
        self._rule.counted(self)
        return fault

    async def _down(self, reader: asyncio.StreamReader) -> None:
        """From the replica to the client: read as long as there is room, and sent when it is due."""
        held: _Held = asyncio.Queue(_HELD_PIECES)
        taking = asyncio.create_task(self._take(reader, held))
        try:
            while (item := await held.get()) is not None:
                await self._sent(self._client[1], *item)
            await taking
        finally:
            taking.cancel()

    async def _take(self, reader: asyncio.StreamReader, held: _Held) -> None:
        try:
            await self._answers(reader, held)
        except OSError:
            await held.put(None)
            raise
        await held.put(None)

    async def _answers(self, reader: asyncio.StreamReader, held: _Held) -> None:
        last = 0.0
        while data := await reader.read(READ_BYTES):
            await self._silent()
            fault = self._fault
            if not isinstance(fault, NoFault):
                self._rule.counted(self)
            is_cut = isinstance(fault, CutFault)
            for piece in answer_pieces(fault, data[: middle_of(data)] if is_cut else data, self._rule.chance):
                last = self._due(piece, last)
                await held.put((piece, last, self._rule.changed))
            if is_cut:
                return

    @staticmethod
    def _due(piece: Timed, last: float) -> float:
        return max(time.monotonic() + piece.delay_s, last) + piece.gap_s

    @staticmethod
    async def _sent(writer: asyncio.StreamWriter, piece: Timed, due: float, changed: asyncio.Event) -> float:
        """Send it when it is due, or as soon as another fault is in force; gives the time when it was due."""
        if (left := due - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), left)
        writer.write(piece.data)
        await writer.drain()
        return due
