"""Commands of the user: an argument list and no shell, an end in any case, and what they said."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from harness.record.children import environment

KEPT_BYTES = 16_384
"""Of what a command says, so much of its beginning and of its end."""
END_S = 2.0
# A grandchild that left the process group may hold the pipe for ever: what it says later is not waited for.
_LAST_WORDS_S = 0.5


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command came to.

    Attributes:
        code: exit code; None where it could not be started, or was ended.
        output: both its streams, clipped.
        error: why it did not do its part; empty where it ended with 0.
    """

    argv: tuple[str, ...]
    code: int | None
    output: str
    error: str = ""


def run(argv: Sequence[str], *, folder: str = "", timeout_s: float) -> Ran:
    """Carry a command out in a session of its own; where it takes too long, or this is interrupted, end all of it.

    What it leaves behind when it ends in time, such as a server that it started, stays.

    Args:
        folder: working directory; by default that of this process.
    """
    words = tuple(argv)
    try:
        process = start(words, folder=folder, output=subprocess.PIPE)
    except (OSError, ValueError) as error:
        return Ran(words, None, "", f"{words[0]} cannot be started: {error}")
    said = _Said(process)
    try:
        code = process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        end_group(process)
        return Ran(words, None, said.text(), f"{words[0]} did not end within {timeout_s:g} s and was ended")
    except BaseException:
        end_group(process)
        raise
    return Ran(words, code, said.text(), f"{words[0]} ended with {code_of(code)}" if code else "")


def start(argv: Sequence[str], *, folder: str = "", output: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own, so that Ctrl-C reaches only this process, without credentials.

    Raises:
        OSError: it cannot be started.
        ValueError: a word of it holds what no argument can.
    """
    return subprocess.Popen(  # noqa: S603 -- a command that the user declared, with no shell
        argv,
        cwd=folder or None,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output == subprocess.PIPE else output,
        env=environment(),
        start_new_session=True,
    )


def end_group(process: subprocess.Popen[bytes], *, ask_s: float = END_S) -> None:
    """End a process and its group: SIGTERM, then SIGKILL; returns when the process is gone."""
    for number, seconds in ((signal.SIGTERM, ask_s), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
        if number == signal.SIGTERM:
            # Its children may not have listened.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        break


def code_of(code: int) -> str:
    """An exit code in words: ``exit code 1``, ``SIGKILL``."""
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"


class _Said:
    """Head and tail of what a process says, in bounded memory; a thread takes it in."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._head, self._tail, self._left_out = b"", b"", 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._take, args=(process,), daemon=True)
        self._thread.start()

    def text(self) -> str:
        """What was said; called when the process is gone."""
        self._thread.join(_LAST_WORDS_S)
        with self._lock:
            between = f"\n[{self._left_out} bytes left out]\n".encode() if self._left_out else b""
            return (self._head + between + self._tail).decode("utf-8", "replace").strip()

    def _take(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout as pipe:
            while data := os.read(pipe.fileno(), 65_536):
                with self._lock:
                    room = KEPT_BYTES - len(self._head)
                    self._head += data[:room]
                    tail = self._tail + data[room:]
                    self._left_out += max(0, len(tail) - KEPT_BYTES)
                    self._tail = tail[-KEPT_BYTES:]
