"""Load from a process that must not import locust: master and workers are children, watched, and always ended.

Each child is a process group of its own, so that Ctrl-C reaches only this process, which ends them by their ids. Its
standard input is a pipe from here: a launcher that is killed takes them with it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

import harness
from harness.load.analysis.load_run import LoadRun, read_run
from harness.load.last_words import LastWords
from harness.load.plan.load_plan import LoadPlan, decode_plan, share_plan
from harness.load.plan.orders import TELL, Beat, Done, Event, Failed, Order, Ready
from harness.record.children import environment
from harness.waiting import wait

HOST = "127.0.0.1"
START_S, END_S, SLACK_S = 60.0, 2.0, 10.0
_TRIES = 3
_EVENTS = msgspec.json.Decoder(Event)
# Of folders for temporary files; the id of the launcher follows.
_HOME = "art15-load-"
_LOCUST = [sys.executable, "-P", "-m", "locust", "-f", str(Path(__file__).parent / "locust" / "fleet.py"), "--headless"]


class LaunchError(Exception):
    """The tester itself could not be started, or ended; the endpoint is not to blame. Says what was seen."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: requests that are over, of those that are planned (0: not known), and seconds."""

    finished: int
    planned: int
    seconds: float
    of_seconds: float


def nothing(_: Progress) -> None:
    """No progress is shown."""


def run_load(
    plan: LoadPlan, folder: Path, progress: Callable[[Progress], None] = nothing, *, workers: int = 1
) -> LoadRun:
    """Carry out one plan with a master and workers of its own.

    Raises:
        LaunchError: they could not be started.
    """
    with Fleet(workers) as fleet:
        return fleet.run(plan, folder, progress)


@dataclass(slots=True)
class Fleet:
    """A master and workers, started with the first plan and kept for the next ones, until :meth:`stop`.

    After a run in which one of them was lost, the next one starts with new processes.
    """

    workers: int = 1
    _master: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _others: list[subprocess.Popen[bytes]] = field(default_factory=list, init=False)
    _home: tempfile.TemporaryDirectory[str] | None = field(default=None, init=False)
    _words: list[LastWords] = field(default_factory=list, init=False)
    _shared: int = field(default=-1, init=False)
    _ear: int = field(default=-1, init=False)
    _heard: bytes = field(default=b"", init=False)

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids: the master's first; empty while there are none."""
        return (self._master.pid, *(other.pid for other in self._others)) if self._master else ()

    def start(self) -> None:
        """Start the processes, unless they are there.

        Raises:
            LaunchError: they did not become ready; the message holds their last words.
        """
        if self._master is not None:
            return
        if importlib.util.find_spec("locust") is None:
            raise LaunchError("load needs locust, which is not installed: pip install locust")
        why = ""
        for _ in range(_TRIES):
            try:
                self._start()
                if (why := self._until_ready()) == "":
                    return
            except BaseException:
                self.stop()
                raise
            why = f"{why} {self._last_words()}".strip()
            self.stop()
        raise LaunchError(f"the load generator did not start: {why}")

    def run(self, plan: LoadPlan, folder: Path, progress: Callable[[Progress], None] = nothing) -> LoadRun:
        """Carry out one plan; records and facts go to ``folder``. Ends by itself, whatever endpoint and workers do.

        Raises:
            LaunchError: the processes could not be started.
        """
        self.start()
        # As the workers will read it: 3 becomes 3.0, or the digests would differ.
        plan = decode_plan(msgspec.json.encode(msgspec.structs.replace(plan, workers=self.workers)))
        folder.mkdir(parents=True, exist_ok=True)
        whole = False
        try:
            share_plan(self._shared, plan)
            whole = self._carry_out(plan, Order(plan=self._shared, directory=str(folder.resolve())), progress)
            codes = {number: other.poll() for number, other in enumerate(self._others)}
        finally:
            if not whole:
                self.stop()
        found = read_run(plan, folder, codes, whole=whole)
        if any(each.lost for each in found.facts):
            self.stop()
        return found

    def stop(self) -> None:
        """End all processes: ask, then terminate, then kill; returns when they are gone. A second time does nothing."""
        everyone = [each for each in (*self._others, self._master) if each is not None]
        self._master, self._others = None, []
        for each in everyone:
            if each.stdin is not None:
                with contextlib.suppress(OSError):
                    each.stdin.close()
        for number in (None, signal.SIGTERM, signal.SIGKILL):
            for each in everyone:
                if number is not None and each.poll() is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(each.pid, number)
            _wait(everyone, END_S)
        for words in self._words:
            words.ended(END_S)
        self._words = []
        for descriptor in (self._ear, self._shared):
            if descriptor >= 0:
                os.close(descriptor)
        self._ear, self._shared, self._heard = -1, -1, b""
        if self._home is not None:
            self._home.cleanup()
            self._home = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self) -> None:
        # A home of its own: no settings of the user's locust, and nothing of ours in the current folder.
        sweep()
        self._home = tempfile.TemporaryDirectory(prefix=f"{_HOME}{os.getpid()}-")
        port = str(_free_port())
        self._shared = _nameless()
        self._ear, mouth = os.pipe()
        try:
            self._master = self._child(
                ["--master", "--expect-workers", str(self.workers), "--users", str(self.workers), "--only-summary"],
                ["--master-bind-host", HOST, "--master-bind-port", port],
                tells=mouth,
            )
        finally:
            os.close(mouth)
        for _ in range(self.workers):
            self._others.append(self._child(["--worker"], ["--master-host", HOST, "--master-port", port]))

    def _child(self, *arguments: Sequence[str], tells: int | None = None) -> subprocess.Popen[bytes]:
        home = self._home.name if self._home else ""
        root = str(Path(harness.__file__).resolve().parents[1])
        environ = {key: value for key, value in environment(HOME=home).items() if not key.startswith("LOCUST_")}
        environ |= {"PYTHONPATH": os.pathsep.join(filter(None, (root, environ.get("PYTHONPATH"))))}
        # Another gevent in the launcher's environment would decide about the loop; numbers are made on one thread.
        environ |= {"OPENBLAS_NUM_THREADS": "1", **({} if tells is None else {TELL: str(tells)})}
        child = subprocess.Popen(  # noqa: S603 -- our own interpreter and arguments
            [*_LOCUST, *(part for group in arguments for part in group)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=home,
            env=environ,
            pass_fds=(self._shared,) if tells is None else (self._shared, tells),
            process_group=0,
        )
        assert child.stdout is not None
        self._words.append(LastWords(child.stdout))
        return child

    def _until_ready(self) -> str:
        """Why it does not become ready; empty: it is."""
        deadline = time.monotonic() + START_S
        while (now := time.monotonic()) < deadline:
            for event in self._events(min(0.2, deadline - now)):
                return "" if isinstance(event, Ready) else str(event.why if isinstance(event, Failed) else event)
            gone = [each for each in (self._master, *self._others) if each is None or each.poll() is not None]
            if gone:
                return f"a process ended with exit code {gone[0].returncode if gone[0] else None}."
        return f"it was not ready after {START_S:g} s."

    def _carry_out(self, plan: LoadPlan, order: Order, progress: Callable[[Progress], None]) -> bool:
        """Hand out the plan and wait for its end; False: there was none."""
        master = self._master
        assert master is not None
        assert master.stdin is not None
        planned = len(plan.workload()[0])
        begin = time.monotonic()
        deadline = begin + plan.longest_s + SLACK_S
        try:
            master.stdin.write(msgspec.json.encode(order) + b"\n")
            master.stdin.flush()
        except OSError:
            return False
        while (now := time.monotonic()) < deadline:
            for event in self._events(0.25):
                if isinstance(event, Done):
                    return True
                if not isinstance(event, Beat):
                    return False
                progress(Progress(event.finished, planned, now - begin, plan.seconds))
            if master.poll() is not None:
                return False
        return False

    def _events(self, seconds: float) -> list[Event]:
        """What the master has said, waiting up to so long for it."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._ear, selectors.EVENT_READ)
            if not selector.select(seconds):
                return []
        data = os.read(self._ear, 1 << 16)
        if not data:
            wait(min(seconds, 0.05))  # its end is closed: it is about to end
        *lines, self._heard = (self._heard + data).split(b"\n")
        return [_EVENTS.decode(line) for line in lines]

    def _last_words(self) -> str:
        return " | ".join(each.text[-600:] for each in self._words if each.text)


def _nameless() -> int:
    """A descriptor of a file that no folder has, for what holds credentials; in memory where the system can."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("plan")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def sweep() -> None:
    """Remove the homes of launchers that were killed, which nobody else will."""
    for path in Path(tempfile.gettempdir()).glob(f"{_HOME}*"):
        number = path.name.removeprefix(_HOME).partition("-")[0]
        ours = not path.is_symlink() and path.is_dir() and path.stat().st_uid == os.getuid()
        if ours and number.isdecimal() and not _alive(int(number)):
            shutil.rmtree(path, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _wait(processes: Sequence[subprocess.Popen[bytes]], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    for each in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            each.wait(max(0.0, deadline - time.monotonic()))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
