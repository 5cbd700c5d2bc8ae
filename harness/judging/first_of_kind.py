"""The first request of a batch size that the model has not met: how long it takes, and whether others wait for it."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from harness.criteria import Advice
from harness.probing.baseline import PacedRoute, paced_route
from harness.probing.concurrent import together
from harness.probing.probe import Probe
from harness.record.exchange import Exchange
from harness.waiting import wait
from harness.wire.messages import InferRequest
from harness.wire.reading import holdable

SERVES = Advice.SERVES_OTHERS.clause
# Rows that no other check asks for by design, before any that is drawn.
SIZES = (6, 11, 13, 19)
# Small requests beside each, sent one after the other by so many seconds.
BESIDE, APART_SECONDS = 4, 0.01
# So many times slower, and by so many seconds, is another order of things than noise.
TIMES, SECONDS = 5.0, 0.05
# A model that takes longer is asked for fewer sizes.
QUICK_ENOUGH = 0.5


@dataclass(frozen=True, slots=True)
class _Met:
    """One batch size: seconds of its first and of a later request, and of the slowest small one beside each."""

    rows: int
    first: float
    later: float
    beside_first: float
    beside_later: float
    slowest: Exchange

    @property
    def slow(self) -> bool:
        return self.first > TIMES * self.later and self.first - self.later > SECONDS

    def holds_up(self, usual: float) -> bool:
        """Whether small requests waited for the first, and for no later one."""
        least = max(TIMES * usual, usual + SECONDS, self.first / 2)
        return self.slow and self.beside_first > least and self.beside_later < self.beside_first / 2


def first_of_its_kind(probe: Probe) -> None:
    """One case: whether the first of a new batch size holds up small requests; how much slower it is, is told."""
    way = paced_route(probe, "rest")
    inputs = way.route.metadata.inputs if way.route.metadata else ()
    if not inputs or any(not each.shape or each.shape[0] != -1 for each in inputs):
        probe.not_applicable("not every input has a leading variable dimension: no batch to speak of")
    small = way.route.accepted().request
    # Of one size two rounds, and a slow one of each size.
    many = 2 * (BESIDE + 1) + 1 + len(SIZES)
    holdable(many, many, way.route.accepted().exchange)
    usual = _seconds([way.route.ask(small) for _ in range(BESIDE + 1)])
    sizes = SIZES if usual < QUICK_ENOUGH else SIZES[:1]
    met = [each for rows in sizes for each in (_meet(way, small, rows),) if each is not None]
    if not met:
        probe.not_applicable("the model takes no batches of other sizes")
    slow, held = [each for each in met if each.slow], [each for each in met if each.holds_up(usual)]
    words = ", ".join(f"{each.rows} rows {each.first * 1e3:.0f} ms, then {each.later * 1e3:.0f} ms" for each in met)
    probe.observe(f"the first of each batch size, and a later one: {words}")
    if 2 * len(slow) > len(met):
        probe.observe("the first request of a new batch size is many times slower: send one of each before traffic")
    often = len(held) > 1 and 2 * len(held) > len(met)
    waits = ", ".join(f"{each.beside_first * 1e3:.0f} ms" for each in held)
    observed = f"{words}; small requests beside the first took up to {waits} instead of {usual * 1e3:.0f} ms"
    probe.holds(not often, clause=SERVES, expected="small requests are answered meanwhile", observed=observed,
                exchange=held[0].slowest if held else None, root="first-of-kind-holds-up-others")  # fmt: skip


def _meet(way: PacedRoute, small: InferRequest, rows: int) -> _Met | None:
    """Ask for a batch size for the first time, and again, each beside small requests."""
    request = next(iter(way.route.candidates(rows)), None)
    if request is None:
        return None
    first, later = _beside(way, request, small), _beside(way, request, small)
    if not all(each.ok for each in (*first, *later)):
        return None
    again = [later[0], way.route.ask(request)]
    slowest = max(first[1:], key=lambda each: each.elapsed_s)
    return _Met(rows, first[0].elapsed_s, _seconds(again), slowest.elapsed_s, max(each.elapsed_s for each in later[1:]),
                slowest)  # fmt: skip


def _beside(way: PacedRoute, request: InferRequest, small: InferRequest) -> list[Exchange]:
    """The answer to a request, and those to small ones that are sent while it may be under way."""

    def send(number: int) -> Exchange:
        wait(number * APART_SECONDS)
        return way.route.ask(request if number == 0 else small)

    return together(send, range(BESIDE + 1))


def _seconds(exchanges: list[Exchange]) -> float:
    return statistics.median(each.elapsed_s for each in exchanges)
