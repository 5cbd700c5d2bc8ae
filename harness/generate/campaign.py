"""Drawing inputs with Hypothesis: a minimal counterexample, or none in n draws with this strategy and seed.

Every setting that Hypothesis would take from its environment (CI profile, database, deadline, source digest as seed) is
fixed here: the same seed sends the same requests wherever it runs. Shrinking has a budget of its own.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

T = TypeVar("T")
SHRINK_CALLS = 60
# A counterexample that hangs costs a whole time limit each time it is tried.
SHRINK_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class CampaignResult(Generic[T]):
    """The smallest counterexample met, and the first one.

    Attributes:
        draws: values drawn up to the first counterexample, itself included.
    """

    smallest: T
    first: T
    draws: int = 0


class _Broken(Exception):
    """A case in which the property does not hold; one class raised in one place, so that shrinking keeps to it."""


class _Ended(BaseException):
    """Ends the search at once; no Exception, so that Hypothesis does not take it for a counterexample to shrink."""


def search(
    strategy: SearchStrategy[T],
    holds: Callable[[T], bool],
    *,
    examples: int,
    seed: int,
    shrink_calls: int = SHRINK_CALLS,
    shrink_seconds: float = SHRINK_SECONDS,
) -> CampaignResult[T] | None:
    """Draw ``examples`` values and give the smallest one for which ``holds`` is false, or None.

    Shrinking ends after ``shrink_calls`` further values, or after ``shrink_seconds`` if that is sooner.

    ``holds`` may raise to end the search; the exception is passed on.
    """
    failing: list[T] = []
    raised: list[Exception] = []
    draws = calls_since = 0
    deadline = 0.0

    def judged(value: T) -> None:
        nonlocal calls_since, deadline, draws
        if failing:
            if calls_since >= shrink_calls or time.monotonic() > deadline:
                raise _Ended
            calls_since += 1
        else:
            draws += 1
        try:
            held = holds(value)
        except Exception as error:
            # As it is, Hypothesis would ask for it again and again; where that hangs, each time for a whole time limit.
            raised.append(error)
            raise _Ended from error
        if not held:
            deadline = deadline or time.monotonic() + shrink_seconds
            failing.append(value)
            raise _Broken

    # Hypothesis reads the source of what it calls, each time: it is short.
    def one(value: T) -> None:
        judged(value)

    drawing = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=False,
        print_blob=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=(HealthCheck.too_slow,),
        report_multiple_bugs=False,
    )
    # Flaky: it failed once and then held. That it failed is what counts; the caller replays it.
    with contextlib.suppress(_Broken, _Ended, hypothesis.errors.Flaky):
        hypothesis.seed(seed)(drawing(given(strategy)(one)))()
    if raised:
        raise raised[0]
    if not failing:
        return None
    # Of equal length the last: Hypothesis goes from there to simpler values.
    smallest = min(reversed(failing), key=lambda value: len(repr(value)))
    return CampaignResult(smallest, failing[0], draws)
