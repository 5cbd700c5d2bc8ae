"""Counts that grow until they are refused, and what holds after each step.

A count is multiplied from step to step. Between two steps that end differently it is halved a few times: what breaks
does so between what works and what is refused. After steps at which something could have died, the endpoint answers
more requests side by side than it has workers: one that is gone leaves every second, fourth or eighth unanswered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from harness.criteria import Criterion
from harness.endpoint.route import AnyRoute
from harness.generate.limits.growth import GrowingCount
from harness.judging.still_serves import alive, serving
from harness.oracles.equality import Outputs, difference
from harness.probing.concurrent import together
from harness.probing.probe import Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange
from harness.waiting import wait
from harness.wire.reading import readable

# Requests side by side of which one meets a worker that is gone: more than a service usually has workers.
SIDE_BY_SIDE, FAR_SIDE_BY_SIDE = 6, 24
# Sizes that are tried between two steps that end differently.
INSIDE = 3
# A step that takes more than this share of the time for one request is the last: the next may rightly take too long.
SHARE = 1 / 16
REST_SECONDS = 2.0
MORE_INPUTS = "many-inputs"
HUNG, CRASHED = Criterion.NO_HANG.clause, Criterion.NO_CRASH.clause

Outcome = Literal["answered", "refused", "broken", "silent"]


def out_of_time(exchange: Exchange) -> bool:
    """Whether there was no whole answer in time; a library of gRPC may say so itself when the deadline passes."""
    return exchange.timed_out or (exchange.rpc is not None and exchange.rpc.name == "DEADLINE_EXCEEDED")


def unanswered(exchange: Exchange) -> bool:
    """Whether there was no answer; one that is longer than the tester reads is one."""
    return out_of_time(exchange) or not exchange.answered or (exchange.error is not None and not exchange.cut)


def outcome_of(exchange: Exchange) -> Outcome:
    """How a step ended; what blames the server, or comes without an answer, is broken."""
    if out_of_time(exchange):
        return "silent"
    if unanswered(exchange):
        return "broken"
    if exchange.rpc is not None:
        blamed = exchange.rpc.name in ("INTERNAL", "UNKNOWN", "DATA_LOSS")
    else:
        blamed = (exchange.status or 0) >= 500 and exchange.status not in (503, 507)
    if blamed:
        return "broken"
    return "refused" if refused(exchange) else "answered"


@dataclass(slots=True)
class Workers:
    """Whether all that answer requests still do, seen by valid ones side by side, over one transport.

    Attributes:
        width: how many go out at once; fewer where so many would keep a slow endpoint longer than one may take.
    """

    probe: Probe
    route: AnyRoute
    width: int
    _lost: int = field(default=0, init=False)

    def begin(self) -> bool:
        """Whether there is anything to be seen: where requests are lost before anything grew, nothing is."""
        accepted = self.route.accepted().exchange
        self.width, usual = readable(self.width, 1, accepted), accepted.elapsed_s
        self.width = max(1, min(self.width, int(self._seconds() / 4 / max(usual, 1e-4))))
        return self.lost() is None

    def lost(self) -> Exchange | None:
        """One of the requests that got no answer; None if all got one."""
        request = self.route.accepted().request
        with self.probe.endpoint.first.recorder.unwatched():
            # A limit of our own: these silences are what is asked for, and none to lose patience over.
            limit = self._seconds()
            sent = together(lambda _: self.route.ask(request, fresh=True, timeout=limit), range(self.width))
        gone = [each for each in sent if unanswered(each)]
        if not any(each.ok for each in sent):
            gone = sent  # all refused, where none was before: nobody is left who could do it
        self._lost = len(gone)
        return gone[0] if gone else None

    def hold(self, after: str, name: str, exchange: Exchange) -> bool:
        """One case: every request gets an answer; a round in which one did not is repeated. Whether it does.

        Args:
            after: what was sent, in words.
            name: of the count, for the root cause.
            exchange: what was sent, which is the evidence.
        """
        missed = self.lost()
        if missed is None:
            self.probe.holds(True, clause=HUNG, expected="", observed="")
            return True
        # The one that asks may be the one that gets no answer: it has time for a few tries.
        seen = alive(self.probe, patience=3 * self._seconds())
        if not serving(self.probe, seen, after):
            return False
        first = self._lost
        wait(REST_SECONDS)  # what is still busy with what was sent is given time
        missed = self.lost() or self.lost()
        counted = f"{first} and then {self._lost} of {self.width} valid requests side by side get no answer"
        return self.probe.holds(
            missed is None,
            clause=HUNG if missed is None or out_of_time(missed) else CRASHED,
            expected="every valid request is answered, as before",
            observed=f"after {after}: {counted} ({status_of(missed) if missed else 'answered again'}); "
            f"before, all of them were",
            exchange=exchange,
            root=f"part-answers-no-more-after:{name}",
        )

    def _seconds(self) -> float:
        return self.probe.endpoint.first.budget.limits.request_seconds


Send = Callable[[int], Exchange]
Judge = Callable[[int, Exchange], None]


@dataclass(slots=True)
class Growth:
    """Grows one count.

    Attributes:
        send: sends the request of a size.
        judge: what is asked of an answer with outputs.
        each: whether the workers are asked after every answer, not only after a step that ends oddly.
        inside: sizes that are tried between two that end differently.
        serves: whether the endpoint serves as before.
        hung: whether a size was left without an answer.
        last: the last exchange.
    """

    probe: Probe
    workers: Workers
    count: GrowingCount
    send: Send
    judge: Judge
    each: bool = False
    inside: int = INSIDE
    serves: bool = field(default=True, init=False)
    hung: bool = field(default=False, init=False)
    last: Exchange | None = field(default=None, init=False)
    _seen: dict[int, Outcome] = field(default_factory=dict, init=False)
    _slow: bool = field(default=False, init=False)

    def run(self, sizes: Sequence[int]) -> bool:
        """Grow through the sizes; whether the endpoint serves afterwards as before."""
        before: int | None = None
        for size in sizes:
            if not self._step(size) or (before is not None and not self._inside(before, size)):
                break
            refused_twice = self._seen[size] == "refused" == self._seen.get(before or 0)
            if self._slow or (self.count.expects == "rows" and refused_twice):
                break  # the next would rightly take too long, or is no more taken than this one
            before = size
        self.probe.observe(f"{self.count.name}: {self._summary()}")
        return self.serves

    @property
    def answered(self) -> bool:
        """Whether any size was answered."""
        return "answered" in self._seen.values()

    def _inside(self, low: int, high: int) -> bool:
        """Halve between two sizes that end differently; whether to go on."""
        for _ in range(self.inside):
            middle = (low + high) // 2
            if self._seen[low] == self._seen[high] or middle in (low, high):
                return True
            if not self._step(middle):
                return False
            low, high = (middle, high) if self._seen[middle] == self._seen[low] else (low, middle)
        return True

    def _step(self, size: int) -> bool:
        """Send one size, judge it, and see whether everybody still answers; whether to go on."""
        limit = self.probe.endpoint.first.budget.limits.request_seconds
        begin = time.monotonic()
        exchange = self.send(size)
        # What is late is asked again on its way, but not without end.
        late = time.monotonic() - begin >= limit
        if out_of_time(exchange) and time.monotonic() - begin < 1.5 * limit:
            exchange = self.send(size)
        smaller = self._summary()
        found = self._seen[size] = outcome_of(exchange)
        self.last, self.hung = exchange, found == "silent"
        self._slow = exchange.cut or exchange.elapsed_s > SHARE * limit
        self.probe.holds(
            not self.hung,
            clause=HUNG,
            expected="an answer, or a refusal, in time",
            observed=f"{self.count.words(size)}, twice: {status_of(exchange)}; other sizes: {smaller}",
            exchange=exchange,
            root=f"no-answer:{self.count.root}",
        )
        if found == "answered" and not exchange.cut:
            self.judge(size, exchange)
        if late or found == "broken" or (self.each and found == "answered"):
            self.serves = self.workers.hold(self.count.words(size), self.count.root, exchange)
        return self.serves and not self.hung

    def _summary(self) -> str:
        return ", ".join(f"{size} {outcome}" for size, outcome in sorted(self._seen.items())) or "none"


def unchanged(probe: Probe, route: AnyRoute, count: GrowingCount) -> Judge:
    """Asks that outputs are those of the valid request, where what grows says nothing of what is computed."""

    def judge(size: int, exchange: Exchange) -> None:
        if count.expects != "same" or not route.steady():
            return
        change = change_by(count, route.outputs(exchange), route.outputs(route.accepted().exchange))
        probe.holds(
            change is None,
            clause=Criterion.NO_SILENT_CHANGE.clause,
            expected="the outputs of the valid request, or a refusal",
            observed=f"{count.words(size)}: {change}",
            exchange=exchange,
            root=f"outputs-changed-by:{count.root}",
        )

    return judge


def change_by(count: GrowingCount, found: Outputs, wanted: Outputs) -> str | None:
    """How outputs differ from those of the valid request, in words; None if they do not.

    An output more is no change where inputs were added: a model may have one for each input that it is given.
    """
    if count.name == MORE_INPUTS:
        found = {name: tensor for name, tensor in found.items() if name in wanted}
    return difference(found, wanted, exact=False)
