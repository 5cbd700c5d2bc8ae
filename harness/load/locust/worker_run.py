"""One worker's run of a plan: engine, records, statistics and facts together. The same alone and under a master."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import gevent

from harness.load.engine.engine import Engine
from harness.load.locust.stats import CpuMeter, LocustStats, facts_of
from harness.load.plan.load_plan import LoadPlan
from harness.load.plan.schedule import NANOSECONDS
from harness.load.records.rows import Origin, RecordWriter, records_name
from harness.load.records.run_facts import RunClock, RunFacts, without_secrets, write_facts

if TYPE_CHECKING:
    from locust.env import Environment

    from harness.load.plan.answers import Validate

FLUSH_S = 0.25
ENDING_S = 3.0
"""A stop that comes this near to the end of the plan lets it end: locust's own timers know nothing of its start."""


class WorkerRun:
    """From preparing to the written facts.

    Attributes:
        facts: after :meth:`run`.
        engine: its numbers may be read at any time.
    """

    def __init__(
        self,
        environment: Environment,
        plan: LoadPlan,
        worker: int,
        directory: Path,
        validate: Validate | None = None,
        offset_ns: int = 0,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.plan, self.worker, self._directory = plan, worker, directory
        self.offset_ns = offset_ns
        self.run_name = plan.prefix
        self._stats = LocustStats(environment, plan)
        self._path = directory / records_name(self.run_name, worker)
        self._origin = Origin(worker, plan.workers, plan.digest, time.time_ns())
        self._writer = RecordWriter(self._path, self._origin, seen=self._stats.add)
        self._meter = CpuMeter()
        self.engine = Engine(plan, worker, plan.workers, self._writer, validate)
        self.facts: RunFacts | None = None
        self._over = gevent.event.Event()

    def prepare(self) -> None:
        """Schedule and connections; see :meth:`Engine.prepare`."""
        self.engine.prepare()

    def run(self, start_ns: int) -> RunFacts:
        """Send everything; afterwards records, statistics and facts are complete."""
        self._stats.started = time.time() + (start_ns - time.monotonic_ns()) / NANOSECONDS
        helpers = [gevent.spawn(self._meter.forever), gevent.spawn(self._flush_forever)]
        self._meter.begin()
        finished = False
        try:
            self.engine.run(start_ns)
            finished = self.engine.stopped_ns is None
        finally:
            gevent.killall(helpers)
            self._close()
            self.facts = self._facts(start_ns, finished=finished)
            try:
                write_facts(self._directory, self.facts)
            finally:
                self._over.set()
        return self.facts

    def stop(self) -> None:
        """End early, and wait until what is under way is accounted for."""
        elapsed = (time.monotonic_ns() - self.engine.start_ns) / NANOSECONDS if self.engine.start_ns else 0.0
        if self.plan.seconds - elapsed > ENDING_S or not self.engine.start_ns:
            self.engine.stop()
            elapsed = self.plan.seconds
        self._over.wait(max(0.0, self.plan.seconds - elapsed) + 2 * self.plan.timeout_s + 1)

    def abandon(self) -> RunFacts:
        """Give up before the start: nothing was sent."""
        self.engine.pool.close()
        self._close()
        self.facts = self._facts(0, finished=False)
        write_facts(self._directory, self.facts)
        self._over.set()
        return self.facts

    def _flush_forever(self) -> None:
        while True:
            gevent.sleep(FLUSH_S)
            self.engine.completion.flush()

    def _close(self) -> None:
        try:
            self._writer.close()
        except OSError as error:
            self.engine.tester_errors.defect(error, "the records")

    def _facts(self, start_ns: int, *, finished: bool) -> RunFacts:
        engine = self.engine
        seconds, cpu_seconds, _ = self._meter.total()
        found = RunFacts(
            facts=facts_of(engine, self._meter, finished=finished),
            run=self.run_name,
            plan_digest=self._origin.plan_digest,
            records=self._path.name,
            requests=self._writer.written,
            cpu_us=round(cpu_seconds / max(self._writer.written, 1) * 1e6, 2),
            cpu_seconds=cpu_seconds,
            seconds=seconds,
            lag_us=self._stats.lag_us(),
            clock=RunClock(
                resolution_ns=round(time.get_clock_info("monotonic").resolution * NANOSECONDS),
                start_monotonic_ns=start_ns,
                start_wall_ns=round(self._stats.started * NANOSECONDS),
                offset_to_master_ns=self.offset_ns,
            ),
            stopped_s=None if engine.stopped_ns is None else engine.stopped_ns / NANOSECONDS,
            unsolicited=engine.completion.unsolicited,
            kept=tuple(engine.completion.answer_check.kept),
        )
        return without_secrets(found, self.plan.secrets, self.plan.secret_prefix)
