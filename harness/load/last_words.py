"""What a child says on its output: the last of it, in memory alone. It may be words of the endpoint, or its secrets."""

from __future__ import annotations

import threading
from typing import IO

KEPT = 4096


class LastWords:
    """Reads a pipe to its end in a thread of its own, so that the child never waits for a reader."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._kept = b""
        self._thread = threading.Thread(target=self._hear, daemon=True, name="last words")
        self._thread.start()

    @property
    def text(self) -> str:
        """The end of what was said so far."""
        return self._kept.decode("utf-8", "replace").strip()

    def ended(self, seconds: float) -> None:
        """Wait for the end, which comes with that of the child."""
        self._thread.join(seconds)

    def _hear(self) -> None:
        with self._pipe as pipe:
            while piece := pipe.read1(1 << 16):  # type: ignore[attr-defined]  # of a buffered reader
                self._kept = (self._kept + piece)[-KEPT:]
