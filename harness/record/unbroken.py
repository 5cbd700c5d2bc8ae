"""Steps that no signal may come between: writing an exchange and the line that names it; pytest's own work on an item.

A signal whose handler raises would otherwise leave a record that nothing names, which looks like a stranger's, or end
pytest with a traceback of its own: its plugins do not expect one while they make a report.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from types import FrameType

Handler = Callable[[int, FrameType | None], object]

# Handlers run in the main thread only, between two of its instructions, so plain values do.
_busy = False
_pending: list[Callable[[], object]] = []


def after_writing(handler: Handler) -> Handler:
    """A signal handler that waits until nothing is half written."""

    def handle(number: int, frame: FrameType | None) -> None:
        if _busy:
            _pending.append(lambda: handler(number, frame))
        else:
            handler(number, frame)

    return handle


@contextlib.contextmanager
def unbroken() -> Iterator[None]:
    """Inside, handlers made by :func:`after_writing` wait; a thread that gets no signals may ignore that."""
    global _busy  # noqa: PLW0603 -- signals belong to the process
    if _busy or threading.current_thread() is not threading.main_thread():
        yield
        return
    _busy = True
    try:
        yield
    finally:
        _busy = False
        _let_go()


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Inside, signals come as they do outside of :func:`unbroken`, those that have waited first."""
    global _busy  # noqa: PLW0603 -- as above
    held, _busy = _busy, False
    try:
        _let_go()
        yield
    finally:
        _busy = held


def _let_go() -> None:
    waiting, _pending[:] = list(_pending), []
    for each in waiting:
        each()
