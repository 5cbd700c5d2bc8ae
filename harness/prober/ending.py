"""How a session ends before its time: by a signal, or because its evidence cannot be written."""

from __future__ import annotations

import contextlib
import signal
import threading
import types
from collections.abc import Iterator

import pytest

from harness.record.disk import CannotRecord
from harness.record.unbroken import after_writing
from harness.run.outcomes import TESTER
from harness.run.session.opening import PreparedRun
from reports.journal.state import BuildError


class Ending:
    """What ended a session before its time, if anything did.

    Attributes:
        why: such as ``SIGINT``; empty where nothing did.
        untold: what could not be written at the end, in words.
    """

    def __init__(self) -> None:
        self.why = ""
        self.untold: list[str] = []

    def listen(self, stack: contextlib.ExitStack) -> None:
        """Let signals end the session where nothing is half written; only the main thread gets any."""
        if threading.current_thread() is not threading.main_thread():
            return
        before = signal.signal(signal.SIGTERM, after_writing(self._terminate))
        stack.callback(signal.signal, signal.SIGTERM, before)
        interrupt = signal.getsignal(signal.SIGINT)
        if callable(interrupt):
            signal.signal(signal.SIGINT, after_writing(interrupt))
            stack.callback(signal.signal, signal.SIGINT, interrupt)

    def _terminate(self, number: int, _: types.FrameType | None) -> None:
        """SIGTERM ends a run as Ctrl-C does: with the evidence so far, and a sentence about it."""
        self.why = signal.Signals(number).name
        raise KeyboardInterrupt

    def note(self, interrupt: pytest.ExceptionInfo[BaseException]) -> None:
        """Note what pytest takes for an interrupt; the first one counts."""
        # CPython 3.11 can raise between two lines; pytest's own rendering of such a traceback breaks down.
        if interrupt._excinfo is not None:  # noqa: SLF001 -- there is no other way to it
            kind, value, trace = interrupt._excinfo  # noqa: SLF001
            interrupt._excinfo = (kind, value, _with_lines(trace) or trace)  # noqa: SLF001
        is_signal = isinstance(interrupt.value, KeyboardInterrupt)
        self.why = self.why or ("SIGINT" if is_signal else str(interrupt.value))

    def of(self, session: pytest.Session) -> str:
        """What ended the session before its time, pytest's own reasons included; empty where nothing did."""
        stopped = self.why or str(session.shouldfail or session.shouldstop or "")
        return "" if stopped in ("False", "True") else stopped

    @contextlib.contextmanager
    def recording(self, run: PreparedRun) -> Iterator[None]:
        """Inside, evidence is written; where it cannot be, the run ends in one line with the tester's exit code."""
        try:
            yield
        except CannotRecord as error:
            where = f", what was recorded is in {run.config.folder}" if run.sent_anything else ""
            told = f"art15: {error}; the run ends here{where}"
            self.why = self.why or str(error)
            raise pytest.exit.Exception(told, returncode=TESTER) from None

    @contextlib.contextmanager
    def last_writes(self, session: pytest.Session) -> Iterator[None]:
        """Inside, files are written at the end of a run; one that cannot be is told, and is no finding."""
        try:
            yield
        except (CannotRecord, OSError, BuildError) as error:
            session.exitstatus = TESTER
            words = getattr(error, "strerror", None) or str(error)
            if words not in self.untold:
                self.untold.append(words)


def _with_lines(trace: types.TracebackType | None) -> types.TracebackType | None:
    """The traceback, every entry of which has a line."""
    if trace is None:
        return None
    line = trace.tb_lineno or trace.tb_frame.f_code.co_firstlineno
    return types.TracebackType(_with_lines(trace.tb_next), trace.tb_frame, trace.tb_lasti, line)
