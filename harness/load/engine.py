"""The open-loop engine: sends each request of its share at its intended time, and writes one record for each.

It lives on gevent's loop, next to locust's greenlets, and uses io watchers only. Nothing is ever skipped: a request
that is late, or that waits for a connection, has its clock running from the intended time.
"""

from __future__ import annotations

import gc
from collections import deque
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event

from harness.load import http1
from harness.load.checking import Checking
from harness.load.link import Link, clock
from harness.load.making import address_of, part, protocol, server_name, tls_of
from harness.load.plan import LoadPlan
from harness.load.records import ABSENT, Flag, RecordWriter, Status
from harness.load.schedule import digest_of, share
from harness.load.timer import Timer, timer

if TYPE_CHECKING:
    from harness.load.answers import Validate

AT_ONCE = 64
"""Requests sent before the loop may look at answers again."""
REAP_S = 0.02
NANO = 1_000_000_000
_PRECONNECT_S = 2.0
_MOST_NOTES = 20
_ENDING_S = 2.0
_STANDSTILL_NS = 100_000_000
Job = tuple[int, int, int, int, int]


def longest_s(plan: LoadPlan) -> float:
    """Seconds from the start after which a run is over, whatever the endpoint does.

    A request may wait for a connection, for that to open and for its answer, each as long as the timeout.
    """
    return plan.seconds + 3 * plan.timeout_s + _ENDING_S


class Engine:
    """One worker's part of a plan.

    Usage: make it, :meth:`prepare` it, then :meth:`run` with the common start; :meth:`stop` ends it early.

    Attributes:
        opened, open, peak_open, peak_queue, cap_hits: of connections.
        unknown_ids: answers with an id of no request under way; unsolicited: answers nobody asked for.
        notes: what a person should know, each once.
        defects, first_defect: errors of the tester itself, and the first of them in words; they blame nobody.
        stopped_ns: when :meth:`stop` ended the sending, from the start; None: it ran its course.
    """

    def __init__(
        self, plan: LoadPlan, worker: int, workers: int, writer: RecordWriter, validate: Validate | None = None
    ) -> None:
        self.plan, self.worker, self.workers, self.writer = plan, worker, workers, writer
        self.loop: Any = gevent.get_hub().loop
        self.prefix = plan.prefix.encode()
        self.new_each = plan.connections.new_each
        self.cap = max(1, part(plan.connections.cap, worker, workers))
        self.heads = http1.Heads()
        self.inflight: deque[tuple[int, Any, int]] = deque()
        self.dirty: list[Any] = []
        self.holding: set[Any] = set()
        self.opened = self.open = self.peak_open = self.peak_queue = self.cap_hits = 0
        self.unknown_ids = self.unsolicited = self.finished = 0
        self.notes: list[str] = []
        self.defects, self.first_defect = 0, ""
        self._unwritable = False
        self.stopped_ns: int | None = None
        self.start_ns = 0
        self.schedule_digest = ""
        self._outstanding = 0
        self._idle: list[Any] = []
        self._links: set[Any] = set()
        self._queue: deque[Job] = deque()
        self._opening: deque[Any] = deque()
        self._times: list[int] = []
        self._cases: list[int] = []
        self._next = 0
        self._running = False
        self._done = Event()
        self._timer: Timer | None = None
        self._timeout = round(plan.timeout_s * NANO)
        self._closed_until: int | None = None
        self._checking = Checking(self, validate)
        self._new, self.prepared = protocol(plan)
        self._known = self._checking.templates

    @property
    def kept(self) -> list[dict[str, Any]]:
        """Exchanges kept for people: the first of each kind of fault."""
        return self._checking.kept

    @property
    def under_way(self) -> int:
        """Requests taken and not yet finished."""
        return self._outstanding

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
        for _ in range(min(self.cap, part(self.plan.connections.preconnect, self.worker, self.workers))):
            self._open()
        deadline = clock() + round(_PRECONNECT_S * NANO)
        while any(not link.ready and link.alive for link in self._opening) and clock() < deadline:
            gevent.sleep(0.005)

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
        checker = gevent.spawn(self._checking.forever)
        try:
            self._begin()
            self._wait()
        finally:
            self._running = False
            gevent.killall([reaper, checker])
            if self._timer is not None:
                self._timer.close()
            self.close()
            self._checking.finish()
            self.flush()
            gc.enable()
            gc.unfreeze()

    def stop(self) -> None:
        """Take nothing more off the schedule; what is under way is still waited for."""
        if self._running and self.stopped_ns is None:
            self.stopped_ns = max(0, clock() - self.start_ns)
            self._next = len(self._times)
            self._closed_until = self.start_ns if self._closed_until is not None else None
            self._settle()

    def close(self) -> None:
        """Close every connection; after the run, or in place of it."""
        for link in list(self._links):
            link.close()

    def note(self, text: str) -> None:
        """Keep a remark, once."""
        if text not in self.notes and len(self.notes) < _MOST_NOTES:
            self.notes.append(text)

    def defect(self, error: Exception | str, what: str = "the tester") -> None:
        """Something of the tester's own failed: the run is INVALID, whatever else was seen."""
        said = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
        text = f"defect in {what}: {said}"
        self.defects += 1
        self.first_defect = self.first_defect or text
        self.note(text)

    def broke(self, error: Exception | str, what: str = "the tester") -> None:
        """A defect after which the run makes no sense: it ends without waiting for what is under way."""
        self.defect(error, what)
        self.stop()
        self._done.set()

    def flush(self) -> None:
        """Hand the records so far to the kernel; where it takes none, the run ends."""
        if self._unwritable:
            return
        try:
            self.writer.flush()
        except Exception as error:  # noqa: BLE001 -- a full disk, or whoever looks at the rows
            self._cannot_write(error)

    def unasked(self) -> None:
        """An answer without a request."""
        self.unsolicited += 1
        self.note("answers came that no request had asked for")

    # What follows is called in the loop.

    def answered(  # noqa: PLR0917 -- names at the call would cost in the hot path
        self, index: int, intended: int, taken: int, sent: int, first: int, done: int,
        body: bytes, number: int, code: int, case: int, flags: int, mark: bytes,
    ) -> bool:  # fmt: skip
        """A whole answer of status ``code``: check it and write its record. False: its connection is in doubt."""
        start = self.start_ns
        row = (
            index, intended, taken - start, sent - start, first - start, done - start,
            len(body), number, code, case, 0,
        )  # fmt: skip
        if not 200 <= code < 300:
            self._record(row, Status.HTTP_ERROR, flags)
            return True
        return self._judge(row, body, mark, flags)

    def replied(  # noqa: PLR0917 -- as above
        self, index: int, intended: int, taken: int, sent: int, first: int, done: int,
        body: bytes, number: int, case: int, flags: int, mark: bytes,
    ) -> bool:  # fmt: skip
        """The same for gRPC with status 0; ``body`` is the message."""
        start = self.start_ns
        row = (
            index, intended, taken - start, sent - start, first - start, done - start,
            len(body), number, 0, case, 0,
        )  # fmt: skip
        return self._judge(row, body, mark, flags)

    def failed(
        self, times: tuple[int, int, int, int, int, int], size: int, number: int, code: int, case: int,
        status: Status, flags: int,
    ) -> None:  # fmt: skip
        """A request without a good answer."""
        start = self.start_ns
        index, intended, *rest = times
        taken, sent, first, done = (each if each == ABSENT else each - start for each in rest)
        self._record((index, intended, taken, sent, first, done, size, number, code, case, 0), status, flags)

    def freed(self, link: Any) -> None:  # noqa: ANN401 -- a Link of one of the protocols
        """The connection has room: what waits goes first."""
        queue = self._queue
        while queue and link.room():
            link.fire(*queue.popleft(), clock())
        if link.room() and not link.listed:
            link.listed = True
            self._idle.append(link)

    def closed(self, link: Link) -> None:
        """A connection is gone."""
        self.open -= 1
        self._links.discard(link)
        if link.listed and len(self._idle) > 4 * self.cap + AT_ONCE:
            self._idle = [each for each in self._idle if each.alive]

    def pump(self) -> None:
        """A connection is gone and its place free: let what waits have a new one."""
        while self._queue and self.open < self.cap:
            self._dispatch(*self._queue.popleft())

    def _judge(self, row: tuple[int, ...], body: bytes, mark: bytes, flags: int) -> bool:
        known = self._known[row[9]]
        if (
            known is not None
            and len(body) == known.size
            and body.startswith(mark, known.at)
            and body.startswith(known.before)
            and body.endswith(known.after)
        ):
            checking = self._checking
            checking.countdown -= 1
            if checking.countdown <= 0 and checking.sample(row, body, mark, flags):
                return True
            self._record(row, Status.OK, flags)
            return True
        return self._checking.doubt(row, body, mark, flags)

    def sent_by_anyone(self, index: int) -> bool:
        """Whether the id of this index may be on its way; of another worker's share nothing better is known."""
        return index % self.workers != self.worker or index // self.workers < self._next

    def settle_later(self, row: tuple[int, ...], status: Status, flags: int) -> None:
        """Write the record of an answer that :class:`Checking` had put off."""
        self._add(row, status, flags)

    def _record(self, row: tuple[int, ...], status: int, flags: int) -> None:
        self._add(row, status, flags)
        self.counted()

    def _add(self, row: tuple[int, ...], status: int, flags: int) -> None:
        if self._unwritable:
            return
        try:
            self.writer.add(*row, status, flags)
        except Exception as error:  # noqa: BLE001 -- raised into the loop, it would leave the run without an end
            self._cannot_write(error)

    def _cannot_write(self, error: Exception) -> None:
        self._unwritable = True
        self.broke(error, "the records")

    def _wait(self) -> None:
        """Until each request is over, but not for ever."""
        left = (self.start_ns - clock()) / NANO + longest_s(self.plan)
        if not self._done.wait(max(0.0, left)):
            self.broke(f"{self._outstanding} requests had no end {longest_s(self.plan):.1f} s after the start")

    def counted(self) -> None:
        """One request is over."""
        self.finished += 1
        self._outstanding -= 1
        if self._closed_until is not None:
            self._next_of_closed_loop()
        elif self._outstanding == 0:
            self._settle()

    def _begin(self) -> None:
        now = clock()
        if self.plan.closed_loop is not None:
            gevent.sleep(max(0.0, (self.start_ns - now) / NANO))
            self._closed_until = self.start_ns + round(self.plan.closed_loop.seconds * NANO)
            for _ in range(part(self.plan.closed_loop.concurrency, self.worker, self.workers)):
                self._next_of_closed_loop()
            self.pump()
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
            times, end = self._times, min(self._next + AT_ONCE, len(self._times))
            now = clock()
            while place < end and times[place] + start <= now:
                self._next = place + 1
                self._outstanding += 1
                self._dispatch(place * self.workers + self.worker, times[place], now, self._cases[place], 0)
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
        for link in dirty:
            link.flush()

    def _dispatch(self, index: int, intended: int, taken: int, case: int, flags: int) -> None:
        idle = self._idle
        while idle:
            link = idle.pop()
            link.listed = False
            if not link.alive:
                continue
            link.fire(index, intended, taken, case, flags, taken if not flags else clock())
            if link.room():
                link.listed = True
                idle.append(link)
            return
        if self.open < self.cap:
            self._open().hold(index, intended, taken, case, flags | Flag.NEW_CONNECTION)
            return
        if not flags & Flag.QUEUED:
            self.cap_hits += 1
        self._queue.append((index, intended, taken, case, flags | Flag.QUEUED))
        self.peak_queue = max(self.peak_queue, len(self._queue))

    def _open(self) -> Any:  # noqa: ANN401 -- a Link of one of the protocols
        self.open += 1
        self.opened += 1
        self.peak_open = max(self.peak_open, self.open)
        link = self._new(self, self.opened)
        self._opening.append(link)
        self._links.add(link)
        return link

    def _next_of_closed_loop(self) -> None:
        now = clock()
        if self._closed_until is None or now >= self._closed_until:
            if self._outstanding == 0:
                self._settle()
            return
        number, self._next = self._next, self._next + 1
        self._outstanding += 1
        case = number % len(self.prepared)
        # Through the queue: the caller is in the midst of freeing or closing the connection that will take it.
        self._queue.append((number * self.workers + self.worker, now - self.start_ns, now, case, 0))
        if self._idle:
            self._dispatch(*self._queue.popleft())

    def _settle(self) -> None:
        over = self._closed_until is None or clock() >= self._closed_until
        if over and self._next >= len(self._times) and self._outstanding == 0:
            self._done.set()

    def _reap_forever(self) -> None:
        while True:
            asleep = clock()
            gevent.sleep(REAP_S)
            if clock() - asleep > _STANDSTILL_NS:
                # This process stood still: answers that lie in the kernel are in time, and come first.
                gevent.sleep(REAP_S)
            try:
                self._reap(clock())
                holding, self.holding = self.holding, set()
                for link in holding:
                    link.pour()
                if self.dirty:
                    self._flush()
                self.pump()
            except Exception as error:  # noqa: BLE001 -- without this greenlet no request is given up
                self.defect(error)

    def _reap(self, now: int) -> None:
        limit = now - self._timeout
        inflight = self.inflight
        while inflight and inflight[0][0] <= limit:
            _, link, key = inflight.popleft()
            link.expired(key, now)
        while self._opening and (self._opening[0].ready or not self._opening[0].alive):
            self._opening.popleft()
        while self._opening and self._opening[0].since <= limit:
            link = self._opening.popleft()
            if not link.ready:
                link.end(Status.TIMEOUT, now)
        while self._queue and self._queue[0][2] <= limit:
            index, intended, taken, case, flags = self._queue.popleft()
            self.failed((index, intended, taken, ABSENT, ABSENT, now), 0, 0, 0, case, Status.NEVER_SENT, flags)
