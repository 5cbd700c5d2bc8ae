"""Drawn sequences of steps (Hypothesis state machines) under our own seed: the shortest one that breaks something.

As with :mod:`harness.generate.campaign`, nothing is taken from the environment and shrinking has a budget.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

SHRINK_RUNS = 25


class StepBroken(Exception):
    """A step after which the property did not hold; raised by :meth:`Journey.broke` only."""


class _ShrunkEnough(BaseException):
    """Ends shrinking; no Exception, so that Hypothesis does not shrink towards it."""


@dataclass(frozen=True, slots=True)
class BrokenJourney:
    """A sequence of steps at whose end something was wrong.

    Attributes:
        steps: what was done, in words.
        found: what a step said when it gave up, whatever it is.
        times: how many journeys were broken, those of shrinking included.
    """

    steps: tuple[str, ...]
    found: Any
    times: int = 1


class Journey(RuleBasedStateMachine):
    """A state machine that keeps what it did; one subclass per search, since failures are kept on the class."""

    failures: list[BrokenJourney]
    runs_since: int
    shrink_runs: int

    def __init__(self) -> None:
        super().__init__()
        kind = type(self)
        if kind.failures:
            kind.runs_since += 1
            if kind.runs_since > kind.shrink_runs:
                raise _ShrunkEnough
        self.steps: list[str] = []

    def step(self, text: str) -> None:
        """Note what is being done."""
        self.steps.append(text)

    def broke(self, found: object) -> None:
        """End the journey with a failure.

        Raises:
            StepBroken: always.
        """
        type(self).failures.append(BrokenJourney(tuple(self.steps), found))
        raise StepBroken


def explore(
    journey: type[Journey], *, examples: int, steps: int, seed: int, shrink_runs: int = SHRINK_RUNS
) -> BrokenJourney | None:
    """Take up to ``examples`` journeys of up to ``steps`` steps; the shortest broken one, or None.

    Rules may raise to end the search; the exception is passed on.
    """
    journey.failures, journey.runs_since, journey.shrink_runs = [], 0, shrink_runs
    drawing = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize=False,
        print_blob=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=tuple(HealthCheck),
        report_multiple_bugs=False,
    )
    # Flaky: it broke once and then did not. That it broke is what counts.
    with contextlib.suppress(StepBroken, _ShrunkEnough, hypothesis.errors.Flaky):
        run_state_machine_as_test(hypothesis.seed(seed)(journey), settings=drawing)
    if not journey.failures:
        return None
    smallest = min(journey.failures, key=lambda failure: len(failure.steps))
    return replace(smallest, times=len(journey.failures))
