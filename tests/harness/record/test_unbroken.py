"""No signal comes between an exchange and the line that names it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from harness.record.unbroken import after_writing, interruptible, unbroken


def interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def handled() -> Iterator[None]:
    before = signal.signal(signal.SIGUSR1, after_writing(interrupt))
    yield
    signal.signal(signal.SIGUSR1, before)


def test_a_signal_waits_until_all_is_written() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), unbroken():  # noqa: PT012 -- it is raised at the end
        signal.raise_signal(signal.SIGUSR1)
        done.append("record")
        with unbroken():
            done.append("line")
    assert done == ["record", "line"]


def test_it_comes_at_once_elsewhere() -> None:
    with unbroken():
        pass
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGUSR1)


def test_it_is_not_held_up_by_another_thread() -> None:
    inside, over = threading.Event(), threading.Event()

    def write() -> None:
        with unbroken():
            inside.set()
            over.wait(10)

    thread = threading.Thread(target=write)
    thread.start()
    inside.wait(10)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGUSR1)
    over.set()
    thread.join()


def test_a_failure_inside_is_not_lost() -> None:
    with pytest.raises(KeyboardInterrupt) as caught, unbroken():  # noqa: PT012 -- as above
        signal.raise_signal(signal.SIGUSR1)
        raise OSError("disk")
    assert isinstance(caught.value.__context__, OSError)


def test_what_may_be_interrupted_is_so_within() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), unbroken():  # noqa: PT012 -- it is raised within
        signal.raise_signal(signal.SIGUSR1)
        done.append("before")
        with interruptible():
            done.append("never")
    assert done == ["before"]


def test_after_it_signals_wait_again() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), unbroken():  # noqa: PT012 -- it is raised at the end
        with interruptible():
            done.append("call")
        signal.raise_signal(signal.SIGUSR1)
        done.append("report")
    assert done == ["call", "report"]
