"""Readings of answers: what one may cost in memory, and the last ones, as many checks look at one answer."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TypeVar, cast

from harness.check import Untestable
from harness.record.coding import Undecodable, decoded_body
from harness.record.exchange import Exchange

T = TypeVar("T")

# Bytes that what is made of one answer may take in memory where nobody says otherwise; two are compared at times.
MEMORY = 48 << 20
MORE = "raise it with [budget] answer_mebibytes in the policy"
# And the bytes of it that are let in at all.
MORE_BODY = "raise it with [budget] body_mebibytes in the policy"
# Of them, one part in so many is for the bytes of a body without its coding.
_DECODED_SHARE = 3
# And one part for the bytes of answers that are held together with what was read of them: many times as much.
_HELD_SHARE = 6
# Bytes of the bodies whose readings are kept; what is made of one takes many times as much.
KEPT_BYTES = 4 << 20
KEPT = 64


class TooMuch(Untestable):
    """There is an answer of so many parts that nothing is built of it: whoever needs it cannot be carried out."""


@dataclass(slots=True)
class _Bound:
    """What the policy of the run allows; one process carries out one run at a time."""

    memory: int = MEMORY


_BOUND = _Bound()


def allow(memory: int) -> None:
    """Let what is made of one answer take so many bytes in memory, from now on."""
    _BOUND.memory = memory


def refuse_cost(cost: int, what: str) -> None:
    """Let an answer pass that is built within bounds.

    Args:
        cost: bytes of memory that it would take at least.
        what: what there is too much of.

    Raises:
        TooMuch: it is not.
    """
    if cost > _BOUND.memory:
        needs, most = -(-cost >> 20), _BOUND.memory >> 20
        told = f"not read: {what}, which would take {needs} MiB of memory; {most} are allowed"
        raise TooMuch(f"{told}: {MORE}")


def holdable(wanted: int, least: int, answer: Exchange) -> int:
    """How many of so many answers like this one can be held at a time: with their requests, as bytes, they may take
    twice what one may.

    Raises:
        TooMuch: less than ``least``.
    """
    size = len(answer.request_body) + len(answer.response_body)
    room = 2 * _BOUND.memory // max(1, size)
    if room < least:
        raise TooMuch(f"{least} answers of {size} bytes, with their requests, are more than is held at a time: {MORE}")
    return min(wanted, room)


def room_for_readings() -> int:
    """Bytes of answers that may be held at a time together with what was read of them."""
    return _BOUND.memory // _HELD_SHARE


def readable(wanted: int, least: int, answer: Exchange) -> int:
    """How many of so many answers like this one can be held at a time, together with what was read of them.

    Raises:
        TooMuch: less than ``least``.
    """
    size = len(answer.request_body) + len(answer.response_body)
    room = room_for_readings() // max(1, size)
    if room < least:
        raise TooMuch(
            f"{least} answers of {size} bytes, with their requests, read, are more than is held at a time: {MORE}"
        )
    return min(wanted, room)


def body_of(exchange: Exchange) -> bytes:
    """The response body without its codings.

    Raises:
        Undecodable: it is not in the coding that it names.
        TooMuch: there is more than is read.
    """
    limit = _BOUND.memory // _DECODED_SHARE
    try:
        return decoded_body(exchange, limit)
    except Undecodable as error:
        if error.failure.kind != "body-too-large":
            raise
        told = error.failure.message
    mend = f": {MORE}" if str(limit) in told else ""
    raise TooMuch(f"not read: {told}{mend}")


class Readings:
    """The last readings, by the very bytes that were read and by how they were read.

    Whoever is given a reading shares it and must not change it. Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # The body is kept along: its address tells it apart only while it lives.
        self._kept: OrderedDict[tuple[int, Hashable], tuple[bytes, object]] = OrderedDict()
        self._bytes = 0

    def of(self, body: bytes, how: Hashable, read: Callable[[], T]) -> T:
        """What ``read`` made of the body, or makes of it now; an exception is not remembered."""
        key = (id(body), how)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return cast("T", self._kept[key][1])
            # Before and not after it: two large readings at once are what the memory has to hold at the most.
            self._make_room(len(body))
        reading = read()
        with self._lock:
            if key not in self._kept:
                self._make_room(len(body))
                self._kept[key] = (body, reading)
                self._bytes += len(body)
        return reading

    def _make_room(self, size: int) -> None:
        while self._kept and (self._bytes + size > KEPT_BYTES or len(self._kept) >= KEPT):
            _, (old, _) = self._kept.popitem(last=False)
            self._bytes -= len(old)
