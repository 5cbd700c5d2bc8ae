"""What sends the load of a run: how much a profile tries, and one fleet of processes for all checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.budget import Limits
from harness.check import TesterFailed
from harness.load.analysis.load_run import LoadRun
from harness.load.launch import Fleet, LaunchError, Progress, nothing
from harness.load.plan.load_plan import LoadPlan


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


@dataclass(slots=True)
class LoadRunner:
    """Makes load for a whole run: one fleet of processes, started when it is first needed.

    Attributes:
        folder: where records go, inside the bundle.
        profile, limits: of the run.
        say: shows a line of progress.
    """

    folder: Path
    profile: str
    limits: Limits
    say: Callable[[str], None] = lambda _: None
    _fleet: Fleet | None = field(default=None, init=False)

    @property
    def extent(self) -> ProfileSizes:
        """How much to try."""
        return PROFILE_SIZES[self.profile]

    def carry_out(self, plan: LoadPlan, name: str, hear: Callable[[Progress], None] = nothing) -> LoadRun:
        """Carry out one plan; ``hear`` is told of its progress as well.

        Raises:
            TesterFailed: the processes that send could not be started.
        """
        fleet = self._fleet_for(plan)

        def show(now: Progress) -> None:
            hear(now)
            of = f" of {now.planned}" if now.planned else ""
            rate = f", {now.finished / now.seconds:.0f}/s" if now.seconds >= 1 else ""
            self.say(f"{name}: {now.finished}{of} requests{rate}, {now.seconds:.0f} of {now.of_seconds:.0f} s")

        try:
            return fleet.run(plan, self.folder, show)
        except LaunchError as error:
            raise TesterFailed(str(error)) from None
        finally:
            self.say("")

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
