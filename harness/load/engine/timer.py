"""A clock that wakes the loop at a given nanosecond. Loop timers of libev round to milliseconds: ten times the lag.

Linux' ``timerfd`` with timer slack 1 ns, by ctypes because Python has it from 3.13 on only. Elsewhere the loop's own
timer stands in; what that costs shows in the measured lag. Source: timerfd_create(2), prctl(2).
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

from harness.load.plan.schedule import NANOSECONDS

_MONOTONIC, _NONBLOCK, _ABSOLUTE, _TIMERSLACK = 1, 0o4000, 1, 29
_READ = 1


class Timer(Protocol):
    """Calls back once at or after the set time; setting it again moves it."""

    def at(self, when_ns: int) -> None:
        """Wake at this monotonic time; a time that has passed wakes at once."""

    def close(self) -> None:
        """Never wake again."""


class TimerFd:
    """The kernel's timer as a watched file."""

    def __init__(self, loop: Any, callback: Callable[[], None]) -> None:  # noqa: ANN401 -- gevent's loop
        # PyDLL keeps the interpreter's lock: the call takes less time than giving it up and taking it back.
        library = ctypes.PyDLL(None, use_errno=True)
        library.prctl(_TIMERSLACK, 1, 0, 0, 0)
        self._descriptor = library.timerfd_create(_MONOTONIC, _NONBLOCK)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._set = library.timerfd_settime
        self._value = (ctypes.c_long * 4)()
        self._watcher = loop.io(self._descriptor, _READ)
        self._watcher.start(callback)

    def at(self, when_ns: int) -> None:
        """Setting it also clears an expiration, so nothing has to be read."""
        seconds, rest = divmod(when_ns, NANOSECONDS)
        self._value[2] = seconds
        self._value[3] = rest or 1  # all zero would disarm it
        self._set(self._descriptor, _ABSOLUTE, self._value, None)

    def close(self) -> None:
        """Never wake again."""
        if self._descriptor >= 0:
            self._watcher.stop()
            self._watcher.close()
            os.close(self._descriptor)
            self._descriptor = -1


class LoopTimer:
    """The loop's own timer, where there is no ``timerfd``."""

    def __init__(self, loop: Any, callback: Callable[[], None]) -> None:  # noqa: ANN401 -- gevent's loop
        self._loop, self._callback = loop, callback
        self._watcher: Any = None

    def at(self, when_ns: int) -> None:
        """Rounded up by the loop."""
        self.close()
        self._loop.update_now()
        self._watcher = self._loop.timer(max(0.0, (when_ns - time.monotonic_ns()) / NANOSECONDS))
        self._watcher.start(self._callback)

    def close(self) -> None:
        """Never wake again."""
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None


def timer(loop: Any, callback: Callable[[], None]) -> Timer:  # noqa: ANN401 -- gevent's loop
    """The best timer there is."""
    return TimerFd(loop, callback) if sys.platform == "linux" else LoopTimer(loop, callback)
