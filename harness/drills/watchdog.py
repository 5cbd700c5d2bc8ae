"""Takes faults back when the tester is gone: a process of its own, which outlives it.

``python -m harness.drills.watchdog`` reads one JSON object a line, ``{"name": ..., "undo": [...]}``: what takes back
what has that name, told before it is caused and again, without commands, once it is taken back. Each is answered with
an empty line. When its standard input ends, it runs all that it holds, and ends.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

import msgspec

from harness.drills.commands import run
from harness.drills.faults.fault import FaultError, Undo
from harness.record.children import PATHS, module


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One line to the watchdog: what takes back what has this name, in place of what it held of it."""

    name: str
    undo: tuple[Undo, ...]


class FaultWatchdog:
    """The watchdog of this process; started with the first fault, and told of each."""

    def __init__(self, log: Path | None = None) -> None:
        """``log`` is a file that it writes to what it ran, where it had to."""
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id, while it runs."""
        return self._process.pid if self._process else None

    def hold(self, name: str, undo: Sequence[Undo]) -> None:
        """From here on ``undo`` is run where this process is gone; returns once the watchdog has it.

        Args:
            name: of what is to be taken back; what was held of it before is forgotten.
            undo: commands in their order; none where nothing stands any more.

        Raises:
            FaultError: there is no watchdog: nothing may be caused.
        """
        if self._process is None and not undo:
            return
        try:
            self._tell(Held(name=name, undo=tuple(undo)))
        except FaultError:
            # One that has ended holds nothing.
            if undo:
                raise

    def close(self) -> None:
        """No fault comes any more; what is still held is taken back now. Returns when that is done."""
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            # What was written to one that had ended is written once more now, to nobody.
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        # Each of its commands ends in its own time; it is never ended from here, since what it does must be done.
        process.wait()

    def _tell(self, held: Held) -> None:
        try:
            if self._process is None:
                self._process = self._started()
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(msgspec.json.encode(held) + b"\n")
            self._process.stdin.flush()
            if self._process.stdout.readline():
                return
        except OSError as error:
            raise FaultError(f"the watchdog, which takes faults back, cannot be told: {error}") from error
        raise FaultError("the watchdog, which takes faults back, has ended: nothing is caused without it")

    def _started(self) -> subprocess.Popen[bytes]:
        argv, environ = module("harness.drills.watchdog", [str(self._log)] if self._log else [])
        return subprocess.Popen(  # noqa: S603 -- our own module, our own arguments
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environ,
            # Ctrl-C, and the end of a terminal, reach whole process groups.
            start_new_session=True,
        )


def watch(orders: Iterable[bytes], answers: IO[bytes], log: IO[str] | None) -> None:
    """Take in orders until they end, and then take back what is held."""
    held: dict[str, tuple[Undo, ...]] = {}
    for line in orders:
        try:
            order = msgspec.json.decode(line, type=Held)
        except msgspec.DecodeError:
            # Whoever wrote it was killed meanwhile, and so has caused nothing of it.
            continue
        held[order.name] = order.undo
        with contextlib.suppress(OSError):
            answers.write(b"\n")
            answers.flush()
    for undo in [each for undoes in reversed(held.values()) for each in undoes]:
        ran = run(undo.argv, folder=undo.folder, timeout_s=undo.timeout_s)
        if log is not None:
            log.write(f"{' '.join(undo.argv)}: {ran.error or 'done'}\n{ran.output}\n")
            log.flush()


def main(arguments: Sequence[str]) -> None:
    """Watch standard input."""
    # A handler, since signals that are ignored would be ignored by every command as well.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    # The commands are the user's, and get the path that the user's own would have.
    _, _, path = os.environ.pop(PATHS, "").partition(os.pathsep)
    if path:
        os.environ[PATHS] = path
    log = Path(arguments[0]).open("a", encoding="utf-8") if arguments else None  # noqa: SIM115 -- until the end
    watch(sys.stdin.buffer, sys.stdout.buffer, log)


if __name__ == "__main__":
    main(sys.argv[1:])
