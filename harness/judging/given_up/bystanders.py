"""What requests that their clients give up leave behind: seen by others, who want their answers in their usual time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from harness.criteria import Advice, Criterion
from harness.judging.mixed_up import REPORTED, SAME, report
from harness.judging.still_serves import alive, serving
from harness.oracles.isolation import MixedUpAnswer
from harness.probing.baseline import excused
from harness.probing.concurrent import together
from harness.probing.giving_up import GivingUp, Way
from harness.probing.probe import Probe
from harness.probing.replies import not_now, status_of
from harness.record.exchange import Exchange
from harness.waiting import wait

HANG, SLOW = Criterion.NO_HANG.clause, Advice.SERVES_OTHERS.clause
CRITERIA = (Criterion.NO_LEAK, Criterion.SAME_ANSWER, Criterion.NO_CRASH, Criterion.NO_HANG)
ADVICE = (Advice.SERVES_OTHERS,)
# What can be seen of a model whose answers vary.
UNCOMPARED = (Criterion.NO_CRASH, Criterion.NO_HANG, *ADVICE)
ROOT, HELD = "disconnect-leaves-traces", "given-up-requests-hold-others-up"
# Requests side by side: more than a pool of workers has, one of which may be lost, and no more than are cheap.
CROWD = 32
# An answer may come so much later than the time that all that was given up would take, one after another.
SLACK_SECONDS = 1.0
# No waiting line gives up so soon.
AT_ONCE_S = 0.05
# Requests until nothing is left of what was given up, where something was: as many as a pool is large.
CALM, ENOUGH = 64, 16


@dataclass(frozen=True, slots=True)
class Others:
    """Requests of those who give nothing up, with answers that are known.

    Attributes:
        seconds: that an answer usually takes.
        ask: sends the request of a number.
        strayed: how an answer differs from that of its number alone.
        varies: whether the request of a number is answered now so and now so, alone.
        compared: whether answers can be compared at all; a model that varies is asked for an answer, whatever it is.
        refuses: whether an answer that ends well holds a refusal only, as a stream may.
    """

    name: str
    seconds: float
    ask: Callable[[int], Exchange]
    strayed: Callable[[int, Exchange], MixedUpAnswer | None]
    varies: Callable[[int], bool]
    compared: bool = True
    refuses: Callable[[Exchange], bool] = lambda _: False


@dataclass(slots=True)
class Aftermath:
    """What others got in one round, where it was not what they usually get; each with words and exchange."""

    strayed: list[tuple[str, MixedUpAnswer, Exchange]] = field(default_factory=list)
    refused: list[tuple[str, Exchange]] = field(default_factory=list)
    lost: list[tuple[str, Exchange]] = field(default_factory=list)
    slow: list[tuple[str, Exchange]] = field(default_factory=list)
    slowest: float = 0.0
    given_up: int = 0

    @property
    def odd(self) -> bool:
        """Whether anything was."""
        return bool(self.strayed or self.refused or self.lost or self.slow)

    def join(self, other: Aftermath) -> None:
        """Take in what another round showed."""
        self.strayed += other.strayed
        self.refused += other.refused
        self.lost += other.lost
        self.slow += other.slow


@dataclass(slots=True)
class Bystanders:
    """Looks at what others get before, while and after requests are given up, and reports it.

    Attributes:
        others: the first are asked after each way; the further ones (other transports) once at the end.
    """

    probe: Probe
    giving: GivingUp
    ways: Sequence[Way]
    others: Sequence[Others]
    crowd: int = CROWD

    def judge(self) -> None:
        """One round with nobody giving up, one with all ways; what is odd then is asked for again, with a control."""
        before = Aftermath()
        self._beside(before, "before anything was given up", 0.0)
        first = self._round(give_up=True, usual=before.slowest)
        if first.odd:
            self._confirm(before, first)
        if not self.probe.outcome.violations:
            self._clean(first)

    def _clean(self, first: Aftermath) -> None:
        probe = self.probe
        compared = self.others[0].compared
        for each in (*CRITERIA, *ADVICE) if compared else UNCOMPARED:
            probe.holds(True, clause=each.clause, expected="others get their answers, in their usual time", observed="")
        probe.observe(
            f"{first.given_up} requests given up in {len(self.ways)} ways, {self.crowd} side by side after it"
        )
        for what in [words for words, *_ in (*first.strayed, *first.refused, *first.lost, *first.slow)][:1]:
            probe.observe(f"something odd {what}, which did not come again, or comes without giving up as well")

    def _confirm(self, before: Aftermath, first: Aftermath) -> None:
        """Report what comes again in a second round, and not in one in which nobody gives up."""
        probe = self.probe
        if first.lost and not serving(probe, alive(probe), first.lost[0][0]):
            return
        calm = self._calm()
        again = self._round(give_up=True, usual=before.slowest)
        if again.lost and not serving(probe, alive(probe), again.lost[0][0]):
            return
        # Where nothing calms down, no round without giving up is left: there was one before.
        later = self._round(give_up=False, usual=before.slowest) if calm and self._calm() else Aftermath()
        later.join(before)
        for words, strayed, exchange in first.strayed[:REPORTED]:
            if not later.strayed and (again.strayed or strayed.leaked):
                report(probe, strayed, words, exchange, changed=ROOT)
        in_time = f"an answer in its usual time ({self._usual:.2g} s)"
        for clause, root, once, twice, without, expected in (
            (SAME, ROOT, first.refused, again.refused, later.refused, "200, as before"),
            (HANG, HELD, first.lost, again.lost, later.lost, "an answer, as before"),
            (SLOW, HELD, first.slow, again.slow, later.slow, in_time),
        ):
            if once and twice and not without:
                words, exchange = twice[0]
                observed = f"{words}: {status_of(exchange)} after {exchange.elapsed_s:.2g} s; so it was in two rounds"
                observed += ", and not while nobody gave up"
                probe.holds(False, clause=clause, expected=expected, observed=observed, exchange=exchange, root=root)

    @property
    def _usual(self) -> float:
        return self.others[0].seconds

    def _round(self, *, give_up: bool, usual: float) -> Aftermath:
        """Requests are given up, or sent as usual, in each way; one of others after each, and many after all."""
        found = Aftermath()
        for turn, way in enumerate(self.ways):
            if give_up:
                count = self.giving.once(way)
                words = f"after {count} requests {way.words}"
            else:
                count = self.giving.count(way)
                together(self.others[0].ask, range(min(count, self.crowd)))
                words = f"after {count} requests that were waited for"
            found.given_up += count
            allowed = SLACK_SECONDS + 2 * (count + 1) * self._usual
            self._look(found, self.others[0], turn, self._settled(turn, allowed), words, allowed)
            if found.lost:
                return found
        for other in self.others[1:]:
            allowed = SLACK_SECONDS + 2 * other.seconds
            self._look(found, other, 0, other.ask(0), f"over {other.name}, after all of them", allowed)
        self._beside(found, "side by side, after all of them", usual)
        return found

    def _settled(self, number: int, allowed: float) -> Exchange:
        """The answer to a request of others; "not now" is asked again while what was given up may be computed."""
        begin = time.monotonic()
        exchange = self.others[0].ask(number)
        while self._not_now(self.others[0], exchange) and time.monotonic() - begin < allowed:
            wait(min(0.1, allowed / 4))
            exchange = self.others[0].ask(number)
        return exchange

    def _beside(self, found: Aftermath, words: str, usual: float) -> None:
        """Many side by side: of workers that are lost, or slots that are never freed, a few are enough to be seen."""
        exchanges = together(self.others[0].ask, range(self.crowd))
        found.slowest = max(each.elapsed_s for each in exchanges)
        allowed = SLACK_SECONDS + 2 * usual if usual else float("inf")
        for number, exchange in enumerate(exchanges):
            if not self._not_now(self.others[0], exchange):
                self._look(found, self.others[0], number, exchange, words, allowed)

    def _look(
        self, found: Aftermath, other: Others, number: int, exchange: Exchange, words: str, allowed: float
    ) -> None:
        if self._is_lost(exchange):
            found.lost.append((words, exchange))
        elif excused(exchange) or (exchange.ok and other.refuses(exchange)):
            found.refused.append((words, exchange))
        elif exchange.elapsed_s > allowed:
            found.slow.append((words, exchange))
        else:
            strayed = other.strayed(number, exchange)
            if strayed is not None and not (len(found.strayed) < REPORTED and other.varies(number)):
                found.strayed.append((words, strayed, exchange))

    def _not_now(self, other: Others, exchange: Exchange) -> bool:
        """Whether an answer speaks of the moment, such as of too much under way; within a stream any refusal may.

        That its time is over, said at once, is no word of the moment: these have time, and those that were given up had
        none. Said later, it may be the end of a waiting line.
        """
        if exchange.rpc is not None and exchange.rpc.name == "DEADLINE_EXCEEDED" and exchange.elapsed_s < AT_ONCE_S:
            return False
        return (not_now(exchange) and not self._is_lost(exchange)) or (exchange.ok and other.refuses(exchange))

    def _is_lost(self, exchange: Exchange) -> bool:
        """Whether there was no answer: the end of the time that a call may take may be told by the endpoint itself."""
        if exchange.rpc is not None and exchange.rpc.name == "DEADLINE_EXCEEDED":
            return exchange.elapsed_s > 0.9 * self.probe.endpoint.first.budget.request_seconds
        return exchange.error is not None or not exchange.answered

    def _calm(self) -> bool:
        """Whether many answers in a row are as usual, after as many requests as a pool is large at the most."""
        good = 0
        most = max(2, min(CALM, int(4 / max(self._usual, 1e-4))))
        enough = min(ENOUGH, most)
        for number in range(most):
            seen = Aftermath()
            allowed = SLACK_SECONDS + 2 * self._usual
            self._look(seen, self.others[0], number, self.others[0].ask(number), "", allowed)
            good = 0 if seen.odd else good + 1
            if good >= enough or seen.lost:
                break
        return good >= enough
