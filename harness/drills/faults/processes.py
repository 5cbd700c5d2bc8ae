"""Processes of the user, found by their number, its file, or because the tester started them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from harness.drills.commands import code_of, end_group, start
from harness.drills.faults.fault import FaultError, Undo
from harness.drills.kinds import ProcessTable
from harness.drills.undoing import below, command, is_stopped, send_signal, started
from harness.foreign import read_given
from harness.waiting import wait

LOOK_S = 0.02
_MOST_OF_PID_FILE = 4096
_ASK_S, _STOPS_S = 2.0, 2.0
# A command that starts a server and fails does so at once.
_FAILS_S = 0.3
# Servers of the user that were started again and outlive the tester: an object that is thrown away would complain.
_LEFT: list[subprocess.Popen[bytes]] = []


@dataclass(slots=True)
class OwnedProcess:
    """One process that the user declared.

    Attributes:
        table: what was declared.
        folder: in which commands run.
    """

    table: ProcessTable
    folder: str = ""
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _pid: int = field(default=0, init=False)
    _since: str = field(default="", init=False)

    @property
    def label(self) -> str:
        """What the report calls it."""
        return self.table.name or self.table.pid_file or (f"process {self._pid}" if self._pid else "a process")

    @property
    def pid(self) -> int:
        """Its number, once it was found."""
        return self._pid

    @property
    def is_ours(self) -> bool:
        """Whether the tester itself is to start it, and to end it."""
        return self.table.pid is None and not self.table.pid_file

    @property
    def undo_start(self) -> Sequence[Undo]:
        """What starts it again unless it runs, where there is a command that does and it is not the tester's own."""
        if not self.table.start or self.is_ours:
            return ()
        file = str(Path(self.folder, self.table.pid_file).resolve()) if self.table.pid_file else ""
        return (Undo(command("start", str(self._pid), self._since, file, *self.table.start), self.folder),)

    @property
    def undo_end(self) -> Sequence[Undo]:
        """What ends a process that the tester started."""
        child = self._child
        if child is None or not self.is_ours:
            return ()
        return (Undo(command("end", str(child.pid), self._since, f"{self.table.stop_s:g}"), timeout_s=60),)

    def find(self) -> None:
        """Find the process as it runs now.

        Raises:
            FaultError: it does not run, or is none that a fault may hit.
        """
        pid = self._child.pid if self.is_ours and self._child else self._declared()
        if pid in {os.getpid(), os.getppid(), 0, 1}:
            raise FaultError(f"{self.label} is the tester itself, or what started it")
        self._pid, self._since = pid, started(pid)
        if not self._since:
            raise FaultError(f"{self.label} does not run: there is no process {pid}")
        try:
            os.kill(pid, 0)
        except PermissionError:
            raise FaultError(f"{self.label}: process {pid} belongs to somebody else") from None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process that :meth:`find` found, and to no other that has its number by now.

        Raises:
            FaultError: it does not run any more.
        """
        if not self.runs():
            raise FaultError(f"{self.label}: process {self._pid} does not run any more")
        send_signal(str(self._pid), self._since, number.name, self._children)
        # A moment passes until it has taken effect.
        end = time.monotonic() + _STOPS_S
        while number == signal.SIGSTOP and not is_stopped(self._pid) and time.monotonic() < end:
            wait(LOOK_S)

    @property
    def _children(self) -> str:
        return "children" if self.table.children else ""

    def undo_signal(self, number: signal.Signals) -> Sequence[Undo]:
        """What sends it a signal once the tester is gone."""
        return (Undo(command("signal", str(self._pid), self._since, number.name, self._children)),)

    def runs(self) -> bool:
        """Whether the process that was found still runs; one that has ended is reaped."""
        if self._child is not None:
            self._child.poll()
        return bool(self._since) and started(self._pid) == self._since

    def end(self) -> str:
        """SIGTERM, and SIGKILL after ``stop_s``; says which it took."""
        left = [(pid, started(pid)) for pid in below(self._pid)] if self.table.children else []
        if self.runs():
            os.kill(self._pid, signal.SIGTERM)
        in_time = self._gone(self.table.stop_s)
        if not in_time:
            self.kill()
        for pid, since in left:
            send_signal(str(pid), since or "gone", signal.SIGKILL.name)
        if in_time:
            return "ended by SIGTERM"
        return f"killed, since it had not ended {self.table.stop_s:g} s after SIGTERM"

    def kill(self) -> None:
        """SIGKILL; returns when it is gone.

        Raises:
            FaultError: it did not run, or did not go.
        """
        self.send(signal.SIGKILL)
        if not self._gone(self.table.stop_s):
            raise FaultError(f"{self.label}: process {self._pid} is still there {self.table.stop_s:g} s after SIGKILL")

    def start(self) -> None:
        """Start it, if there is a command that does, and find it.

        Raises:
            FaultError: it did not start.
        """
        if self.table.start is None:
            return
        try:
            self._child = start(self.table.start, folder=self.folder)
        except (OSError, ValueError) as error:
            raise FaultError(f"{self.table.start[0]} cannot be started: {error}") from None
        if not self.is_ours:
            _LEFT.append(self._child)
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._child.wait(_FAILS_S)
            if code or self.is_ours:
                raise FaultError(f"{' '.join(self.table.start)} ended at once, with {code_of(code)}")
        self._find_again()

    def run_again(self) -> str:
        """See that it runs: as it is, started here, or by whoever else does; says which, and nothing of the first.

        Raises:
            FaultError: it does not.
        """
        # Whoever watches over it may have started it meanwhile.
        with contextlib.suppress(FaultError):
            self.find()
        if self.runs():
            return ""
        if self.table.start is not None:
            self.start()
            return f"{self.label} was started again"
        # Where only an address tells, that is asked next.
        if self.table.pid_file:
            self._find_again()
        return f"{self.label} was started by somebody else"

    def until_ready(self) -> None:
        """Wait until it serves, where the policy says how that is seen.

        Raises:
            FaultError: it does not within ``ready_s``.
        """
        if not self.table.ready:
            return
        end, said = time.monotonic() + self.table.ready_s, "nothing"
        while time.monotonic() < end:
            try:
                # Never by a proxy of the environment: it is this one process that is asked.
                found = httpx.get(self.table.ready, timeout=_ASK_S, trust_env=False)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                said = str(error) or type(error).__name__
            else:
                if found.status_code == 200:
                    return
                said = f"{found.status_code}"
            wait(LOOK_S)
        raise FaultError(f"{self.label}: {self.table.ready} did not answer 200 within {self.table.ready_s:g} s: {said}")

    def close(self) -> None:
        """End it, if the tester started it for its own drill."""
        child, self._child = self._child, None
        if child is not None and self.is_ours:
            end_group(child, ask_s=self.table.stop_s)

    def _declared(self) -> int:
        if self.table.pid is not None:
            return self.table.pid
        if not self.table.pid_file:
            raise FaultError(f"{self.label} was not started")
        path = Path(self.folder, self.table.pid_file)
        try:
            words = read_given(path, _MOST_OF_PID_FILE).split()
            return int(words[0])
        except (OSError, IndexError, ValueError) as error:
            raise FaultError(f"pid_file = {self.table.pid_file!r} holds no number of a process: {error}") from None

    def _find_again(self) -> None:
        """Its file may name the process from before for a while, or be written a little later."""
        end = time.monotonic() + self.table.ready_s
        while True:
            try:
                return self.find()
            except FaultError:
                if time.monotonic() > end:
                    raise
            wait(LOOK_S)

    def _gone(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while self.runs():
            if time.monotonic() > end:
                return False
            wait(LOOK_S)
        return True
