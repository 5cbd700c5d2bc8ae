"""What both benchmarks of load need: processors kept apart, processor time of processes, a percentile in units."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from harness.load.analysis.percentiles import Percentile
from harness.load.analysis.summary import Clock

CORES = sorted(os.sched_getaffinity(0))
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
PATIENCE_S = 20.0


@contextlib.contextmanager
def on(cores: Iterable[int]) -> Iterator[None]:
    """Keep this process, and all it starts, on these processors."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pids: Iterable[int]) -> float:
    """Processor time, of user and system, of these processes with all their threads."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(each[11]) + int(each[12]) for each in fields) * TICK_S


def until(holds: Callable[[], bool], what: str, seconds: float = PATIENCE_S) -> None:
    """Wait until it holds.

    Raises:
        RuntimeError: it does not in time.
    """
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} took longer than {seconds:g} s")
        time.sleep(0.02)


def percentile(clock: Clock, p: float) -> float | None:
    """A percentile in seconds; None where the clock has none."""
    found: Percentile | None = next((each for each in clock.percentiles if each.percentile == p), None)
    return None if found is None else found.value
