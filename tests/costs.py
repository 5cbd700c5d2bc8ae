"""What a call costs, by a measure that other work on the machine and earlier tests do not move."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable


def cost(action: Callable[[], object], tries: int = 1) -> float:
    """Processor time of this thread, in seconds: the least of ``tries``.

    The first call asks the system for memory, so the least of several is steadier. The collector rests meanwhile: it
    would go through all that earlier tests left in memory, each time that the call has made some more objects.
    """
    return min(_once(action) for _ in range(tries))


def _once(action: Callable[[], object]) -> float:
    collected = gc.isenabled()
    gc.disable()
    try:
        begin = time.thread_time()
        action()
        return time.thread_time() - begin
    finally:
        if collected:
            gc.enable()
