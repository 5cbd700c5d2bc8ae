"""A check that outlives its share is ended, whatever it does, and nothing else is."""

from __future__ import annotations

import contextlib
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from harness.bundle.journal import Journal
from harness.judging.passive.self_check import SelfChecker
from harness.judging.passive.sightings import Sightings
from harness.record.redact import Redactor
from harness.record.store import Recorder
from harness.run import watchdog
from harness.run.watchdog import Outlived, Watchdog

SHARE = 0.3
NEVER = 1e6


@contextlib.contextmanager
def watched(quiet: float, most: float) -> Iterator[Watchdog]:
    before, watchdog.LOOK_SECONDS = watchdog.LOOK_SECONDS, 0.05
    dog = Watchdog(lambda: (quiet, most))
    dog.start()
    try:
        yield dog
    finally:
        dog.stop()
        watchdog.LOOK_SECONDS = before


def loop() -> None:
    while True:
        pass


def catching() -> None:
    """Takes every exception for its own, three times."""
    for _ in range(3):
        with contextlib.suppress(BaseException):
            loop()
    loop()


def waiting() -> None:
    threading.Event().wait()


def locked() -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def searching() -> None:
    re.search(r"(a+)+$", "a" * 60 + "b")  # of the kind that is not used on foreign text


@pytest.mark.parametrize("check", [loop, catching, waiting, locked, searching, lambda: time.sleep(1000)])
def test_whatever_it_does_it_ends(check: Callable[[], None]) -> None:
    with watched(SHARE, NEVER) as dog:
        with pytest.raises(Outlived, match="neither sent nor received"), dog.watching():
            check()
        with dog.watching():
            pass  # the next one is not ended for it


def test_processor_time_ends_one_that_is_heard_of() -> None:
    def busy() -> None:
        while True:
            dog.heard()

    with watched(NEVER, SHARE) as dog, pytest.raises(Outlived, match="processor time"), dog.watching():
        busy()


def test_one_that_is_heard_of_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [0.0]
    monkeypatch.setattr(watchdog, "time", SimpleNamespace(**{**vars(time), "monotonic": lambda: seconds[0]}))
    with watched(1.0, NEVER) as dog, dog.watching():
        for _ in range(10):
            seconds[0] += 0.8
            time.sleep(0.06)  # a look
            dog.heard()


def named(stand_in: Callable[[], Any], method: Callable[..., Any]) -> Callable[[], Any]:
    """The function, which the watchdog takes for the method."""
    stand_in.__code__ = stand_in.__code__.replace(co_qualname=method.__qualname__)
    return stand_in


def test_a_line_of_the_journal_is_written_to_its_end() -> None:
    def append() -> str:
        time.sleep(1.0)
        return "whole"

    written = []

    def check() -> None:
        written.append(named(append, Journal.append)())
        waiting()

    with watched(SHARE, NEVER) as dog, pytest.raises(Outlived), dog.watching():
        check()
    assert written == ["whole"]


@pytest.mark.parametrize("look", [Redactor.text, Sightings.look, SelfChecker.note])
def test_what_looks_at_an_exchange_before_it_is_written_ends(look: Callable[..., Any]) -> None:
    stuck = named(lambda: waiting(), look)  # noqa: PLW0108 -- its code is given another name

    def record() -> None:
        stuck()

    with watched(SHARE, NEVER) as dog, pytest.raises(Outlived), dog.watching():
        named(record, Recorder.record)()


def test_signals_and_timers_of_others_are_left_alone() -> None:
    before = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL), signal.getsignal(signal.SIGVTALRM)
    with watched(SHARE, NEVER), contextlib.suppress(Outlived):
        assert signal.getsignal(signal.SIGALRM) is before[0]
        assert signal.getitimer(signal.ITIMER_REAL)[1] == before[1][1]
    assert signal.getsignal(signal.SIGVTALRM) in (before[2], signal.SIG_IGN)


def test_in_another_thread_nothing_is_watched() -> None:
    dog = Watchdog(lambda: (0.0, 0.0))
    thread = threading.Thread(target=dog.start)
    thread.start()
    thread.join()
    with dog.watching():
        time.sleep(0.1)
    dog.stop()
