"""Many inputs compared: as many as the limits of the policy need, as far as time and budget go."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from harness.budget import BudgetExhausted
from harness.declared.rollout import RolloutTable
from harness.endpoint.candidate import recorded_as_candidate
from harness.endpoint.route import AnyRoute
from harness.oracles.equality import Tolerance
from harness.probing.probe import Probe
from harness.probing.rollout.comparing import COMPARED, ComparedInput, Comparing, Likeness
from harness.statistics.binomial import trials_without_failure
from harness.waiting import wait

# A candidate that left so many inputs unanswered is asked no more; nor is a version under test that refused so many.
MOST_UNANSWERED, MOST_REFUSED = 3, 20
# Of the budget that is left, the other half is for other checks.
SHARE = 0.5
# Inputs that are tried for each that is needed: some are refused, and small data types run out of values.
MOST_TIMES = 4
# Requests for one input.
EACH = 4
PAUSE_S = 0.5
# Inputs that are asked over connections of their own before a candidate is called slower.
ASKED_AGAIN = 24


@dataclass(slots=True)
class Comparison:
    """All inputs, in the order in which they were asked.

    Attributes:
        counts: how many came to what.
        stopped: why fewer were compared than planned; empty where all were.
    """

    inputs: list[ComparedInput] = field(default_factory=list)
    counts: Counter[Likeness] = field(default_factory=Counter)
    stopped: str = ""

    def add(self, one: ComparedInput) -> None:
        """Take an input."""
        self.inputs.append(one)
        self.counts[one.likeness] += 1

    @property
    def answered(self) -> int:
        """How many the version under test has answered."""
        return len(self.inputs) - self.counts[Likeness.STABLE_REFUSES]

    @property
    def compared(self) -> list[ComparedInput]:
        """Those that both have answered, each in one way."""
        return [each for each in self.inputs if each.likeness in COMPARED]

    def of(self, likeness: Likeness) -> list[ComparedInput]:
        """Those that came to this."""
        return [each for each in self.inputs if each.likeness is likeness]


def inputs_needed(table: RolloutTable, samples: Sequence[object]) -> int:
    """How many inputs: what the policy asks for, all samples, and as many as decide about a share if none differs."""
    shares = [share for share in (table.min_agreement, table.min_same_decisions) if share is not None]
    return max(table.inputs, len(samples), *(trials_without_failure(share, table.confidence) for share in shares), 1)


def compare_all(probe: Probe, stable: AnyRoute, candidate: AnyRoute) -> Comparison:
    """Ask both for input after input."""
    table = probe.endpoint.policy.rollout
    comparing = Comparing(stable, candidate, Tolerance(table.relative, table.absolute))
    budget = stable.client.budget
    found = Comparison()
    until, at_least = time.monotonic() + budget.seconds_left * SHARE, budget.requests_left * SHARE
    try:
        needed = inputs_needed(table, stable.samples)
        for request, sample in comparing.inputs(probe.endpoint.seed, MOST_TIMES * needed):
            if found.answered >= needed:
                break
            if time.monotonic() > until or budget.requests_left < at_least + EACH:
                found.stopped = "half of the budget that was left is used up"
                break
            found.add(comparing.compare(request, sample=sample))
            found.stopped = _hopeless(found) or _gone(probe, candidate, found.inputs[-1])
            if found.stopped:
                break
    except BudgetExhausted as error:
        found.stopped = str(error)
    probe.repeated = comparing.answered
    return found


def ratios_apart(probe: Probe, stable: AnyRoute, candidate: AnyRoute) -> list[float]:
    """How much longer the candidate takes where every request of both has a connection of its own.

    One connection meets one replica: of several that stand behind an address it may be the slowest, or the fastest.
    """
    comparing = Comparing(stable, candidate, Tolerance())
    clients = (stable.client, candidate.client)
    before = [each.always_fresh for each in clients]
    ratios: list[float] = []
    try:
        for each in clients:
            each.always_fresh = True
        for request, sample in islice(comparing.inputs(probe.endpoint.seed, ASKED_AGAIN), ASKED_AGAIN):
            ratio = comparing.compare(request, sample=sample).ratio
            ratios += [] if ratio is None else [ratio]
    except BudgetExhausted:
        return ratios
    finally:
        for each, usual in zip(clients, before, strict=True):
            each.always_fresh = usual
    return ratios


def _hopeless(found: Comparison) -> str:
    if found.counts[Likeness.UNANSWERED] >= MOST_UNANSWERED:
        return f"the candidate left {MOST_UNANSWERED} inputs unanswered"
    if found.counts[Likeness.STABLE_REFUSES] >= MOST_REFUSED + found.answered:
        return f"the version under test answered only {found.answered} of {len(found.inputs)} inputs"
    if found.counts[Likeness.NOT_NOW] >= MOST_REFUSED:
        return f"the candidate put {MOST_REFUSED} inputs off"
    return ""


def _gone(probe: Probe, candidate: AnyRoute, last: ComparedInput) -> str:
    """Why the candidate cannot be asked any more; a candidate that is started again is waited for."""
    if last.likeness is Likeness.NOBODY:
        return f"no connection to the candidate: {last.words}"
    if last.likeness is not Likeness.UNANSWERED:
        return ""
    patience = probe.endpoint.policy.endpoint.patience
    end = time.monotonic() + patience
    with recorded_as_candidate(candidate.client.recorder):
        while not candidate.client.server_live(fresh=True).ok:
            if time.monotonic() > end:
                return f"the candidate did not serve again within {patience:g} s"
            wait(PAUSE_S)
    return ""
