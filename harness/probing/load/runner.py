"""What sends the load of a run: how much a profile tries, and one fleet of processes for all checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from harness.budget import Limits
from harness.check import TesterFailed
from harness.load.analysis.load_run import LoadRun
from harness.load.launch import Fleet, LaunchError, Progress, nothing
from harness.load.plan.load_plan import LoadPlan
from harness.load.plan.schedule import Schedule


@dataclass(frozen=True, slots=True)
class ProfileSizes:
    """How much a profile tries: seconds of each scenario, runs of the search for capacity, requests that may wear."""

    steady_s: float
    closed_s: float
    at_once: tuple[int, ...]
    probe_s: float
    probes: int
    tolerance: float
    overload_s: float
    watch_s: float
    spike_s: float
    wear_requests: int
    wear_s: float


PROFILE_SIZES = {
    "quick": ProfileSizes(4.0, 0.8, (4, 32), 1.5, 4, 0.5, 2.0, 4.0, 1.5, 1000, 4.0),
    "standard": ProfileSizes(8.0, 1.0, (1, 8, 32), 2.0, 6, 0.2, 3.0, 6.0, 3.0, 6000, 15.0),
    "deep": ProfileSizes(30.0, 3.0, (1, 4, 16, 64), 10.0, 16, 0.05, 10.0, 20.0, 30.0, 100_000, 120.0),
}


@dataclass(frozen=True, slots=True)
class LoadStep:
    """Which of several: runs of a check, or stages of one run; a search may end ``early``."""

    number: int
    of: int
    early: bool = False


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """How far load is, for somebody who watches.

    Attributes:
        check: which one sends, and on which model.
        name: of the run.
        step: None where there is only one.
    """

    check: str
    name: str
    step: LoadStep | None
    now: Progress


def _silent(_: LoadProgress | None) -> None:
    pass


@dataclass(slots=True)
class LoadRunner:
    """Makes load for a whole run: one fleet of processes, started when it is first needed.

    Attributes:
        folder: where records go, inside the bundle.
        profile, limits: of the run.
        show: is told how far load is, and of nothing at its end.
    """

    folder: Path
    profile: str
    limits: Limits
    show: Callable[[LoadProgress | None], None] = _silent
    _fleet: Fleet | None = field(default=None, init=False)

    @property
    def extent(self) -> ProfileSizes:
        """How much to try."""
        return PROFILE_SIZES[self.profile]

    def carry_out(
        self, plan: LoadPlan, check: str, name: str, step: LoadStep | None = None,
        hear: Callable[[Progress], None] = nothing,
    ) -> LoadRun:  # fmt: skip
        """Carry out one plan; ``hear`` is told of its progress as well.

        Args:
            check, name, step: see :class:`LoadProgress`; without a step, it is the stage of the plan.

        Raises:
            TesterFailed: the processes that send could not be started.
        """
        fleet = self._fleet_for(plan)

        def show(now: Progress) -> None:
            hear(now)
            self.show(LoadProgress(check, name, step or stage_at(plan.schedule, now.seconds), now))

        try:
            return fleet.run(plan, self.folder, show)
        except LaunchError as error:
            raise TesterFailed(str(error)) from None
        finally:
            self.show(None)

    def get_ready(self, plan: LoadPlan) -> None:
        """Start the processes now: the plan is to begin at a moment that does not wait for them.

        Raises:
            TesterFailed: they could not be started.
        """
        try:
            self._fleet_for(plan).start()
        except LaunchError as error:
            raise TesterFailed(str(error)) from None

    def _fleet_for(self, plan: LoadPlan) -> Fleet:
        if self._fleet is None or self._fleet.workers != plan.workers:
            self.close()
            self._fleet = Fleet(plan.workers)
        return self._fleet

    def close(self) -> None:
        """End the processes; a second time does nothing."""
        if self._fleet is not None:
            self._fleet.stop()
            self._fleet = None


def stage_at(schedule: Schedule | None, seconds: float) -> LoadStep | None:
    """Which stage of its schedule a run is in; None where there is only one."""
    stages = schedule.stages if schedule is not None else ()
    if len(stages) < 2:
        return None
    over = sum(seconds >= end for end in accumulate(stage.seconds for stage in stages))
    return LoadStep(min(over + 1, len(stages)), len(stages))
