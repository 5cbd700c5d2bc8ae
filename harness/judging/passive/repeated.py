"""Requests that came more than once in a run, byte by byte, whichever checks sent them, and got more than one answer.

Nothing is sent here: the recorder shows each exchange (:mod:`harness.record.store`), and what is seen is kept for the
check that asks for it.
"""

from __future__ import annotations

import hashlib
import re
import threading
from dataclasses import dataclass, field
from typing import Literal

from harness.endpoint.rest_route import outputs_of
from harness.judging.passive.fair import is_grpc, route_of
from harness.oracles.equality import Outputs, difference, form_differs
from harness.probing.replies import status_of
from harness.record.exchange import Exchange, Transport
from harness.wire.binary import LENGTH_HEADER, NotBinary, read_binary_reply
from harness.wire.strictjson import TooMuch

# Requests that are remembered, bytes of one and of all answers that are held, and differing requests that are kept.
REQUESTS, LARGEST, HELD_BYTES, KEPT = 20_000, 64 * 1024, 16 << 20, 20
# Bytes of an answer that is compared with a held one.
LARGEST_OTHER = 1 << 20
# Other answers to one request that are kept.
OTHERS = 3
# Headers that may differ between two requests that ask the same.
_WAY = frozenset({"host", "user-agent", "accept", "connection", "content-length", "te", "grpc-timeout", ":authority"})
# What an answer to these depends on is not in the request: a state, or memory that both sides share.
_ELSEWHERE = (b"sequence_", b"shared_memory_", b"correlation")
# The id in front, as requests of the tester have it; such an id changes no answer. Others may be what is refused: long
# ones, and those of letters that a server cannot write into a header.
_ID = re.compile(rb'^\{"id":"[A-Za-z0-9._-]{1,64}",')
# Statuses that speak of the moment, of rights or of how much was sent, and not of the request.
_OF_THE_MOMENT = frozenset({401, 403, 404, 407, 408, 413, 421, 425, 429, 431, 499, 501, 502, 503, 504})
# Errors of gRPC that speak of the request, or say that the server broke down.
_OF_THE_REQUEST = frozenset({"INVALID_ARGUMENT", "OUT_OF_RANGE", "INTERNAL", "UNKNOWN", "DATA_LOSS"})

Kind = Literal["other answer", "error"]


@dataclass(slots=True)
class DifferingRequest:
    """A request that was answered in two ways.

    Attributes:
        first: the first exchange, whole, which can be sent again.
        others: how the answer was another one, in words, with the exchange; the first few.
        count: answers to it in all; ``odd`` of them were not as the first.
        kind: ``error`` where it was refused, or the server broke down, and was answered at other times.
        checks: ids of the checks that met it.
    """

    transport: Transport
    kind: Kind
    first: Exchange
    others: list[tuple[str, Exchange]] = field(default_factory=list)
    count: int = 0
    odd: int = 0
    checks: dict[str | None, None] = field(default_factory=dict)


@dataclass(slots=True)
class _Known:
    first: Exchange | None
    digest: bytes
    count: int = 1
    differing: dict[Kind, DifferingRequest] = field(default_factory=dict)


class RepeatedRequests:
    """Compares the answers to requests that are the same. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[bytes, _Known] = {}
        self._held = 0
        # Answers that could be compared with an earlier one to the same request, by transport.
        self.compared: dict[Transport, int] = {"rest": 0, "grpc": 0}
        self._found: list[DifferingRequest] = []

    def look(self, exchange: Exchange, check: str | None) -> None:
        """Look at one exchange; never raises."""
        if not _comparable(exchange):
            return
        kind: Kind = "other answer" if exchange.ok else "error"
        key, digest = _key(exchange), _digest(exchange.response_body)
        with self._lock:
            known = self._known.get(key)
            if known is None:
                if exchange.ok and len(self._known) < REQUESTS:
                    held = self._holds(exchange, LARGEST)
                    self._known[key] = _Known(exchange if held else None, digest)
                return
            known.count += 1
            self.compared[exchange.transport] += 1
            if known.first is None or (exchange.ok and digest == known.digest):
                return
            words = status_of(exchange) if kind == "error" else _unlike(known.first, exchange)
            if words is not None:
                self._note(known, kind, words, exchange, check)

    def of(self, transport: Transport) -> list[DifferingRequest]:
        """What was found so far, in the order in which it was met."""
        with self._lock:
            return [each for each in self._found if each.transport == transport]

    def _holds(self, exchange: Exchange, largest: int) -> bool:
        """Whether there is room to hold an exchange, which then is taken."""
        size = len(exchange.request_body) + len(exchange.response_body)
        if size > largest or self._held + size > HELD_BYTES:
            return False
        self._held += size
        return True

    def _note(self, known: _Known, kind: Kind, words: str, exchange: Exchange, check: str | None) -> None:
        assert known.first is not None
        found = known.differing.get(kind)
        if found is None:
            if len(self._found) >= KEPT or not self._holds(exchange, LARGEST + LARGEST_OTHER):
                return
            found = known.differing[kind] = DifferingRequest(exchange.transport, kind, known.first)
            found.others.append((words, exchange))
            self._found.append(found)
        elif len(found.others) < OTHERS and self._holds(exchange, LARGEST + LARGEST_OTHER):
            found.others.append((words, exchange))
        found.count, found.odd = known.count, found.odd + 1
        found.checks[check] = None


def _comparable(exchange: Exchange) -> bool:
    """Whether an exchange is an inference over one of the clients, with a whole answer that speaks of its request."""
    if exchange.error is not None or len(exchange.request_body) > LARGEST:
        return False
    if len(exchange.response_body) > LARGEST_OTHER:
        return False
    if any(word in exchange.request_body for word in _ELSEWHERE):
        return False
    if is_grpc(exchange):
        rpc = exchange.rpc
        known = rpc is not None and (rpc.code == 0 or rpc.name in _OF_THE_REQUEST)
        return known and exchange.url.endswith("/ModelInfer")
    if exchange.method != "POST" or exchange.http_version != "HTTP/1.1" or route_of(exchange.url) != "infer":
        return False
    return exchange.status == 200 or (400 <= (exchange.status or 0) <= 599 and exchange.status not in _OF_THE_MOMENT)


def _key(exchange: Exchange) -> bytes:
    told = sorted(f"{name.lower()}: {value}" for name, value in exchange.request_headers if name.lower() not in _WAY)
    body = exchange.request_body if is_grpc(exchange) else _ID.sub(b"{", exchange.request_body, count=1)
    return hashlib.blake2b("\n".join((exchange.url, *told, "")).encode() + body, digest_size=16).digest()


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=16).digest()


def _unlike(first: Exchange, now: Exchange) -> str | None:
    """Where the outputs of two answers differ (floats beyond the tolerance), in words; None also where none is read.

    The same bytes were sent, so that data types and shapes are the same as well.
    """
    try:
        one, other = _outputs(now), _outputs(first)
        return difference(one, other, exact=False) or form_differs(one, other)
    except (NotBinary, TooMuch):
        return None


def _outputs(exchange: Exchange) -> Outputs:
    if is_grpc(exchange):
        from harness.endpoint.grpc_route import grpc_outputs  # noqa: PLC0415 -- needs the extra grpc

        return grpc_outputs(exchange)
    return outputs_of(exchange) if exchange.header(LENGTH_HEADER) is None else read_binary_reply(exchange).outputs
