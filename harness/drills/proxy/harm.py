"""What a fault does to the bytes of an answer, and when each of them goes on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from harness.drills.kinds import NoFault
from harness.drills.proxy_kinds import BandwidthFault, CorruptFault, DelayFault, ErrorsFault, ProxyFault, SlowBodyFault

_TICK_S = 0.05
_HEAD_END = b"\r\n\r\n"
_PHRASES = {
    429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable",
    504: "Gateway Timeout",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Timed:
    """Bytes that go on ``delay_s`` after they came, and ``gap_s`` after those before them."""

    data: bytes
    delay_s: float = 0.0
    gap_s: float = 0.0


def answer_pieces(fault: NoFault | ProxyFault, data: bytes, chance: random.Random) -> Iterator[Timed]:
    """What becomes of some bytes of an answer."""
    if isinstance(fault, DelayFault):
        yield Timed(data, delay_s=max(0.0, fault.delay_s + chance.uniform(-fault.jitter_s, fault.jitter_s)))
    elif isinstance(fault, BandwidthFault):
        yield from _dripped(data, fault.bytes_per_s)
    elif isinstance(fault, SlowBodyFault):
        head = _head_of(data)
        if head:
            yield Timed(data[:head])
        yield from _dripped(data[head:], fault.bytes_per_s)
    elif isinstance(fault, CorruptFault):
        yield Timed(_corrupted(data))
    else:
        yield Timed(data)


def request_pieces(fault: NoFault | ProxyFault, data: bytes) -> Iterator[Timed]:
    """What becomes of some bytes of a request."""
    if isinstance(fault, BandwidthFault):
        yield from _dripped(data, fault.bytes_per_s)
    else:
        yield Timed(data)


def error_answer(fault: ErrorsFault) -> bytes:
    """The answer that a burst gives."""
    body = b'{"error":"made by a drill"}'
    more = f"Retry-After: {fault.retry_after_s}\r\n" if fault.retry_after_s is not None else ""
    head = (
        f"HTTP/1.1 {fault.status} {_PHRASES[fault.status]}\r\n{more}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def in_burst(fault: ErrorsFault, since_s: float) -> bool:
    """Whether errors are given so many seconds after the fault began."""
    return fault.every_s is None or since_s % fault.every_s < fault.burst_s


def _dripped(data: bytes, rate: int) -> Iterator[Timed]:
    size = max(1, int(rate * _TICK_S))
    for at in range(0, len(data), size):
        piece = data[at : at + size]
        yield Timed(piece, gap_s=len(piece) / rate)


def _head_of(data: bytes) -> int:
    """How many bytes are the head of an answer of HTTP/1.1."""
    end = data.find(_HEAD_END)
    return end + len(_HEAD_END) if end >= 0 and data.startswith(b"HTTP/1.") else 0


def middle_of(data: bytes) -> int:
    """The place in the middle of what is no head; behind the last byte where all of it is."""
    return (_head_of(data) + len(data)) // 2


def _corrupted(data: bytes) -> bytes:
    """One bit in the middle of it is another."""
    at = middle_of(data)
    if at >= len(data):
        return data
    return data[:at] + bytes([data[at] ^ 0x01]) + data[at + 1 :]
