"""What a request is meant to be, said where it is made and read where it is recorded.

The tester checks its own messages by another route than the one that made them: a generator that is wrong would
otherwise blame the endpoint. What is neither (raw bytes, a probe of something else than the message) says nothing.
``open`` is neither as well: the protocol does not say what a right answer to it is, so none is held against anybody.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Literal

Intent = Literal["valid", "invalid", "neither", "open"]

_INTENT: contextvars.ContextVar[Intent | None] = contextvars.ContextVar("intent", default=None)


@contextlib.contextmanager
def meant(intent: Intent) -> Iterator[None]:
    """Requests sent inside, by this thread, are meant so; who said it first (further out) has the last word."""
    if _INTENT.get() is not None:
        yield
        return
    token = _INTENT.set(intent)
    try:
        yield
    finally:
        _INTENT.reset(token)


@contextlib.contextmanager
def aside() -> Iterator[None]:
    """Requests sent inside are the tester's own questions, whatever those around them are meant to be."""
    token = _INTENT.set("neither")
    try:
        yield
    finally:
        _INTENT.reset(token)


def intended() -> Intent:
    """What requests that are sent now are meant to be."""
    return _INTENT.get() or "neither"
