"""One replica of a cluster, which can be ended and started again at the same place."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.cluster.kept import Kept
from harness.cluster.places import LoopbackPlace
from harness.cluster.reference import command, surroundings
from harness.waiting import wait

START_SECONDS = 60.0
ASKED_EVERY = 0.05
# A replica ends within a second of SIGTERM; one that is stopped does not.
END_SECONDS = 5.0
TAIL = 2000


class ClusterError(Exception):
    """Something of the cluster did not start; the message says what, with its own words."""


class Member:
    """One replica.

    Attributes:
        place: its name and where it listens.
        pid: of the process that runs now, or ran last.
    """

    def __init__(self, place: LoopbackPlace, arguments: Sequence[str], folder: Path) -> None:
        self.place = place
        self._arguments = tuple(arguments)
        self.log = folder / f"{place.name}.log"
        self._process: Kept | None = None

    @property
    def pid(self) -> int:
        """Process id."""
        if self._process is None:
            raise LookupError(f"replica {self.place.name} was never started")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether its process has not ended."""
        return self._process is not None and self._process.running

    def begin(self, *more: str) -> None:
        """Start it, with arguments beside those that it always has; returns before it answers."""
        at = ("--port", str(self.place.port), "--grpc-port", str(self.place.grpc_port), "--replica", self.place.name)
        self.stop()
        self._process = Kept(command(*at, *self._arguments, *more), surroundings(), self.log)

    def start(self, *more: str) -> None:
        """Start it, and wait until it is ready.

        Raises:
            ClusterError: it ended, or was not ready in time.
        """
        self.begin(*more)
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until it says that it is ready.

        Raises:
            ClusterError: it ended, or was not ready in time.
        """
        wait_ready(self.place, lambda: self.running, self.log)

    def signal(self, number: signal.Signals) -> None:
        """Send its process a signal; nothing happens if it has ended."""
        if self._process is not None:
            self._process.signal(number)

    def end(self) -> None:
        """End it as an orchestrator does: SIGTERM, and SIGKILL where that does nothing."""
        process = self._process
        if process is None or not process.running:
            return
        process.signal(signal.SIGTERM)
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.stop()

    def restart(self, *more: str) -> None:
        """End it, start it again, and wait until it is ready; see :meth:`start`."""
        self.end()
        self.start(*more)

    def stop(self) -> None:
        """End its process, whatever state that is in."""
        if self._process is not None:
            self._process.stop()


def wait_ready(place: LoopbackPlace, running: Callable[[], bool], log: Path) -> None:
    """Wait until REST says ready, and somebody takes connections of gRPC.

    Raises:
        ClusterError: it ended, or was not ready in time.
    """
    end = time.monotonic() + START_SECONDS
    while running() and time.monotonic() < end:
        if _is_ready(place):
            return
        wait(ASKED_EVERY)
    said = log.read_text(errors="replace")[-TAIL:].strip() if log.exists() else ""
    how = "was not ready in time" if running() else "ended"
    raise ClusterError(f"{place.name} {how}{f': {said}' if said else ''}")


def _is_ready(place: LoopbackPlace) -> bool:
    asking = http.client.HTTPConnection("127.0.0.1", place.port, timeout=2.0)
    try:
        asking.request("GET", "/v2/health/ready")
        if asking.getresponse().status != 200:
            return False
        socket.create_connection(("127.0.0.1", place.grpc_port), timeout=2.0).close()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asking.close()
    return True
