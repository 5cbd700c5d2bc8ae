"""Waits that do not depend on the clock of the day."""

from __future__ import annotations

import threading


def wait(seconds: float) -> None:
    """Wait that many seconds, however the clock of the day is moved meanwhile.

    ``time.sleep`` asks the system to wait until a moment, which fails (EINVAL) where a preloaded library moves the
    clock back; this one asks for a length of time.
    """
    threading.Event().wait(max(0.0, seconds))
