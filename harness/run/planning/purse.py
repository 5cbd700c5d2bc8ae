"""What is left of a budget, and whether a check still fits; only for runs whose requests or time are limited."""

from __future__ import annotations

import math
from collections.abc import Iterable

from harness.budget import Budget
from harness.check import Check
from harness.run.planning.prerequisites import Blocked
from harness.run.planning.telling import Cost, Prices
from harness.run.results import BUDGET
from harness.verdicts import Verdict

LEFT_OUT = "left out: it takes more than the rest of the budget"
# A pair of checks that frame the run may take this share of it; else both are left out.
FRAME = 0.5
# A check that only has to be first goes before all that tells more, so it may take no more than this share.
AHEAD = 0.1
# While no more than this share of the time is needed, nothing has to be passed over, and the order stays as it is.
AMPLE = 0.5
# Requests after which what they took says how long the endpoint takes.
ENOUGH = 5
# Identities of the models are read in the middle and at the end.
READINGS = 2


class Purse:
    """Decides what is passed over, so that smaller checks still get their answer.

    Args:
        budget: of the run.
        prices: what checks cost in this run.
        models: how many there are.
    """

    def __init__(self, budget: Budget, prices: Prices, models: int) -> None:
        self._budget, self._prices = budget, prices
        self._at_hand = (budget.requests_left, budget.seconds_left)
        self._reserved: dict[str, Cost] = {f"identity {n}": Cost(models, 0.0) for n in range(READINGS)}
        self._left_out: set[str] = set()
        self._framing: set[str] = set()
        self._spent_requests, self._spent_seconds = 0, 0.0

    @property
    def limited(self) -> bool:
        """Whether anything can be left out at all."""
        return math.isfinite(min(self._at_hand))

    def hurries(self, items: Iterable[tuple[str, Check]]) -> bool:
        """Whether what tells most has to come first: somebody gave a limit, or the time of the profile may not do.

        Args:
            items: id and check of all that is planned.
        """
        limits = self._budget.limits
        if not limits.by_profile or limits.requests is not None:
            return self.limited
        takes = self._sum(self._prices.of(check) for _, check in items)
        return self._seconds(takes) > AMPLE * self._budget.seconds_left

    def plan(self, items: Iterable[tuple[str, Check]]) -> None:
        """Keep back what the checks that come last take, or leave them and their first ones out.

        Args:
            items: id and check of all that is planned.
        """
        framed: dict[tuple[str, str], dict[str, Check]] = {}
        for identity, check in items:
            if check.first or check.last:
                framed.setdefault((check.suite, check.group), {})[identity] = check
        for frame in framed.values():
            takes = self._sum(self._prices.of(check) for check in frame.values())
            share = FRAME if any(check.last for check in frame.values()) else AHEAD
            if takes.requests > share * self._at_hand[0] or self._seconds(takes) > share * self._at_hand[1]:
                self._left_out.update(frame)
            else:
                kept = {name: self._prices.of(each) for name, each in frame.items() if each.last}
                self._reserved |= kept
                self._framing.update(kept)

    def refusal(self, identity: str, check: Check) -> Blocked | None:
        """How a check ends that the rest of the budget does not reach; None where it does."""
        self._reserved.pop(identity, None)
        if not self.limited:
            return None
        takes = self._prices.of(check)
        # What only looks at answers that came before costs nothing, whatever is left.
        if identity not in self._left_out and (takes.requests == 0 or self._fits(takes)):
            return None
        return Blocked(Verdict.UNTESTABLE, LEFT_OUT, BUDGET)

    def _release(self) -> None:
        """Keep nothing back for what is now seen to take too much of the time."""
        kept = {name: cost for name, cost in self._reserved.items() if name in self._framing}
        if kept and self._seconds(self._sum(kept.values())) > FRAME * self._at_hand[1]:
            self._left_out.update(kept)
            self._reserved = {name: cost for name, cost in self._reserved.items() if name not in kept}

    def _fits(self, takes: Cost) -> bool:
        self._release()
        kept = self._sum(self._reserved.values())
        requests, seconds = self._budget.requests_left, self._budget.seconds_left
        return takes.requests + kept.requests <= requests and self._seconds(takes) + self._seconds(kept) <= seconds

    def spent(self, requests: int, seconds: float) -> None:
        """Learn how long the endpoint takes."""
        self._spent_requests += requests
        self._spent_seconds += seconds

    def seen(self, seconds: float) -> None:
        """How long the endpoint took for an inference before the first check: all that is known at the start."""
        self.spent(ENOUGH, ENOUGH * seconds)

    def identity_read(self) -> None:
        """One of the readings that were kept back for is done."""
        name = next((each for each in self._reserved if each.startswith("identity ")), None)
        self._reserved.pop(name or "", None)

    def _seconds(self, cost: Cost) -> float:
        rate = self._budget.limits.rate
        each = 1.0 / rate if rate else 0.0
        if self._spent_requests >= ENOUGH:
            each = max(each, self._spent_seconds / self._spent_requests)
        return max(cost.seconds, cost.requests * each)

    @staticmethod
    def _sum(costs: Iterable[Cost]) -> Cost:
        every = list(costs)
        return Cost(sum(cost.requests for cost in every), sum(cost.seconds for cost in every))
