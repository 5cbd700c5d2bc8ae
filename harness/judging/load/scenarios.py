"""The scenarios of load that several checks carry out, over either transport."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from harness.budget import BudgetExhausted
from harness.check import TesterFailed
from harness.criteria import Advice
from harness.load.analysis.capacity_search import Capacity, Search
from harness.load.analysis.degradation import Recovery, Shedding, recovery_of, refused_of, shedding_of
from harness.load.analysis.drift import Drift, drifts_of
from harness.load.analysis.load_run import LoadRun
from harness.load.analysis.summary import response_without_lag_of, tried_of
from harness.load.plan.schedule import NANOSECONDS
from harness.load.records.rows import Rows, Status
from harness.probing.load.loading import LEAST_RATE, ROUGH, Loader, seconds_to_decide
from harness.probing.load.runner import LoadStep
from harness.probing.load.validity import sound
from harness.wire.access import AccessError
from harness.wire.rest import RestClient

if TYPE_CHECKING:
    from harness.probing.probe import Probe

# More clients together should get no less than fewer: half of it still allows for what changing between them costs.
KEPT_SHARE = 0.5
AFTER_SHARE = 0.2
CONFIRMING_S, LEAST_ERRORS = 3.0, 3
POLL_S, POLL_TIMEOUT_S = 0.4, 2.0
RECOVERS = Advice.RECOVERS.clause
# Readiness is untrue only if nothing at all is answered around the question, more than once, though much is asked.
AROUND_S, LEAST_ASKED, LEAST_UNTRUE = 1.0, 5, 3


def throughputs(load: Loader) -> dict[int, LoadRun]:
    """Closed loop at several numbers of requests under way; the rate is throughput, its latency judges nothing."""
    found: dict[int, LoadRun] = {}
    extent = load.bench.extent
    for number, at_once in enumerate(extent.at_once, 1):
        # A rate cannot be kept in a closed loop; where one is asked for, there is no such run.
        plan = load.plan(at_once=at_once, seconds=extent.closed_s, timeout_s=5.0)
        run = load.run(plan, f"closed loop, {at_once} at once", step=LoadStep(number, len(extent.at_once)))
        found[at_once] = run
        load.probe.observe(
            f"closed loop, {at_once} at once: {run.summary.ok_rate:.1f} answers/s (throughput; its latencies leave out "
            "what a fixed rate would have had to wait)"
        )
    load.memory.throughput = max(run.summary.ok_rate for run in found.values())
    return found


def throughput(load: Loader) -> float:
    """The most answers a second that a closed loop has got; measured now where it was not."""
    known = load.memory
    if known.throughput is None:
        if not load.unbounded:
            return min(load.most_rate, 1 / load.alone_s)
        run = load.run(load.plan(at_once=16, seconds=1.5, timeout_s=5.0), "closed loop, 16 at once")
        known.throughput = run.summary.ok_rate
    if not known.throughput:
        raise TesterFailed("a closed loop got no answer: there is no rate to begin with")
    return known.throughput


def search_capacity(load: Loader) -> tuple[Capacity, dict[float, LoadRun]]:
    """Double, then bisect, each rate in a run of its own; what was found, and the last run of each rate."""
    table, extent = load.probe.endpoint.policy.load.capacity, load.bench.extent
    about = throughput(load)
    most = load.lowered(table.most or 4 * about)
    least = min(table.least or min(LEAST_RATE, about / 4), most)
    search = Search(
        start=max(least, min(most, about / 4)),
        least=least,
        most=most,
        tolerance=table.tolerance or extent.tolerance,
        budget=table.runs or extent.probes,
    )
    runs: dict[float, LoadRun] = {}
    while (rate := search.next_rate) is not None:
        seconds = table.seconds or seconds_to_decide(load.level, rate, extent.probe_s, 3 * extent.probe_s)
        step = LoadStep(len(search.probes) + 1, search.budget, early=True)
        try:
            run = load.run(load.plan(load.stages((seconds, rate))), f"capacity, {rate:.4g}/s", again=False, step=step)
        except BudgetExhausted as error:
            if not runs:
                raise
            load.probe.observe(f"the search ends early: {error}")
            break
        run = load.confirmed(run)
        runs[rate] = run
        search = search.fed(rate, run.outcome.verdict)
    return search.found, runs


@dataclass(frozen=True, slots=True)
class ReadinessAnswer:
    """Readiness as it was answered: when (monotonic ns), and whether it said ready; None: no answer."""

    at_ns: int
    ready: bool | None


@dataclass(slots=True)
class Watch:
    """Asks for readiness while load goes on, over REST, on connections of its own."""

    probe: Probe
    asked: list[ReadinessAnswer] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Watch:
        if self.probe.endpoint.rest is not None:
            self._thread = threading.Thread(target=self._ask, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join(2 * POLL_TIMEOUT_S)

    def _ask(self) -> None:
        client = self.probe.client
        model = self.probe.model
        path = client.model_path(model.name, model.address, "ready")
        with RestClient(client.access, client.recorder, client.budget) as own:
            own.waits = False
            while not self._over.wait(POLL_S):
                at = time.monotonic_ns()
                try:
                    answer = own.send("GET", path, timeout=POLL_TIMEOUT_S)
                except (BudgetExhausted, AccessError):
                    return
                self.asked.append(ReadinessAnswer(at, answer.status == 200 if answer.answered else None))

    def untrue(self, found: LoadRun) -> tuple[int, int]:
        """How often it said ready while nothing was answered for a second either side; how often it was asked."""
        from harness.judging.load.answers import successes_at  # noqa: PLC0415 -- which imports this room's plans

        start = found.start_ns
        if start is None:
            return 0, 0
        wrong = 0
        for each in self.asked:
            second = (each.at_ns - start) * 1e-9
            if not (AROUND_S <= second <= found.plan.seconds - AROUND_S) or not each.ready:
                continue
            asked, answered = successes_at(found, second - AROUND_S, second + AROUND_S)
            wrong += asked >= LEAST_ASKED and answered == 0
        return wrong, len(self.asked)


@dataclass(frozen=True, slots=True)
class Overload:
    """More than the endpoint can do for a while, and what came then; rates in requests a second."""

    run: LoadRun
    watch: Watch
    capacity: float
    rate: float
    shedding: Shedding | None
    recovery: Recovery | None
    bound_s: float

    @property
    def queue_s(self) -> float:
        """Seconds of work that had queued up at the end of the overload, if nothing of it was refused."""
        if self.shedding is None or self.shedding.refused or not self.capacity:
            return 0.0
        schedule = self.run.plan.schedule
        seconds = schedule.stages[1].seconds if schedule is not None else 0.0
        return max(0.0, self.rate / self.capacity - 1) * seconds


def overload(load: Loader, *, rate: float, base: float, seconds: float, capacity: float, name: str) -> Overload:
    """Base load, ``rate`` for some seconds, and base load again while it is watched."""
    extent, table = load.bench.extent, load.probe.endpoint.policy.load
    queued = max(0.0, rate / max(capacity, 1e-9) - 1) * seconds
    watched = max(extent.watch_s, min(1.5 * extent.watch_s, table.recovery + queued + 2))
    before = 1.5
    schedule = load.stages((before, base), (seconds, rate), (watched, base))
    first, second = schedule.stages[0].seconds, schedule.stages[1].seconds
    # Whoever queues what is too much answers late; only longer than that is no answer.
    timeout = min(load.budget.limits.request_seconds, max(5.0, 3 * seconds))
    plan = load.plan(schedule, timeout_s=timeout, bounds=ROUGH)
    with Watch(load.probe) as watch:
        run = load.run(plan, name)
    rows, bound = run.merged.rows, max(load.level.latency_s * 5, 1.0)
    shed = shedding_of(
        rows, transport=plan.transport, start_s=first, end_s=first + second, bound_s=bound,
        percentile=load.level.percentile, capacity=capacity,
    )  # fmt: skip
    back = recovery_of(
        rows, end_s=first + second, latency_s=load.level.latency_s, percentile=load.level.percentile, hold_s=1.5
    )
    return Overload(run, watch, capacity, rate, shed, back, bound)


def recovers(load: Loader, seen: Overload) -> None:
    """The tail is back within the time that the policy gives it."""
    back, allowed = seen.recovery, load.probe.endpoint.policy.load.recovery
    if back is None:
        return
    load.probe.observe(back.sentence)
    if seen.queue_s > 0:
        # Refusing nothing is held against nobody, and what has queued up takes its time.
        load.probe.observe(f"what had queued up takes about {seen.queue_s:.1f} s, which are allowed too")
        allowed += seen.queue_s
    if back.seconds is None and back.watched_s < allowed:
        return  # nobody watched long enough to say
    took = back.watched_s if back.seconds is None else back.seconds
    load.probe.holds(
        back.seconds is not None and took <= allowed, clause=RECOVERS, observed=back.sentence, root="does-not-recover",
        expected=f"the tail back within {allowed:g} s of the end of the overload",
    )  # fmt: skip


def rising(found: LoadRun) -> Drift | None:
    """The middle of latency, or the errors, if they rise over the run; a tail alone may be the machine's noise.

    A refusal is no error that creeps in: a limit on the rate lets a first crowd pass. Nothing rises in a run in which
    the tester did not send and listen all the time.
    """
    if not sound(found):
        return None
    return next((drift for drift in drifts_of(_judged(found)) if drift.rises and drift.quantity != "tail"), None)


def stays(load: Loader, drift: Drift, rate: float) -> bool:
    """Whether a second, shorter run shows at least half of the rise all through: what goes away was noise."""
    again = load.run(load.plan(load.stages((CONFIRMING_S, rate))), "once more, because it got slower")
    return sound(again) and shows(again, drift)


def shows(again: LoadRun, drift: Drift) -> bool:
    """Whether the quantity of a drift is nearer to its end than to its beginning, warm-up left out."""
    rows = tried_of(_judged(again))
    good = rows["status"] == Status.OK
    middle = (drift.first + drift.last) / 2
    if drift.quantity == "errors":
        return int((~good).sum()) >= LEAST_ERRORS and float((~good).mean()) >= middle
    if not good.any():
        return False
    percentile = 99 if drift.quantity == "tail" else 50
    return float(np.percentile(response_without_lag_of(rows[good]), percentile)) / NANOSECONDS >= middle


def _judged(found: LoadRun) -> Rows:
    """What is neither warm-up nor refused."""
    rows = found.merged.rows
    begun = rows["intended"] >= round(found.plan.warm_up_s * NANOSECONDS)
    judged: Rows = rows[begun & ~refused_of(rows, found.plan.transport)]
    return judged


def mean_base(load: Loader, capacity: float) -> float:
    """A load that an endpoint of this capacity does easily."""
    return min(load.steady_rate, AFTER_SHARE * capacity, load.most_rate)
