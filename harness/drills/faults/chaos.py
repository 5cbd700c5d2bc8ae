"""Experiments of Chaos Toolkit as faults: run while the fault is held, and judged by their journal."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from harness.drills.commands import Ran, code_of, end_group, start
from harness.drills.faults.fault import CHAOS, FaultError, Happening, Undo, done
from harness.drills.kinds import ChaosFault
from harness.drills.undoing import command, started
from harness.foreign import MEBIBYTE, read_given
from harness.record.quoting import clip_end

MOST_JOURNAL = 16 * MEBIBYTE
_MOST_SAID = 2000
# An experiment that cannot be read ends at once.
_FAILS_S = 0.5


class _Provider(msgspec.Struct, frozen=True):
    type: str = ""


class _Named(msgspec.Struct, frozen=True):
    name: str = ""
    type: str = ""
    provider: _Provider = _Provider()


class ChaosActivity(msgspec.Struct, frozen=True):
    """One action, probe or rollback that was carried out; times as the journal has them, UTC."""

    activity: _Named = _Named()
    status: str = ""
    output: object = None
    start: str = ""
    end: str = ""

    @property
    def came_to(self) -> str:
        """``succeeded``, or what else; Chaos Toolkit itself only warns of a process that fails."""
        code = self.output.get("status") if isinstance(self.output, dict) else 0
        if self.status == "succeeded" and self.activity.provider.type == "process" and code:
            return f"ended with exit code {code}"
        return self.status


class _SteadyState(msgspec.Struct, frozen=True):
    steady_state_met: bool | None = None


class _SteadyStates(msgspec.Struct, frozen=True):
    before: _SteadyState | None = None
    after: _SteadyState | None = None


class ChaosJournal(msgspec.Struct, frozen=True):
    """What Chaos Toolkit's journal says of a run; of all else nothing is read."""

    status: str = ""
    deviated: bool = False
    steady_states: _SteadyStates = _SteadyStates()
    run: list[ChaosActivity] = []
    rollbacks: list[ChaosActivity] = []

    def trouble(self) -> str:
        """Why the experiment was no fault that can be judged; empty where it was."""
        before = self.steady_states.before
        if before is not None and before.steady_state_met is False and not self.run:
            return "the experiment was not carried out: its own steady state did not hold before its method"
        for each in self.rollbacks:
            if each.came_to != "succeeded":
                return f"its rollback {each.activity.name!r} {each.came_to}: what it caused may stand"
        for each in self.run:
            if each.activity.type == "action" and each.came_to != "succeeded":
                return f"its action {each.activity.name!r} {each.came_to}"
        return "" if self.status in {"completed", "failed"} else f"the experiment was {self.status or 'not begun'}"

    def told(self) -> str:
        """What happened in it, a line each."""
        lines = [f"status {self.status}, deviated {str(self.deviated).lower()}"]
        for name, state in (("before", self.steady_states.before), ("after", self.steady_states.after)):
            if state is not None and state.steady_state_met is not None:
                lines.append(f"steady state {name}: {'met' if state.steady_state_met else 'not met'}")
        for word, acts in (("method", self.run), ("rollback", self.rollbacks)):
            lines += [f"{word}: {each.activity.name} {each.came_to}, {each.start} to {each.end}" for each in acts]
        return "\n".join(lines)


def read_chaos_journal(path: Path) -> ChaosJournal:
    """Read a journal.

    Raises:
        FaultError: there is none, or it is none.
    """
    try:
        return msgspec.json.decode(read_given(path, MOST_JOURNAL), type=ChaosJournal)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FaultError(f"the experiment left no journal that can be read ({error})") from None


@dataclass(slots=True)
class Experiment:
    """One experiment; see :class:`harness.drills.faults.fault.DrillFault`."""

    table: ChaosFault
    folder: str = ""
    name: str = "chaos"
    caused_by: str = CHAOS
    standing: Sequence[Undo] = ()
    _home: Path | None = field(default=None, init=False)
    _running: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def target(self) -> str:
        """The file of the experiment."""
        return self.table.experiment

    @property
    def undo(self) -> Sequence[Undo]:
        """Ask the experiment to end, which it does with its rollbacks; one that has ended cannot be asked."""
        # The number of one that was waited for may be another's by now.
        if self._running is None or self._running.poll() is not None or not (since := started(self._running.pid)):
            return ()
        pid, seconds = self._running.pid, self.table.timeout_s
        return (Undo(command("end", str(pid), since, f"{seconds:g}"), timeout_s=seconds + 10),)

    def prepare(self) -> None:
        """See that Chaos Toolkit and the experiment are there."""
        self._program()
        if not Path(self.folder, self.table.experiment).is_file():
            raise FaultError(f"experiment = {self.table.experiment!r} is no file, seen from {self.folder or 'here'}")

    def inject(self) -> Happening:
        """Begin the experiment; what it does, and when, its journal says afterwards."""
        return done("the experiment was begun", self._begin)

    def revert(self) -> Happening:
        """Wait for its end, or ask for it; its rollbacks run either way."""
        return done("the experiment has ended", self._end)

    def close(self) -> None:
        """Throw its files away."""
        if self._running is not None:
            end_group(self._running, ask_s=self.table.timeout_s)
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)

    def _program(self) -> list[str]:
        if self.table.program:
            return self.table.program
        if importlib.util.find_spec("chaostoolkit") is not None:
            return [sys.executable, "-m", "chaostoolkit"]
        raise FaultError("Chaos Toolkit is not installed here: pip install 'art15[chaos]', or program = [...]")

    def _begin(self) -> Ran:
        self._home = self._home or Path(tempfile.mkdtemp(prefix="art15-chaos-"))
        self._journal.unlink(missing_ok=True)
        argv = (
            *self._program(), "--no-version-check", "--log-file", str(self._home / "log"), "run", "--journal-path",
            str(self._journal), "--rollback-strategy", "always", self.table.experiment,
        )  # fmt: skip
        with self._said.open("wb") as said:
            self._running = start(argv, folder=self.folder, output=said.fileno())
        try:
            code = self._running.wait(_FAILS_S)
        except subprocess.TimeoutExpired:
            return Ran(argv, None, "")
        error = "" if self._journal.is_file() else f"it ended at once with {code_of(code)}"
        return Ran(argv, code, self._last_words(), error)

    def _end(self) -> Ran | str:
        running = self._running
        if running is None:
            return "it was not begun"
        hurried = ""
        try:
            running.wait(self.table.timeout_s)
        except subprocess.TimeoutExpired:
            hurried = f"; it did not end within {self.table.timeout_s:g} s and was asked to roll back"
            os.kill(running.pid, signal.SIGTERM)
            try:
                running.wait(self.table.timeout_s)
            except subprocess.TimeoutExpired:
                end_group(running)
        self._running = None
        argv = tuple(str(word) for word in running.args) if isinstance(running.args, tuple) else ()
        try:
            journal = read_chaos_journal(self._journal)
        except FaultError as error:
            return Ran(argv, running.returncode, self._last_words(), f"{error}{hurried}")
        trouble = journal.trouble()
        return Ran(argv, running.returncode, journal.told(), f"{trouble}{hurried}" if trouble else "")

    @property
    def _journal(self) -> Path:
        assert self._home is not None
        return self._home / "journal.json"

    @property
    def _said(self) -> Path:
        assert self._home is not None
        return self._home / "said"

    def _last_words(self) -> str:
        return clip_end(read_given(self._said, 64 * MEBIBYTE).decode("utf-8", "replace"), _MOST_SAID).strip()
