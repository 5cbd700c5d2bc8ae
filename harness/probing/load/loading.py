"""Load on one model from inside a check: the plan, how it is carried out, and the record of it.

What counts whatever the policy says: wrong answers, answers that never come, an endpoint that is gone. Latency is
judged only by a service level that the policy states; without one it is measured against a level of ours.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from harness.budget import Budget, BudgetExhausted
from harness.bundle.series import LoadSeries, knee_of
from harness.check import Untestable
from harness.endpoint.route import AnyRoute
from harness.load.analysis.load_run import LoadRun
from harness.load.analysis.validity import connections_needed
from harness.load.launch import Progress, nothing
from harness.load.plan.load_plan import PROTOCOLS, Bounds, ClosedLoop, Connections, LoadCase, LoadPlan, ServiceLevel
from harness.load.plan.schedule import Arrivals, Schedule, Stage
from harness.load.records.rows import Status
from harness.probing.load.cases import cases_for, varies
from harness.probing.load.memory import LoadMemories, LoadMemory
from harness.probing.load.records import POINTS, load_series
from harness.probing.load.runner import LoadRunner, LoadStep
from harness.probing.load.validity import NOISE
from harness.probing.replies import status_of
from harness.record.exchange import Transport
from harness.statistics.early_stopping import min_requests
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from harness.probing.probe import Probe

# Sent and accounted for, but not judged: connections are opened and caches filled in it.
WARM_UP_S = 0.5
# The level we measure by where the policy states none: nobody is held to it.
OUR_PERCENTILE, OUR_CONFIDENCE, OUR_LEAST_S, OUR_FACTOR = 0.95, 0.95, 0.1, 10.0
LEAST_RATE, MOST_STEADY_RATE = 1.0, 100.0
# A request may take so many times as long under load as alone before it counts as lost, and ten seconds more.
PATIENCE = 5.0
MOST_CONNECTIONS = 1000
# A worker on one core sends no faster than this with answers checked; a plan above it would only measure the tester.
MOST_RATE_OF_WORKER = 10_000.0
FEW_LATE = 3
# Beyond capacity seconds count, not milliseconds: the tester may be later than when a service level is judged.
ROUGH = Bounds(lag_s=0.1)


@dataclass(slots=True)
class Loader:
    """Load on the model of a check over one transport.

    Attributes:
        alone_s: seconds of one request while nothing else is under way, the middle of some.
        level: the policy's service level, or ours.
        stated: whether it is the policy's.
    """

    probe: Probe
    route: AnyRoute
    bench: LoadRunner
    cases: tuple[LoadCase, ...]
    alone_s: float
    level: ServiceLevel
    stated: bool
    _runs: int = field(default=0, init=False)

    @property
    def budget(self) -> Budget:
        """The budget of the run."""
        return self.route.client.budget

    @property
    def most_rate(self) -> float:
        """Requests a second that may be sent: by the budget, and by what the tester can."""
        allowed = self.budget.limits.rate or math.inf
        return min(allowed, MOST_RATE_OF_WORKER * self.probe.endpoint.policy.load.workers)

    @property
    def steady_rate(self) -> float:
        """The policy's rate; else half of what one client alone gets, at most 100 a second."""
        rate = self.probe.endpoint.policy.load.rate or min(MOST_STEADY_RATE, 0.5 / self.alone_s)
        return self.lowered(rate)

    @property
    def sent(self) -> int:
        """Requests of load that the model has had so far over this transport."""
        return self.memory.sent

    @property
    def first_alone_s(self) -> float:
        """``alone_s`` before the first load on the model."""
        return self.memory.alone_s or self.alone_s

    @property
    def memory(self) -> LoadMemory:
        """What earlier load on the model over this transport has found."""
        return self.probe.model.memory.of(LoadMemories).over(self.route.transport)

    def lowered(self, rate: float) -> float:
        """The rate, or what is allowed of it; a lowered one is said."""
        if rate > self.most_rate:
            self.probe.observe(
                f"the rate is lowered from {rate:.4g} to {self.most_rate:.4g} requests/s: no more is allowed"
            )
        return min(rate, self.most_rate)

    def stages(self, *parts: tuple[float, float]) -> Schedule:
        """Arrivals in stages of (seconds, rate), shortened to what the budget has left.

        Raises:
            BudgetExhausted: nothing worth sending is left.
        """
        expected = sum(seconds * rate for seconds, rate in parts)
        lasting = sum(seconds for seconds, _ in parts)
        share = min(1.0, 0.9 * self.budget.requests_left / max(expected, 1), 0.8 * self.budget.seconds_left / lasting)
        if share < 0.1:
            raise BudgetExhausted(f"the budget leaves {share:.0%} of {expected:.0f} requests in {lasting:.0f} s")
        if share < 1:
            self.probe.observe(f"shortened to {share:.0%} of its time: the budget leaves no more")
        # Poisson arrivals come in crowds. Where a rate is a limit, they are spaced.
        arrivals: Arrivals = "poisson" if self.budget.limits.rate is None else "constant"
        return Schedule(
            stages=tuple(Stage(seconds=seconds * share, rate=rate, arrivals=arrivals) for seconds, rate in parts)
        )

    @property
    def unbounded(self) -> bool:
        """Whether a closed loop may be sent: it keeps neither a rate nor a number."""
        return self.budget.limits.rate is None and self.budget.limits.requests is None

    def plan(
        self, schedule: Schedule | None = None, *, at_once: int = 0, seconds: float = 0.0,
        cases: tuple[LoadCase, ...] = (), warm_up_s: float = WARM_UP_S, timeout_s: float | None = None,
        bounds: Bounds | None = None,
    ) -> LoadPlan:  # fmt: skip
        """A plan for a schedule, or for ``at_once`` requests under way all the time for ``seconds``."""
        access = self.route.client.access
        self._runs += 1
        rate = schedule.peak_rate if schedule else 0.0
        workers = self.probe.endpoint.policy.load.workers
        needed = connections_needed(rate, self.level.latency_s, workers) if schedule else at_once
        return LoadPlan(
            transport=PROTOCOLS[self.route.transport],
            host=access.address.host,
            port=access.address.port,
            tls=access.address.tls,
            ca_file=str(Path(access.ca).resolve()) if access.ca else "",
            cert_file=str(Path(access.cert).resolve()) if access.cert else "",
            authority=access.host_header,
            **self._credentials(),
            cases=cases or self.cases,
            schedule=schedule,
            closed_loop=None if schedule else ClosedLoop(concurrency=at_once, seconds=seconds),
            level=self.level,
            bounds=bounds or Bounds(),
            connections=Connections(
                cap=min(MOST_CONNECTIONS, max(64, needed)), preconnect=min(4, max(1, at_once or 4))
            ),
            seed=self.probe.endpoint.seed,
            prefix=self._prefix(),
            timeout_s=min(self.budget.limits.request_seconds, timeout_s or 10.0 + PATIENCE * self.alone_s),
            warm_up_s=warm_up_s if schedule else 0.0,
            workers=workers,
            max_rate=self.budget.limits.rate,
            private=self.probe.endpoint.policy.sensitive,
        )

    def run(self, plan: LoadPlan, name: str, *, again: bool = True, step: LoadStep | None = None) -> LoadRun:
        """Carry out a plan within the budget, and keep its record.

        With ``again``, a run that noise on the tester's machine has made INVALID is carried out once more.

        Args:
            step: which of several it is, for somebody who watches.

        Raises:
            BudgetExhausted, TesterFailed: nothing was sent, or nobody knows what.
        """
        found = self._once(plan, name, step)
        if again and any(reason.code in NOISE for reason in found.outcome.invalid) and not found.summary.wrong:
            self.probe.observe(f"{name}: INVALID, and once more: {found.outcome.reason}")
            found = self._once(msgspec.structs.replace(plan, prefix=self._prefix(again=True)), name, step)
        return found

    def repeat(self, found: LoadRun, name: str) -> LoadRun:
        """The same plan once more, as a run of its own."""
        plan = msgspec.structs.replace(found.plan, prefix=self._prefix(again=True), **self._credentials())
        return self.run(plan, name, again=False)

    def confirmed(self, found: LoadRun) -> LoadRun:
        """The same once more where a run failed, and that one counts: one stall of machine or network is no verdict.

        Where most requests were late it was no single stall, and nothing is repeated.
        """
        if found.outcome.verdict is not Verdict.FAIL or found.summary.late > found.summary.tried / 2:
            return found
        second = self.repeat(found, "once more, because it failed")
        if second.outcome.verdict is not Verdict.FAIL:
            self.probe.observe(f"failed once, and not again: {found.outcome.reason}")
        return second

    @property
    def knee(self) -> float | None:
        """Where latency began to climb in the runs of this check so far."""
        return knee_of(each for each in self.probe.outcome.series if isinstance(each, LoadSeries))

    def _credentials(self) -> dict[str, Any]:
        """Headers and key as they are now: what a run keeps of its plan has neither."""
        access = self.route.client.access
        headers = access.headers_now()
        if self.route.transport == "grpc":
            headers = tuple((name.lower(), value) for name, value in headers)
        return {"headers": headers, "key_file": str(Path(access.key).resolve()) if access.key else ""}

    def send(
        self, plan: LoadPlan, name: str, hear: Callable[[Progress], None] = nothing, points: int = POINTS,
        step: LoadStep | None = None,
    ) -> LoadRun:  # fmt: skip
        """Carry out a plan once within the budget, and keep its record, whoever was there to answer.

        Args:
            hear: is told how far it is.
            points: of the record over time, at most.
            step: as :meth:`run` takes it.

        Raises:
            BudgetExhausted, TesterFailed: nothing was sent, or nobody knows what.
        """
        planned = len(plan.workload()[0])
        self.budget.take_many(planned)
        # Facts hold answers that were wrong, and those may hold anything: workers leave out what they must not write.
        plan = msgspec.structs.replace(plan, hidden=self.route.client.recorder.redactor.given)
        found = self.bench.carry_out(plan, f"{self.probe.check.slug} {self.probe.model.id}", name, step, hear)
        if plan.private:
            # What is kept of such a plan has no requests: they are sent again from here, and have sizes.
            found = dataclasses.replace(found, plan=msgspec.structs.replace(found.plan, cases=plan.cases))
        if not planned:
            self.budget.used += len(found.merged.rows)
        self.memory.sent += len(found.merged.rows)
        self.probe.outcome.series.append(load_series(found, name, self.route.transport, self.probe.model.id, points))
        return found

    def _once(self, plan: LoadPlan, name: str, step: LoadStep | None) -> LoadRun:
        found = self.send(plan, name, step=step)
        self._met_nobody(found)
        return found

    def _met_nobody(self, found: LoadRun) -> None:
        """End the check where the endpoint was gone meanwhile: what met nobody is judged by no criterion of load."""
        rows = found.merged.rows
        refused = int((rows["status"] == Status.REFUSED).sum())
        there = self.route.client.recorder.continuity
        if refused and there is not None and not found.plan.tls:
            there.met_nobody(f"while there was load: {refused} of {len(rows)} requests met nobody")

    def _prefix(self, *, again: bool = False) -> str:
        """Begins the ids of one run; the same for the same seed, check and model."""
        self._runs += again
        probe = self.probe
        text = f"{probe.endpoint.seed} {probe.check.slug} {probe.model.id} {self._runs}"
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def loader(probe: Probe, transport: Transport) -> Loader:
    """Prepare load on the model of a check; ends the check where there is nothing to send, or no way to send it.

    Raises:
        Untestable: no place for records, a proxy, or a model that accepts nothing.
    """
    bench = probe.endpoint.memory.find(LoadRunner)
    if bench is None:
        raise Untestable("this run has no place for the records of load")
    route = probe.model.over(transport)
    if route.client.access.proxy is not None:
        raise Untestable("load is not sent through a proxy")
    cases = cases_for(probe, transport)
    if varies(probe, transport):
        cases = tuple(msgspec.structs.replace(case, varies=True) for case in cases)
    alone_s = max(alone(route), 1e-4)
    memory = probe.model.memory.of(LoadMemories).over(transport)
    memory.alone_s = memory.alone_s or alone_s
    level, stated = level_of(probe, alone_s)
    probe.repeated = route.accepted().exchange
    return Loader(probe, route, bench, cases, alone_s, level, stated)


def level_of(probe: Probe, alone_s: float) -> tuple[ServiceLevel, bool]:
    """The policy's service level and True, or ours and False."""
    table = probe.endpoint.policy.load
    if table.latency is not None:
        return ServiceLevel(latency_s=table.latency, percentile=table.percentile, confidence=table.confidence), True
    ours = max(OUR_LEAST_S, OUR_FACTOR * alone_s)
    return ServiceLevel(latency_s=ours, percentile=OUR_PERCENTILE, confidence=OUR_CONFIDENCE, min_requests=1), False


def seconds_to_decide(level: ServiceLevel, rate: float, least: float, most: float) -> float:
    """Seconds at a rate after which few late requests still leave a decision, between ``least`` and ``most``."""
    needed = 1.2 * max(min_requests(FEW_LATE, level.percentile, level.confidence), level.min_requests)
    return WARM_UP_S + min(most, max(least, needed / rate))


def alone(route: AnyRoute, tries: int = 5) -> float:
    """Seconds of the accepted request with nothing else under way, the middle of some.

    Raises:
        Untestable: none was answered well.
    """
    request = route.accepted().request
    sent = [route.ask(request) for _ in range(tries)]
    took = sorted(exchange.elapsed_s for exchange in sent if exchange.ok)
    if not took:
        raise Untestable(f"the model answers nothing while it is alone: {status_of(sent[0])}")
    return took[len(took) // 2]
