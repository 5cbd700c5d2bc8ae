"""A fixed request after every other kind of request: what is left behind shows in its answer."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from harness.judging.influence.reduction import LONGEST, MOST, EarlierRequest, History, Reduction, after, words_of
from harness.judging.influence.told import REPORTED, How, tell, telling
from harness.judging.still_serves import alive, serving
from harness.oracles.whole import Deviation
from harness.probing.menu.menu import KnownKind, Menu
from harness.probing.probe import Probe
from harness.record.exchange import Exchange

# Rounds in which all kinds follow each other in an order of their own, beside the walks around the plain requests.
ROUNDS = 1


@dataclass(slots=True)
class Histories:
    """The histories of one check, and what was found after them.

    Attributes:
        kinds: that follow each other.
        most: requests that looking for the shortest history may take.
        told: causes that are reported already, in words.
        sent: requests whose answers were judged.
    """

    probe: Probe
    menu: Menu
    kinds: Sequence[KnownKind]
    most: int = MOST
    told: list[str] = field(default_factory=list, init=False)
    _past: list[KnownKind] = field(init=False)
    sent: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        # They were asked, alone, in this order.
        self._past = list(self.menu.kinds)

    def walk(self, order: Sequence[KnownKind]) -> None:
        """Send kinds one after the other, each with its own values; each is judged."""
        for one in order:
            past = self._past[-LONGEST:]
            self._past.append(one)
            exchange = one.ask()
            self.sent += 1
            if self._gone(one, exchange):
                return
            wrong = one.strayed(exchange)
            if wrong:
                self.judge([EarlierRequest(each) for each in past], one, wrong, exchange, anew=False)
            if self.enough:
                return

    def twins(self, pairs: Sequence[tuple[KnownKind, KnownKind]]) -> None:
        """Send a kind, and then another with the very same values, which were not there before."""
        for first, second in pairs:
            history = [EarlierRequest(first, same=True)]
            found = after(history, second, self.menu.values[second.transport], anew=True)
            self.sent += 1
            if self._gone(second, found.exchange):
                return
            if found.wrong:
                self.judge(history, second, found.wrong, found.exchange, anew=True)
            if self.enough:
                return

    @property
    def enough(self) -> bool:
        """Whether the first few causes are told."""
        return len(self.told) >= REPORTED

    def judge(
        self, history: History, one: KnownKind, wrong: Sequence[Deviation], exchange: Exchange, *, anew: bool
    ) -> None:
        """Report a difference by the shortest history that brings it about; note one that does not come again."""
        if not telling(self.menu, one, wrong, exchange):
            self.probe.observe(f"{one.name}: its parameters say something of the moment: {wrong[0].words}")
            return
        reduction = Reduction(one, self.menu.values[one.transport], anew, self.most)
        steady = reduction.steady()
        if steady is None and not anew:
            self._tell(_since(history, one), one, wrong, exchange, "it stays so from then on")
            self.told += ["for good"] * REPORTED
            return
        shortest = reduction.shortest(history) if steady and history else None
        if shortest is None or reduction.last is None:
            what = "which did not come again" if steady else "and without that, at times"
            self.probe.observe(f"{one.name} after {words_of(history[-1:]) or 'others'}: {wrong[0].words}, {what}")
            return
        again = f"came again {reduction.again[0]} of {reduction.again[1]} times, and not without"
        self._tell(shortest, one, reduction.last.wrong, reduction.last.exchange, again)

    def _tell(
        self, history: History, one: KnownKind, wrong: Sequence[Deviation], exchange: Exchange, again: str
    ) -> None:
        words = words_of(history) or "requests of other kinds"
        if words not in self.told:
            self.told.append(words)
            how: How = "kept after" if any(each.same for each in history) else "after"
            tell(self.probe, self.menu, one, wrong, exchange, how, words, again)

    def _gone(self, one: KnownKind, exchange: Exchange) -> bool:
        """Whether the endpoint serves no more; what was given up by us has no answer either."""
        if exchange.answered or exchange.timed_out or not one.kind.judged:
            return False
        return not serving(self.probe, alive(self.probe), f"after {one.name}")


def _since(history: History, one: KnownKind) -> History:
    """What was sent since the request had its right answer last; nothing where that is not known."""
    places = [place for place, each in enumerate(history) if each.one is one]
    return history[places[-1] + 1 :] if places else ()


def orders(kinds: Sequence[KnownKind], seed: int, *, most: int) -> Iterator[list[KnownKind]]:
    """Orders in which to send kinds: around the plain request of each transport, then all in drawn orders.

    Args:
        most: requests in all; the first order is taken whatever it costs.
    """
    first = kinds[0].transport
    centres = [
        next(each for each in kinds if each.transport == name) for name in dict.fromkeys(e.transport for e in kinds)
    ]
    drawn, sent = random.Random(seed), 0  # noqa: S311 -- of no one's secrets
    # Kinds of the further transports around their own plain one are for the check of that transport.
    made = [
        [each for one in kinds if first in (one.transport, centre.transport) for each in (centre, one)] + [centre]
        for centre in centres
    ]
    made += [drawn.sample(list(kinds), len(kinds)) for _ in range(ROUNDS)]
    for order in made:
        if sent and sent + len(order) > most:
            return
        sent += len(order)
        yield order


def twins_of(kinds: Sequence[KnownKind]) -> list[tuple[KnownKind, KnownKind]]:
    """The plain request before each kind that can have its values, and after each of its transport."""
    plain, *others = [each for each in kinds if each.kind.twin]
    before = [each for each in others if each.answered and each.transport == plain.transport]
    return [(plain, each) for each in others] + [(each, plain) for each in before]
