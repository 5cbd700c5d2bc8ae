"""Faults that end processes of the user or stop them."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from harness.drills.commands import run
from harness.drills.faults.fault import HARNESS, FaultError, Happening, Undo, done
from harness.drills.faults.members import MemberProcess
from harness.drills.faults.processes import OwnedProcess
from harness.waiting import wait

_DRAIN_S = 10.0
Drilled: TypeAlias = OwnedProcess | MemberProcess


class _Base:
    """What they have in common: processes that run before anything is caused, and afterwards."""

    caused_by = HARNESS

    def __init__(self, name: str, processes: Sequence[Drilled]) -> None:
        self.name = name
        self.processes = tuple(processes)

    @property
    def target(self) -> str:
        """Which process."""
        return ", ".join(each.label for each in self.processes)

    @property
    def undo(self) -> Sequence[Undo]:
        """Start them again, but not those that only the tester starts."""
        return [undo for each in self.processes for undo in each.undo_start]

    @property
    def standing(self) -> Sequence[Undo]:
        """End what only the tester starts."""
        return [undo for each in self.processes for undo in each.undo_end]

    def prepare(self) -> None:
        """Start what only the tester starts, and see that all of them run."""
        for each in self.processes:
            if each.is_ours and not each.runs():
                each.start()
            each.find()
            each.until_ready()

    def close(self) -> None:
        """End what the tester started."""
        for each in self.processes:
            each.close()

    def revert(self) -> Happening:
        """Start again what does not run, and wait until all are ready."""
        return done("the process runs again", self._all_run)

    def _all_run(self) -> str:
        said = [word for each in self.processes if (word := each.run_again())]
        for each in self.processes:
            each.until_ready()
        return "; ".join(said) or "all run"


class Killed(_Base):
    """SIGKILL."""

    def inject(self) -> Happening:
        """Kill it."""
        return done("SIGKILL", self._kill)

    def _kill(self) -> None:
        for each in self.processes:
            each.find()
            each.kill()


class Stopped(_Base):
    """SIGSTOP and SIGCONT."""

    @property
    def undo(self) -> Sequence[Undo]:
        """SIGCONT."""
        return [undo for each in self.processes for undo in each.undo_signal(signal.SIGCONT)]

    def inject(self) -> Happening:
        """Stop it."""
        return done("SIGSTOP", lambda: self._send(signal.SIGSTOP))

    def revert(self) -> Happening:
        """Let it go on."""
        return done("SIGCONT", self._go_on)

    def _go_on(self) -> None:
        self._send(signal.SIGCONT)
        for each in self.processes:
            each.until_ready()

    def _send(self, number: signal.Signals) -> None:
        for each in self.processes:
            each.send(number)


@dataclass(frozen=True, slots=True)
class Drain:
    """How a process is taken out of service before it is ended; without ``argv`` it is not.

    Attributes:
        argv: ``{name}`` and ``{pid}`` in it are the name and the number of the process.
        seconds: between that and SIGTERM.
    """

    argv: Sequence[str] = ()
    seconds: float = 0.0


class Restarted(_Base):
    """SIGTERM, and started again, one process after the other.

    Args:
        delay_s: between the end of a process and its start.
        pause_s: between one that is ready and the next.
    """

    def __init__(
        self,
        name: str,
        processes: Sequence[Drilled],
        *,
        delay_s: float = 0.0,
        pause_s: float = 0.0,
        drain: Drain = Drain(),
    ) -> None:
        super().__init__(name, processes)
        self._delay_s, self._pause_s, self._drain = delay_s, pause_s, drain

    def inject(self) -> Happening:
        """Restart them; returns when the last is ready."""
        return done("SIGTERM and start", self._restart)

    def _restart(self) -> str:
        said = []
        for place, each in enumerate(self.processes):
            if place:
                wait(self._pause_s)
            each.find()
            self._take_out(each)
            said.append(f"{each.label}: {each.end()}")
            wait(self._delay_s)
            each.start()
            each.until_ready()
        return "; ".join(said)

    def _take_out(self, process: Drilled) -> None:
        if self._drain.argv:
            place = {"{name}": process.label, "{pid}": str(process.pid)}
            words = list(self._drain.argv)
            for name, value in place.items():
                words = [word.replace(name, value) for word in words]
            ran = run(words, folder=process.folder, timeout_s=_DRAIN_S)
            if ran.error:
                raise FaultError(f"{process.label} was not drained: {ran.error}")
            wait(self._drain.seconds)
