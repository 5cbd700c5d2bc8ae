"""The open-loop engine: sends each request of its share at its intended time, however late the others are.

It lives on gevent's loop, next to locust's greenlets, and uses io watchers only.
"""

from __future__ import annotations

import gc
from collections import deque
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event

from harness.load.engine import http1
from harness.load.engine.completion import Completion
from harness.load.engine.connection import clock
from harness.load.engine.pool import AT_ONCE, ConnectionPool
from harness.load.engine.setup import address_of, part, protocol, server_name, tls_of
from harness.load.engine.tester_errors import TesterErrors
from harness.load.engine.timer import Timer, timer
from harness.load.plan.load_plan import LoadPlan
from harness.load.plan.schedule import NANOSECONDS, digest_of, share
from harness.load.records.rows import RecordWriter

if TYPE_CHECKING:
    from harness.load.engine.contracts import PooledConnection
    from harness.load.plan.answers import Validate

REAP_S = 0.02
_STANDSTILL_NS = 100_000_000
# So many one after the other: then it is slow, and stands still no longer.
_STANDSTILLS = 5


class Engine:
    """One worker's part of a plan.

    Usage: make it, :meth:`prepare` it, then :meth:`run` with the common start; :meth:`stop` ends it early.

    Attributes:
        pool: its connections; completion: what became of its requests; tester_errors: what it has to tell of itself.
        under_way: requests taken and not yet finished.
        stopped_ns: when :meth:`stop` ended the sending, from the start; None: it ran its course.
        inflight, dirty, holding: for connections: requests sent by the time of sending, who has bytes for this turn,
            who keeps some back until the next reaping.
    """

    def __init__(
        self, plan: LoadPlan, worker: int, workers: int, writer: RecordWriter, validate: Validate | None = None
    ) -> None:
        self.plan, self.worker, self.workers = plan, worker, workers
        self.loop: Any = gevent.get_hub().loop
        self.prefix = plan.prefix.encode()
        self.new_each = plan.connections.new_each
        self.heads = http1.Heads()
        self.inflight: deque[tuple[int, PooledConnection, int]] = deque()
        self.dirty: list[PooledConnection] = []
        self.holding: set[PooledConnection] = set()
        self.tester_errors = TesterErrors()
        self.completion = Completion(self, writer, validate)
        make, self.prepared = protocol(plan)
        self.pool = ConnectionPool(self, make, max(1, part(plan.connections.cap, worker, workers)))
        self.start_ns = 0
        self.stopped_ns: int | None = None
        self.schedule_digest = ""
        self.under_way = 0
        self._times: list[int] = []
        self._cases: list[int] = []
        self._next = 0
        self._running = False
        self._done = Event()
        self._timer: Timer | None = None
        self._timeout = round(plan.timeout_s * NANOSECONDS)
        self._closed_until: int | None = None

    def prepare(self) -> None:
        """Make the schedule, resolve the name, open connections ahead.

        Raises:
            OSError: the name cannot be resolved, or a certificate not be read.
        """
        self.address = address_of(self.plan)
        self.tls = tls_of(self.plan) if self.plan.tls else None
        self.server_name = server_name(self.plan)
        if self.plan.schedule is not None:
            times, cases = self.plan.workload()
            self.schedule_digest = digest_of(times, cases)
            own = share(len(times), self.worker, self.workers)
            self._times = times[own.start :: own.step].tolist()
            self._cases = cases[own.start :: own.step].tolist()
        self.pool.open_ahead(part(self.plan.connections.preconnect, self.worker, self.workers))

    def run(self, start_ns: int) -> None:
        """Send everything and wait until each request has its record.

        Args:
            start_ns: second 0 of the schedule on this machine's monotonic clock.
        """
        self.start_ns = start_ns
        self._running = True
        gc.collect()
        gc.freeze()
        gc.disable()
        reaper = gevent.spawn(self._reap_forever)
        checker = gevent.spawn(self.completion.answer_check.forever)
        try:
            self._begin()
            self._wait()
        finally:
            self._running = False
            gevent.killall([reaper, checker])
            if self._timer is not None:
                self._timer.close()
            self.pool.close()
            self.completion.answer_check.finish()
            self.completion.flush()
            gc.enable()
            gc.unfreeze()

    def stop(self) -> None:
        """Take nothing more off the schedule; what is under way is still waited for."""
        if self._running and self.stopped_ns is None:
            self.stopped_ns = max(0, clock() - self.start_ns)
            self._next = len(self._times)
            self._closed_until = self.start_ns if self._closed_until is not None else None
            self._settle()

    def broke(self, error: Exception | str, what: str = "the tester") -> None:
        """A defect after which the run makes no sense: it ends without waiting for what is under way."""
        self.tester_errors.defect(error, what)
        self.stop()
        self._done.set()

    def sent_by_anyone(self, index: int) -> bool:
        """Whether the id of this index may be on its way; of another worker's share nothing better is known."""
        return index % self.workers != self.worker or index // self.workers < self._next

    def one_less(self) -> None:
        """One request is over."""
        self.under_way -= 1
        if self._closed_until is not None:
            self._next_of_closed_loop()
        elif self.under_way == 0:
            self._settle()

    def _wait(self) -> None:
        """Until each request is over, but not for ever."""
        left = (self.start_ns - clock()) / NANOSECONDS + self.plan.longest_s
        if not self._done.wait(max(0.0, left)):
            self.broke(f"{self.under_way} requests had no end {self.plan.longest_s:.1f} s after the start")

    def _begin(self) -> None:
        now = clock()
        if self.plan.closed_loop is not None:
            gevent.sleep(max(0.0, (self.start_ns - now) / NANOSECONDS))
            self._closed_until = self.start_ns + round(self.plan.closed_loop.seconds * NANOSECONDS)
            for _ in range(part(self.plan.closed_loop.concurrency, self.worker, self.workers)):
                self._next_of_closed_loop()
            self.pool.pump()
            self._settle()
            return
        if not self._times:
            self._done.set()
            return
        self._timer = timer(self.loop, self._tick)
        self._timer.at(self.start_ns + self._times[0])

    def _tick(self) -> None:
        """Send what is due, and set the timer for what is next."""
        try:
            place, start = self._next, self.start_ns
            dispatch = self.pool.dispatch
            times, end = self._times, min(self._next + AT_ONCE, len(self._times))
            now = clock()
            while place < end and times[place] + start <= now:
                self._next = place + 1
                self.under_way += 1
                dispatch(place * self.workers + self.worker, times[place], now, self._cases[place], 0)
                place += 1
                now = clock()
            if self.dirty:
                self._flush()
            if self._timer is None:
                return
            if self._next < len(times):
                self._timer.at(start + times[self._next])
            else:
                # Nothing clears the last expiration: left alone, it would wake the loop for ever.
                self._timer.close()
        except Exception as error:  # noqa: BLE001 -- gevent would print it and never end the run
            if self._timer is not None:
                self._timer.close()
            self.broke(error)

    def _flush(self) -> None:
        dirty, self.dirty = self.dirty, []
        for connection in dirty:
            connection.flush()

    def _next_of_closed_loop(self) -> None:
        now = clock()
        if self._closed_until is None or now >= self._closed_until:
            if self.under_way == 0:
                self._settle()
            return
        number, self._next = self._next, self._next + 1
        self.under_way += 1
        case = number % len(self.prepared)
        self.pool.wait((number * self.workers + self.worker, now - self.start_ns, now, case, 0))

    def _settle(self) -> None:
        over = self._closed_until is None or clock() >= self._closed_until
        if over and self._next >= len(self._times) and self.under_way == 0:
            self._done.set()

    def _reap_forever(self) -> None:
        stood_still = 0
        while True:
            asleep = clock()
            gevent.sleep(REAP_S)
            stood_still = stood_still + 1 if clock() - asleep >= _STANDSTILL_NS else 0
            try:
                # Where this process stood still, answers that lie in the kernel may be in time, and come first.
                if stood_still % _STANDSTILLS == 0:
                    self._reap(clock())
                holding, self.holding = self.holding, set()
                for connection in holding:
                    connection.pour()
                if self.dirty:
                    self._flush()
                self.pool.pump()
            except Exception as error:  # noqa: BLE001 -- without this greenlet no request is given up
                self.tester_errors.defect(error)

    def _reap(self, now: int) -> None:
        limit = now - self._timeout
        inflight = self.inflight
        while inflight and inflight[0][0] <= limit:
            _, connection, key = inflight.popleft()
            connection.expired(key, now)
        self.pool.reap(limit, now)
