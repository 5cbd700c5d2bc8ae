"""One budget for all suites and transports: requests, rate, time, bytes of a body. It is never exceeded.

Every request of every transport passes through :meth:`Budget.take`, or is counted before it is scheduled
(:meth:`Budget.take_many`); nothing else limits traffic.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from harness import waiting

MEBIBYTE = 1 << 20


class BudgetExhausted(Exception):
    """The run may send nothing more; checks that still need a request are untestable, with this reason."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may cost the endpoint and this machine.

    Attributes:
        rate: requests per second on average, with no bursts; None is unlimited.
        requests: requests in the whole run; None is unlimited.
        seconds: wall time of the whole run; None is unlimited.
        request_seconds: time for one request, from connect to the last byte of its answer.
        body_bytes: most bytes of one response body that are read; the rest is cut and said so.
        evidence_bytes: most bytes that the evidence takes on disk; None is unlimited.
        by_profile: whether ``seconds`` are what the profile states, and nobody asked for them.
    """

    rate: float | None = None
    requests: int | None = None
    seconds: float | None = None
    request_seconds: float = 10.0
    body_bytes: int = 16 * MEBIBYTE
    by_profile: bool = False
    evidence_bytes: int | None = None


@dataclass(slots=True)
class Budget:
    """Hands out permissions to send; safe for many threads.

    Attributes:
        request_seconds: time that one request gets; as the limits say, but for what :meth:`allowing` allows, and for
            an endpoint that was seen to need more.
        admit: asked before anything is sent; raises where it may not be.
    """

    limits: Limits = field(default_factory=Limits)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = waiting.wait
    admit: Callable[[], None] = lambda: None
    used: int = field(default=0, init=False)
    request_seconds: float = field(init=False)
    _started: float = field(init=False)
    _next: float = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self.request_seconds = self.limits.request_seconds
        self._started = self.clock()
        self._next = self._started

    @property
    def seconds_left(self) -> float:
        """Seconds until the run must be over; infinity without a limit."""
        if self.limits.seconds is None:
            return float("inf")
        return self.limits.seconds - (self.clock() - self._started)

    @property
    def requests_left(self) -> float:
        """Requests that may still be sent; infinity without a limit."""
        return float("inf") if self.limits.requests is None else self.limits.requests - self.used

    def begin(self) -> None:
        """Count the time of the run from now on: what was waited for before it is no part of it."""
        self._started = self.clock()

    @contextlib.contextmanager
    def allowing(self, seconds: float) -> Iterator[float]:
        """Meanwhile a request may take so long, if that is more than usual; gives the time that it may take."""
        usual = self.request_seconds
        self.request_seconds = max(usual, seconds)
        try:
            yield min(self.request_seconds, max(0.0, self.seconds_left))
        finally:
            self.request_seconds = usual

    def refuse_if_over(self) -> None:
        """End what waited for an answer until the time of the run was up: it was not given the time of a request.

        Raises:
            BudgetExhausted: the time is up.
        """
        if self.seconds_left <= 0:
            raise BudgetExhausted(f"the time budget of {self.limits.seconds:g} s is used up")

    def take_many(self, count: int) -> None:
        """Count requests that go out on a schedule of their own, which keeps the rate by itself.

        Raises:
            BudgetExhausted: there are not so many left; none is counted.
        """
        self.admit()
        with self._lock:
            if count > self.requests_left:
                raise BudgetExhausted(f"{count} requests would exceed the budget of {self.limits.requests}")
            if self.seconds_left <= 0:
                raise BudgetExhausted(f"the time budget of {self.limits.seconds:g} s is used up")
            self.used += count

    def take(self) -> float:
        """Wait for the rate limit, count one request, and give its time limit in seconds.

        Raises:
            BudgetExhausted: the number of requests or the time of the run is used up.
        """
        self.admit()
        with self._lock:
            if self.limits.requests is not None and self.used >= self.limits.requests:
                raise BudgetExhausted(f"the budget of {self.limits.requests} requests is used up")
            now = self.clock()
            wait = max(0.0, self._next - now)
            if self.seconds_left - wait <= 0:
                raise BudgetExhausted(f"the time budget of {self.limits.seconds:g} s is used up")
            if self.limits.rate is not None:
                self._next = max(now, self._next) + 1.0 / self.limits.rate
            self.used += 1
        if wait:
            self.sleep(wait)
        return min(self.request_seconds, self.seconds_left)
