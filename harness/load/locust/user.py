"""The engine as a locust user class: ``OpenLoopUser`` and the listeners that start, stop and end a run.

locust keeps its command line, distribution, statistics and web UI. Its users do nothing: requests follow the plan's
schedule, not a number of users, and locust's "users" show the connections that are open.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import gevent
import msgspec
from locust import User, events, task
from locust.runners import LocalRunner, MasterRunner, WorkerRunner

from harness.load.locust import buckets
from harness.load.locust.console import INVALID_EXIT, conclude, guard_logs, show
from harness.load.locust.master import Master
from harness.load.locust.options import add_options, plan_of, renewed
from harness.load.locust.worker import Worker
from harness.load.locust.worker_run import WorkerRun
from harness.load.plan.schedule import NANOSECONDS

if TYPE_CHECKING:
    from locust.env import Environment

    from harness.load.plan.answers import Validate
    from harness.load.plan.load_plan import LoadPlan
    from harness.load.records.worker_facts import WorkerFacts

logger = logging.getLogger("locust.oip")
START_S = 0.2
_ENDLESS_S = 3600.0


class OpenLoopUser(User):
    """A user class to derive from in a locustfile; one is enough.

    Attributes:
        model: of the endpoint, where ``--oip-model`` is not given.
        validate: judges answers in full (:data:`harness.load.plan.answers.Validate`); None: the built-in comparison.
    """

    abstract = True
    model: ClassVar[str] = ""
    validate: ClassVar[Validate | None] = None

    @classmethod
    def plan(cls, environment: Environment, seconds: float | None, workers: int) -> LoadPlan:
        """The plan of a run; override it to send something else.

        Raises:
            ValueError: there is none; says why.
        """
        return plan_of(environment, seconds, workers)

    @task
    def idle(self) -> None:
        """The engine sends; a user only waits to be stopped."""
        gevent.sleep(_ENDLESS_S)


class _ShownRunner(LocalRunner):
    """A local runner whose user count is the open connections."""

    @property
    def user_count(self) -> int:
        integration = getattr(self.environment, "oip_integration", None)
        worker_run = integration.worker_run if integration is not None else None
        return worker_run.engine.pool.open if worker_run is not None else len(self.user_greenlets)


class LocustIntegration:
    """What one locust process does for open-loop load.

    Attributes:
        worker_run: the run under way in this process, if it sends itself.
    """

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.worker_run: WorkerRun | None = None
        self._runs = 0
        self._under_way: Any = None
        self._ending = False
        buckets.install()
        guard_logs()
        options, runner = environment.parsed_options, environment.runner
        self.headless = bool(options and options.headless)
        self._autostart = bool(options and options.autostart)
        self._seconds: float | None = options.run_time if options else None
        if options and (self.headless or self._autostart):
            # The plan ends the run. locust's timer would cut its tail: it knows nothing of preparing and late answers.
            options.run_time = None
        self._master = self._worker = None
        if isinstance(runner, WorkerRunner):
            self._worker = Worker(environment, runner, self._validate())
        elif isinstance(runner, MasterRunner):
            self._master = Master(environment, runner)
        elif isinstance(runner, LocalRunner):
            runner.__class__ = _ShownRunner
        told: Any = environment.events
        told.test_start.add_listener(self._start)
        told.test_stopping.add_listener(self._stop)
        told.quitting.add_listener(self._quit)

    def _start(self, **_: object) -> None:
        if self._worker is None and self._under_way is None:
            self._under_way = gevent.spawn(self._run)

    def _stop(self, **_: object) -> None:
        if self._ending:
            return
        if self._worker is not None:
            self._worker.stop()
        elif self._master is not None:
            self._master.stop()
        elif self.worker_run is not None:
            self.worker_run.stop()

    def _quit(self, **_: object) -> None:
        if self._under_way is not None and not self._ending:
            self._stop()
            self._under_way.join(5)
            if self._under_way is not None and not self._ending:
                self.environment.process_exit_code = INVALID_EXIT

    def _run(self) -> None:
        """One start of the test, from plan to verdict."""
        try:
            workers = self._master.gather() if self._master else 1
            plan = self._user().plan(self.environment, self._wanted(), workers)
            if self._runs:
                plan = renewed(plan)
            self._runs += 1
            directory = Path(getattr(self.environment.parsed_options, "oip_series", None) or "series").resolve()
            directory.mkdir(parents=True, exist_ok=True)
            (directory / f"plan-{plan.prefix}.json").write_bytes(msgspec.json.encode(plan.public()))
            logger.info(
                "plan %s: %.0f s to %s:%d, records in %s", plan.prefix, plan.seconds, plan.host, plan.port, directory
            )
            facts = self._master.run(plan, directory) if self._master else self._alone(plan, directory)
            found = conclude(directory, plan, facts)
            show(found)
            if found.exit_code is not None:
                self.environment.process_exit_code = found.exit_code
        except ValueError as error:  # no plan: a sentence says it all
            logger.error("%s", error)  # noqa: TRY400
            self.environment.process_exit_code = INVALID_EXIT
        except Exception:
            logger.exception("the run cannot be judged")
            self.environment.process_exit_code = INVALID_EXIT
        finally:
            self._end()

    def _alone(self, plan: LoadPlan, directory: Path) -> list[WorkerFacts]:
        worker_run = WorkerRun(self.environment, plan, 0, directory, self._validate())
        worker_run.prepare()
        self.worker_run = worker_run
        try:
            return [worker_run.run(time.monotonic_ns() + round(START_S * NANOSECONDS)).facts]
        finally:
            self.worker_run = None

    def _end(self) -> None:
        self._ending = True
        runner = self.environment.runner
        try:
            if runner is not None and self.headless:
                runner.quit()
            elif runner is not None:
                runner.stop()
        finally:
            self._ending, self._under_way = False, None

    def _wanted(self) -> float | None:
        """Run time: of the command line, or as the web UI gave it last."""
        options = self.environment.parsed_options
        return (options.run_time if options and options.run_time else None) or self._seconds

    def _user(self) -> type[OpenLoopUser]:
        found = [each for each in self.environment.user_classes if issubclass(each, OpenLoopUser)]
        return found[0] if found else OpenLoopUser

    def _validate(self) -> Validate | None:
        return self._user().validate


def _options(parser: Any, **_: object) -> None:  # noqa: ANN401 -- locust's parser
    add_options(parser)


def _init(environment: Environment, **_: object) -> None:
    if any(issubclass(each, OpenLoopUser) for each in environment.user_classes):
        environment.oip_integration = LocustIntegration(environment)  # type: ignore[attr-defined]  # a place to find it again


_events: Any = events
_events.init_command_line_parser.add_listener(_options)
_events.init.add_listener(_init)
