"""Readings that are remembered: many checks look at one answer, and each answer is taken apart once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar, cast

from harness.check import Untestable

T = TypeVar("T")

# Bytes of the bodies whose readings are kept; what is made of one takes many times as much.
KEPT_BYTES = 4 << 20
KEPT = 64


class TooMuch(Untestable):
    """There is an answer of so many parts that nothing is built of it: whoever needs it cannot be carried out."""


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
