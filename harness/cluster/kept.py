"""A process that ends with this one, however this one ends, and however stuck it is itself."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

SUPERVISOR = Path(__file__).with_name("supervise.py")
STOP_SECONDS = 15.0


class Kept:
    """One process under its supervisor (``supervise.py``), which waits on a pipe of ours.

    Attributes:
        pid: of the process itself, not of the supervisor; signals to it are a fault that it meets alone.
    """

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], output: Path) -> None:
        """Start it.

        Args:
            output: where its standard output and standard error are appended.

        Raises:
            OSError: the command could not be started.
        """
        with output.open("ab") as log:
            self._supervisor = subprocess.Popen(  # noqa: S603 - our own script, our own arguments
                [sys.executable, "-I", str(SUPERVISOR), *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=dict(environ),
                start_new_session=True,
            )
        assert self._supervisor.stdout is not None
        line = self._supervisor.stdout.readline()
        if not line:
            self.stop()
            raise OSError(f"{command[0]} could not be started")
        self.pid = int(line)

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._supervisor.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send the process a signal; nothing happens if it has ended."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self, seconds: float) -> int:
        """Wait for its end; the exit code, 128 + n for signal n.

        Raises:
            subprocess.TimeoutExpired: it still runs.
        """
        return self._supervisor.wait(seconds)

    def stop(self) -> None:
        """End it, also where it is stopped, and return when it is gone."""
        process = self._supervisor
        if process.poll() is None and hasattr(self, "pid"):
            # Until it goes on, a stopped process does nothing about SIGTERM.
            self.signal(signal.SIGCONT)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
