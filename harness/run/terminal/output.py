"""Standard output and error that nobody reads any more, or that were closed from the start.

``| head -1`` closes the pipe after a line, and a log on a full disk refuses the next one. Neither is a reason to stop a
run in its middle, and none may end in pytest's exit code 1, which says that the endpoint failed: the rest of the output
is thrown away, the evidence is made whole, and the run ends with exit code 3.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any, TextIO

from reports.text.neutralise import plain


def open_closed() -> bool:
    """Open the standard descriptors that are closed, on nothing: a file of the run would be given their numbers.

    Returns:
        Whether standard output was one of them.
    """
    closed = []
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            closed.append(number)
            nothing = os.open(os.devnull, os.O_RDWR)
            if nothing != number:
                os.dup2(nothing, number)
                os.close(nothing)
    # Python has none where its descriptor was closed when it began.
    if sys.stdout is None or 1 in closed:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None or 2 in closed:
        sys.stderr = os.fdopen(2, "w", closefd=False)
    return 1 in closed


class Output:
    """A text file that takes whatever is written, also once nobody takes it from there.

    Attributes:
        lost: why something that was written here is not read by anybody; empty while all is.
    """

    def __init__(self, file: TextIO, lost: str = "") -> None:
        self._file = file
        self.lost = lost

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- whatever the file has
        return getattr(self._file, name)

    def write(self, text: str) -> int:
        """Write text, if it can be written."""
        try:
            return self._file.write(text)
        except UnicodeEncodeError:
            raise  # pytest writes it with escapes then
        except (OSError, ValueError) as error:
            self._lose(error)
            return len(text)

    def flush(self) -> None:
        """Hand on what was written."""
        try:
            self._file.flush()
        except (OSError, ValueError) as error:
            self._lose(error)

    def _lose(self, error: Exception) -> None:
        self.lost = self.lost or getattr(error, "strerror", None) or str(error)
        silence(self._file)


def silence(file: TextIO) -> None:
    """Let what follows, and what waits in a buffer, go nowhere."""
    with contextlib.suppress(OSError, ValueError):
        number = file.fileno()
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, number)
        os.close(nothing)


def warn(text: str) -> None:
    """A line on standard error, if anybody reads that."""
    try:
        sys.stderr.write(f"{plain(text)}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        if sys.stderr is not None:
            silence(sys.stderr)
