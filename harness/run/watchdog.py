"""Ends a check that outlives its share of time, whatever keeps it; the run then goes on with the next one.

Requests have deadlines of their own. What a check does with the answers is bounded too, but by us: this is for what we
did not think of. A signal comes to the main thread, whose handler raises in the middle of whatever runs there: from a
thread that looks twice a second, where the check waits, and from the timer of processor time, where it computes (a
search in a text lets no thread run beside it). That timer nobody else uses: pytest-timeout has the one of real time.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType

from harness.bundle.journal import Journal
from harness.judging.passive.self_check import SelfChecker
from harness.judging.passive.sightings import Sightings
from harness.record.redact import Redactor
from harness.record.store import ExchangeStore, Recorder

_SIGNAL = getattr(signal, "SIGVTALRM", None)
LOOK_SECONDS = 0.5
# A line half written would break the chain of the journal: in these the end of a check has to wait, but not for what
# looks at an exchange before it is written, or after that.
_WHOLE = (*(f"{each.__qualname__}." for each in (Journal, ExchangeStore)), Recorder.record.__qualname__)
_LOOKING = tuple(f"{each.__qualname__}." for each in (Redactor, Sightings, SelfChecker))


class Outlived(BaseException):
    """The check has had its share; no check catches it, since it is no :class:`Exception`."""


@dataclass(slots=True)
class _Watched:
    """A running check: since when nothing was heard of the endpoint, and processor time at its start."""

    quiet_since: float
    cpu: float


class Watchdog:
    """Watches the checks of one run, which are carried out in the main thread.

    Args:
        share: gives the seconds that a check may go on without asking or hearing anything of the endpoint, and the
            seconds of processor time that it may take in all.
    """

    def __init__(self, share: Callable[[], tuple[float, float]]) -> None:
        self._share = share
        self._watched: _Watched | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._before: object = None

    def start(self) -> None:
        """Begin to look; where checks are not in the main thread, or there is no such signal, nothing is watched."""
        if _SIGNAL is None or threading.current_thread() is not threading.main_thread():
            return
        self._before = signal.signal(_SIGNAL, self._bite)
        self._thread = threading.Thread(target=self._look, name="art15-watchdog", daemon=True)
        self._thread.start()
        signal.setitimer(signal.ITIMER_VIRTUAL, LOOK_SECONDS, LOOK_SECONDS)

    def stop(self) -> None:
        """End looking, and leave the signal as it was."""
        if self._thread is None or _SIGNAL is None:
            return
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        self._stop.set()
        self._thread.join()
        signal.signal(_SIGNAL, self._before if callable(self._before) else signal.SIG_IGN)
        self._thread = None

    def heard(self) -> None:
        """Something was sent or has come: the running check is alive."""
        watched = self._watched
        if watched is not None:
            watched.quiet_since = time.monotonic()

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Inside, a check is carried out.

        Raises:
            Outlived: it was ended; says why.
        """
        self._watched = _Watched(time.monotonic(), time.thread_time())
        try:
            yield
        finally:
            self._watched = None

    def _look(self) -> None:
        main = threading.main_thread().ident or 0
        clock = time.pthread_getcpuclockid(main)
        while not self._stop.wait(LOOK_SECONDS):
            watched = self._watched
            # Again and again until it has ended: what catches everything may have caught the first.
            if watched is not None and self._why(watched, time.clock_gettime(clock)) and self._watched is watched:
                signal.pthread_kill(main, _SIGNAL or 0)

    def _bite(self, _: int, frame: FrameType | None) -> None:
        watched = self._watched
        if watched is not None and not _writing(frame) and (why := self._why(watched, time.thread_time())):
            raise Outlived(why)

    def _why(self, watched: _Watched, cpu: float) -> str:
        quiet, most = self._share()
        if time.monotonic() - watched.quiet_since > quiet:
            return f"ended by the watchdog: for {quiet:.0f} s it neither sent nor received anything"
        if cpu - watched.cpu > most:
            return f"ended by the watchdog: it took more than {most:.0f} s of processor time"
        return ""


def _writing(frame: FrameType | None) -> bool:
    while frame is not None:
        name = frame.f_code.co_qualname
        if name.startswith((*_WHOLE, *_LOOKING)):
            return name.startswith(_WHOLE)
        frame = frame.f_back
    return False
