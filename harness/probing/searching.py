"""A search as a check makes one: its counterexample with the exchange that showed it, its sizes, and its replays.

Whatever the property was, a counterexample is tried again on connections of its own, so that the report can say
whether it comes again by itself. One that does not is still a finding: it was seen, and its exchange is kept.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from hypothesis.strategies import SearchStrategy

from harness.budget import BudgetExhausted
from harness.check import Inconclusive, NotApplicable, Untestable
from harness.endpoint.endpoint import Endpoint
from harness.generate.campaign import CampaignResult, search
from harness.record.exchange import Exchange
from harness.wire.ahead import Ahead
from harness.wire.pace import SHEDDING

T = TypeVar("T")
J = TypeVar("J")
REPLAYS = 3
# One that hangs costs a whole time limit each time.
REPLAY_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What is known of a counterexample beside its value.

    Attributes:
        exchange: the one that showed the smallest counterexample; None if it sent nothing.
        shrunk_from, shrunk_to: bytes of body that the first and the smallest one sent, in their largest request.
        replayed: ``(k, n)``: broken again in k of n replays; None if the budget allowed no replay.
    """

    exchange: Exchange | None = None
    shrunk_from: int | None = None
    shrunk_to: int | None = None
    replayed: tuple[int, int] | None = None

    @property
    def certain(self) -> bool:
        """Whether it may be held against the endpoint although the case itself held afterwards.

        It came again at least once, or a whole answer shows it. One lost answer, or one "not now", decides nothing.
        """
        if self.replayed is not None and self.replayed[0] > 0:
            return True
        shown = self.exchange
        return shown is not None and shown.answered and shown.error is None and shown.status not in SHEDDING

    @property
    def again(self) -> str:
        """How often it came again, in words."""
        return f"came again {self.replayed[0]} of {self.replayed[1]} times" if self.replayed else "was not tried again"


def search_for(
    endpoint: Endpoint,
    strategy: SearchStrategy[T],
    holds: Callable[[T], bool],
    examples: int,
    sends: Callable[[T], object] | None = None,
) -> tuple[CampaignResult[T], SearchResult] | None:
    """Search, and if something was found, replay it; None if every draw held.

    Args:
        sends: as for :meth:`harness.probing.probe.Probe.search`.
    """
    recorder = endpoint.first.recorder
    seen: dict[int, list[Exchange]] = {}
    values: list[T] = []

    def watched(value: T) -> bool:
        with recorder.watching() as exchanges:
            held = judged_alone(endpoint.ahead, lambda: holds(value), lambda held: held)
        if not held:
            values.append(value)
            seen[id(value)] = exchanges
        return held

    if sends is not None:
        ask_ahead(endpoint, [strategy], sends, examples)
    try:
        found = search(strategy, watched, examples=examples, seed=endpoint.seed)
    except (BudgetExhausted, Untestable, NotApplicable, Inconclusive):
        if not values:
            raise
        # What ended the shrinking does not take back what was found before.
        found = CampaignResult(min(values, key=lambda value: len(repr(value))), values[0])
    if found is None:
        return None
    first, smallest = seen.get(id(found.first), []), seen.get(id(found.smallest), [])
    counterexample = SearchResult(
        exchange=smallest[-1] if smallest else None,
        shrunk_from=_largest(first),
        shrunk_to=_largest(smallest),
        replayed=replay(endpoint, lambda: holds(found.smallest)),
    )
    return found, counterexample


def ask_ahead(
    endpoint: Endpoint, strategies: Iterable[SearchStrategy[T]], sends: Callable[[T], object], examples: int
) -> None:
    """Send what searches will draw, as long as everything holds, ahead of them.

    Args:
        examples: draws of each.
    """
    values = (value for each in strategies for value in _drawn(each, examples, endpoint.seed))
    endpoint.ahead.ask(partial(sends, value) for value in values)


def _drawn(strategy: SearchStrategy[T], examples: int, seed: int) -> list[T]:
    values: list[T] = []

    def note(value: T) -> bool:
        values.append(value)
        return True

    search(strategy, note, examples=examples, seed=seed)
    return values


def judged_alone(ahead: Ahead, judge: Callable[[], J], good: Callable[[J], bool]) -> J:
    """What ``judge`` says; where that is bad and it saw answers that came side by side, what it says of others."""
    ahead.doubt()
    said = judge()
    return said if good(said) or not ahead.doubt() else judge()


def replay(endpoint: Endpoint, holds: Callable[[], bool], times: int = REPLAYS) -> tuple[int, int] | None:
    """How often a property is broken again, each request over a connection of its own: ``(k, n)``.

    A replay that could not be carried out counts for neither; None if none could.
    """
    broken = done = 0
    deadline = time.monotonic() + REPLAY_SECONDS
    with fresh_connections(endpoint):
        for _ in range(times):
            if time.monotonic() > deadline:
                break
            try:
                held = holds()
            except BudgetExhausted:
                break
            except (Untestable, NotApplicable, Inconclusive):
                continue
            done += 1
            broken += not held
    return (broken, done) if done else None


@contextlib.contextmanager
def fresh_connections(endpoint: Endpoint) -> Iterator[None]:
    """Inside, every request of the run's clients goes over a connection of its own."""
    clients = endpoint.clients
    before = [client.always_fresh for client in clients]
    for client in clients:
        client.always_fresh = True
    try:
        yield
    finally:
        for client, was in zip(clients, before, strict=True):
            client.always_fresh = was


def _largest(exchanges: list[Exchange]) -> int | None:
    return max((len(each.request_body) for each in exchanges), default=None)
