"""Requests of different kinds under way together: each gets the whole answer that it gets alone, in time."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.criteria import Criterion
from harness.judging.influence.history import Histories
from harness.judging.influence.reduction import EarlierRequest
from harness.judging.influence.told import REPORTED, tell, telling
from harness.judging.still_serves import alive, serving
from harness.oracles.whole import Deviation
from harness.probing.concurrent import together
from harness.probing.menu.menu import KnownKind, Menu
from harness.probing.probe import Probe
from harness.record.exchange import Exchange

HANG = Criterion.NO_HANG.clause
LOST = "lost-when-concurrent"
# Kinds that are under way together in one block; how often a block, or a pair, is tried again.
BLOCK, TRIES = 4, 5
OWN_KIND = "requests of its own kind"

Block = Sequence[KnownKind]


@dataclass(slots=True)
class Company:
    """The blocks of one check, and what was found in them.

    Attributes:
        histories: judge what shows one at a time as well.
        seen: pairs of kinds, by their names, that were under way at the same moment.
        sent, answered: requests, and those whose answers were judged.
    """

    probe: Probe
    menu: Menu
    histories: Histories
    seen: set[frozenset[str]] = field(default_factory=set, init=False)
    sent: int = field(default=0, init=False)
    answered: int = field(default=0, init=False)
    _told: list[str] = field(default_factory=list, init=False)
    _suspects: set[str] = field(default_factory=set, init=False)

    def meet(self, block: Block) -> bool:
        """Send a block together and judge it; False where nothing further is to be sent."""
        exchanges = self._together(block)
        if any(not each.answered and not each.timed_out for each in exchanges) and not serving(
            self.probe, alive(self.probe), f"after {len(block)} requests of different kinds at once"
        ):
            return False
        for one, exchange in zip(block, exchanges, strict=True):
            if one.name in self._suspects:
                continue
            if exchange.timed_out:
                self._suspects.add(one.name)
                return self._waited(block, one, exchange)
            wrong = one.strayed(exchange)
            if wrong:
                self._suspects.add(one.name)
                self._judge(block, one, wrong)
            if len(self._told) >= REPORTED or self.histories.enough:
                return False
        return True

    def _together(self, block: Block) -> list[Exchange]:
        exchanges = together(lambda place: block[place].ask(), range(len(block)), len(block))
        self.sent += len(block)
        self.answered += sum(each.answered for each in exchanges)
        pairs = itertools.combinations(zip(block, exchanges, strict=True), 2)
        self.seen |= {frozenset((one.name, other.name)) for (one, first), (other, second) in pairs
                      if first.start_ns < second.end_ns and second.start_ns < first.end_ns}  # fmt: skip
        return exchanges

    def _judge(self, block: Block, one: KnownKind, wrong: list[Deviation]) -> None:
        """Report a difference that comes again in company, and not one at a time, by the companion that it needs."""
        others = list({each.name: each for each in block if each.name != one.name}.values())
        if self._one_at_a_time(others, one):
            return
        own = self._again([one] * BLOCK, one)
        if own and not telling(self.menu, one, *own):
            self.probe.observe(f"{one.name}: its parameters say something of the load: {own[0][0].words}")
            return
        companion, found = OWN_KIND, own
        for other in others if not own else ():
            companion, found = other.name, self._again([one, other, one, other], one)
            if found:
                break
        if not found:
            companion, found = " and ".join(sorted(each.name for each in others)), self._again(block, one)
        if not found:
            self.probe.observe(f"{one.name} in company: {wrong[0].words}, which did not come again")
            return
        self._told.append(companion)
        tell(self.probe, self.menu, one, *found, "beside", companion, "came again, and not one at a time")

    def _one_at_a_time(self, others: Block, one: KnownKind) -> bool:
        """Whether the request is answered otherwise after the others one at a time as well, which is then judged."""
        sent: list[KnownKind] = []
        # Right after each of them, and after all of them in either order.
        for order in (*([each] for each in (one, *others)), others, others[::-1]):
            for each in (*order, one):
                exchange = each.ask()
                if each is one and (wrong := one.strayed(exchange)):
                    self.histories.judge([EarlierRequest(each) for each in sent], one, wrong, exchange, anew=False)
                    return True
                sent.append(each)
        return False

    def _again(self, block: Block, one: KnownKind) -> tuple[list[Deviation], Exchange] | None:
        """The difference of a request in a block, where it comes again."""
        for _ in range(TRIES):
            # What came before the block is not to blame its members for.
            one.ask()
            for each, exchange in zip(block, self._together(block), strict=True):
                if each is one and (wrong := one.strayed(exchange)):
                    return wrong, exchange
        return None

    def _waited(self, block: Block, one: KnownKind, exchange: Exchange) -> bool:
        """Report a request that is never answered beside others, twice, and is answered alone."""
        others = list({each.name: each for each in block if each.name != one.name}.values())
        alone = one.ask()
        quick = alone.answered and alone.elapsed_s < exchange.elapsed_s / 3
        beside = next((each for each in others[:BLOCK] if quick and self._lost([one, each])), None)
        if beside is not None or (quick and self._lost(block)):
            names = beside.name if beside is not None else ", ".join(sorted(each.name for each in others))
            observed = f"{one.name} beside {names}: never answered, twice; alone in {alone.elapsed_s:.2f} s"
            self.probe.holds(False, clause=HANG, expected="an answer, as alone", observed=observed,
                             exchange=exchange, root=LOST)  # fmt: skip
        else:
            self.probe.observe(f"{one.name} in company: no answer in time, which did not come again")
        return False

    def _lost(self, block: Block) -> bool:
        """Whether a request of the block is not answered; twice, as they have to meet."""
        return any(each.timed_out for _ in range(2) for each in self._together(block))


def blocks(kinds: Block, seed: int) -> list[Block]:
    """Blocks of a few, so that every two kinds are in one of them; at last all at once."""
    places = list(range(len(kinds)))
    drawn = random.Random(seed)  # noqa: S311 -- of no one's secrets
    first = kinds[0].transport
    # Every two kinds of the further transports meet in the check of that transport.
    missing = {frozenset(pair) for pair in itertools.combinations(places, 2)
               if first in (kinds[pair[0]].transport, kinds[pair[1]].transport)}  # fmt: skip
    made: list[Block] = []
    while missing:
        block = list(min(missing, key=sorted))
        while len(block) < min(BLOCK, len(kinds)):
            drawn.shuffle(places)
            block.append(max((each for each in places if each not in block),
                             key=lambda each: sum(frozenset((each, one)) in missing for one in block)))  # fmt: skip
        missing -= {frozenset(pair) for pair in itertools.combinations(block, 2)}
        drawn.shuffle(block)
        made.append([kinds[each] for each in block])
    return [*made, kinds]
