"""One repetition of a drill: load at a constant rate; meanwhile the fault is caused, held and always taken back.

The load goes out from processes of their own and does not wait for the fault, nor the fault for the load: both are
placed on one monotonic clock afterwards.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from harness.drills.account import Account, account_of
from harness.drills.declared import Drill
from harness.drills.faults.fault import FaultError, Happening
from harness.drills.injector import Injector
from harness.load.analysis.load_run import LoadRun
from harness.load.analysis.percentiles import NANO
from harness.load.launch import Progress

# Between two looks at whether the load has begun or ended.
_LOOK_S = 0.05
# For the processes that send, to start.
START_S = 90.0


class DrillEnding(StrEnum):
    """How a repetition ended."""

    CARRIED_OUT = "carried out"
    NOT_RUN = "not run"
    """The baseline was not clean: nothing is said of the endpoint."""
    INTERRUPTED = "interrupted"
    """The run ended meanwhile."""
    INVALID = "invalid"
    """The tester was late or away, or did not send all that was planned: nothing is said of the endpoint."""
    FAULT_FAILED = "fault failed"
    """The fault could not be caused, or not be taken back: the tester's part."""


@dataclass(frozen=True, slots=True)
class Repetition:
    """What one repetition came to.

    Attributes:
        ending, reason: how it ended, and why where it was not carried out.
        run: of the load; None where there was none.
        injected, reverted: what was done to cause the fault and to take it back.
        account: None unless the load was sent, and the fault caused and taken back.
    """

    ending: DrillEnding
    reason: str
    run: LoadRun | None = None
    injected: Happening | None = None
    reverted: Happening | None = None
    account: Account | None = None


@dataclass(slots=True)
class Caused:
    """What was done to cause the fault of one repetition and to take it back.

    Attributes:
        error: says what went wrong.
        tried: whether it may have been caused.
    """

    injected: Happening | None = None
    reverted: Happening | None = None
    error: str = ""
    tried: bool = False

    def inject(self, injector: Injector, drill: Drill) -> None:
        """Cause it."""
        self.tried = True
        try:
            self.injected = injector.inject(drill)
        except FaultError as error:
            self.injected, self.error = error.happening, f"the fault was not caused: {error}"

    def revert(self, injector: Injector, drill: Drill) -> None:
        """Take it back, if it was caused at all."""
        if not self.tried:
            return
        try:
            self.reverted = injector.revert(drill)
        except FaultError as error:
            self.reverted = error.happening
            self.error = "; ".join(filter(None, (self.error, f"the fault was not taken back: {error}")))


class Load(Protocol):
    """Sends the load of one repetition and returns what became of it; ``progress`` hears how far it is."""

    def __call__(self, progress: Callable[[Progress], None]) -> LoadRun: ...


@dataclass(slots=True)
class _Sending:
    """The load, under way in a thread: this one makes the fault, and hears Ctrl-C."""

    load: Load
    begun: threading.Event = field(default_factory=threading.Event)
    run: LoadRun | None = None
    error: BaseException | None = None
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._send, name="load of a drill", daemon=True)
        self.thread.start()

    def _send(self) -> None:
        try:
            self.run = self.load(self._hear)
        except BaseException as error:  # noqa: BLE001  (raised again in the thread that waits)
            self.error = error
        finally:
            self.begun.set()

    def _hear(self, progress: Progress) -> None:
        if progress.finished:
            self.begun.set()

    def result(self) -> LoadRun:
        """Wait for the end of the load.

        Raises:
            BaseException: what ended it.
        """
        while self.thread.is_alive():
            self.thread.join(_LOOK_S)
        if self.error is not None:
            raise self.error
        assert self.run is not None
        return self.run


def repetition(load: Load, injector: Injector, drill: Drill, slow_s: float, done: Caused) -> Repetition:
    """Carry out one repetition; the fault is reverted before it returns or raises, if it was caused at all.

    Args:
        load: sends for the seconds of all phases, and some more.
        injector: causes the fault; ``drill`` was prepared on it.
        slow_s: bound of the latency of a correct answer.
        done: is told what was done, whatever ends it.
    """
    sending = _Sending(load)
    try:
        _wait_for(sending, drill.baseline_s)
        if sending.thread.is_alive():
            done.inject(injector, drill)
            if not done.error:
                _wait_for(sending, drill.hold_s)
    finally:
        done.revert(injector, drill)
    return _judged(sending.result(), done, slow_s)


def _wait_for(sending: _Sending, seconds: float) -> None:
    """Wait until the load has begun, and then so long, or until it has ended."""
    sending.begun.wait(START_S)
    end = time.monotonic() + seconds
    while sending.thread.is_alive() and (left := end - time.monotonic()) > 0:
        sending.thread.join(min(left, _LOOK_S))


def _judged(run: LoadRun, done: Caused, slow_s: float) -> Repetition:
    injected, reverted = done.injected, done.reverted
    if done.error:
        return Repetition(DrillEnding.FAULT_FAILED, done.error, run, injected, reverted)
    if injected is None or reverted is None or run.start_ns is None:
        return Repetition(DrillEnding.NOT_RUN, "the load ended before the fault was caused", run)
    fault_s, undone_s = ((at - run.start_ns) * NANO for at in (injected.began_ns, reverted.ended_ns))
    account = account_of(run.merged, fault_s, undone_s, run.plan.workload()[0], slow_s)
    unclean = account.before.bad + account.before.slow
    reason = ""
    if unclean:
        reason = f"the baseline was not clean: {unclean} of {account.before.sent} requests failed or were slow"
    elif not account.before.sent or not account.after.sent:
        reason = "nothing was sent before the fault, or after it was taken back"
    ending = DrillEnding.NOT_RUN if reason else DrillEnding.CARRIED_OUT
    return Repetition(ending, reason, run, injected, reverted, account)
