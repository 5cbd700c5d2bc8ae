"""Sequences of steps: every two in a row, and drawn ones (Hypothesis state machines) under our own seed.

As with :mod:`harness.generate.campaign`, nothing is taken from the environment and shrinking has a budget.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

# A step that hangs costs a whole time limit each time.
SHRINK_SECONDS = 6.0
NUMBERS = st.integers(0, 63)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do.

    Attributes:
        name: for people; also the name of its rule, with underscores.
        take: does it; the number chooses among its forms. What it gives is what was wrong, None if nothing was.
    """

    name: str
    take: Callable[[int], object | None]


Taken = tuple[tuple[Step, int], ...]


@dataclass(frozen=True, slots=True)
class BrokenJourney:
    """A sequence of steps at whose end something was wrong.

    Attributes:
        taken: what was done.
        found: what the last step gave.
    """

    taken: Taken
    found: Any

    @property
    def words(self) -> str:
        """The steps, in words."""
        return " > ".join(step.name for step, _ in self.taken)


class StepBroken(Exception):
    """A step after which the property did not hold."""


class _Enough(BaseException):
    """Ends the search; no Exception, so that Hypothesis does not take it for a failure of its own."""


class Journey(RuleBasedStateMachine):
    """A state machine that keeps what it did; one subclass per search, since the failure is kept on the class."""

    broken: BrokenJourney | None

    def __init__(self) -> None:
        super().__init__()
        if type(self).broken is not None:
            raise _Enough
        self.taken: Taken = ()

    def go(self, step: Step, number: int) -> None:
        """Take a step.

        Raises:
            StepBroken: something was wrong.
        """
        self.taken = (*self.taken, (step, number))
        found = step.take(number)
        if found is not None:
            type(self).broken = BrokenJourney(self.taken, found)
            raise StepBroken


def every_two(steps: Sequence[Step], then: Step, *, most: int | None = None, seed: int = 0) -> Iterator[BrokenJourney]:
    """Take every two steps in a row, a step twice included, and ``then`` after them; the triples that broke.

    Two steps that have to meet are met surely here, and by drawing only with luck.

    Args:
        most: how many pairs to take at most; ``seed`` says which, if they cannot all be afforded.
    """
    pairs = list(itertools.product(steps, repeat=2))
    if most is not None and most < len(pairs):
        stride = -(-len(pairs) // most)
        pairs = pairs[seed % stride :: stride]
    for number, (first, second) in enumerate(pairs):
        broken = walk(((first, number), (second, number + 1), (then, number + 2)))
        if broken is not None:
            yield broken


def walk(taken: Taken) -> BrokenJourney | None:
    """Take these steps; where it broke, if it did."""
    for position, (step, number) in enumerate(taken):
        found = step.take(number)
        if found is not None:
            return BrokenJourney(taken[: position + 1], found)
    return None


def explore(steps: Sequence[Step], *, examples: int, length: int, seed: int) -> BrokenJourney | None:
    """Draw up to ``examples`` journeys of up to ``length`` steps; the first broken one, shortened, or None.

    Steps may raise to end the search; the exception is passed on.
    """
    journey = _journey(steps)
    drawing = settings(
        max_examples=examples,
        stateful_step_count=length,
        deadline=None,
        database=None,
        derandomize=False,
        print_blob=False,
        phases=(Phase.generate,),
        suppress_health_check=tuple(HealthCheck),
        report_multiple_bugs=False,
    )
    # Flaky: it broke once and then did not. That it broke is what counts.
    with contextlib.suppress(StepBroken, _Enough, hypothesis.errors.Flaky):
        run_state_machine_as_test(hypothesis.seed(seed)(journey), settings=drawing)
    return shortened(journey.broken) if journey.broken is not None else None


def shortened(broken: BrokenJourney) -> BrokenJourney:
    """The journey without the steps that it breaks without, within the budget for shrinking.

    Taking out one step after the other gets further here than Hypothesis does, which spends its runs on the numbers.
    """
    end = time.monotonic() + SHRINK_SECONDS
    for position in reversed(range(len(broken.taken) - 1)):
        if time.monotonic() > end:
            break
        if position < len(broken.taken) - 1:
            broken = walk(broken.taken[:position] + broken.taken[position + 1 :]) or broken
    return broken


def _journey(steps: Sequence[Step]) -> type[Journey]:
    """A machine with one rule for each step."""
    members: dict[str, Any] = {"broken": None}
    for step in steps:
        members[step.name.replace(" ", "_").replace("-", "_")] = _rule(step)
    return type("DrawnJourney", (Journey,), members)


def _rule(step: Step) -> Callable[[Any, int], None]:
    def go(self: Journey, number: int) -> None:
        self.go(step, number)

    made: Callable[[Any, int], None] = rule(number=NUMBERS)(go)
    return made
