"""After a crowd the service is what it was before, as soon as it said it would be (Art. 15(4), 15(5))."""

from __future__ import annotations

from collections.abc import Sequence

from harness.check import check
from harness.criteria import Advice, Criterion
from harness.judging.still_serves import alive, serving, serving_before
from harness.probing.baseline import PacedRoute, paced_route
from harness.probing.concurrent import together
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.waiting import wait
from harness.wire.client import Client
from harness.wire.pace import THROTTLED_SECONDS, pause_of
from harness.wire.reading import holdable

READY, RECOVERS, HOLDS = (
    Criterion.READY_INFERS.clause, Advice.RECOVERS.clause, Advice.RETRY_AFTER_HOLDS.clause,
)  # fmt: skip
# Inferences at once; where a limit was met in this run, as many as may be needed to meet it again.
CROWD, LIMITED = 24, 96
# Inferences one after the other, once it serves again.
AFTER = 8
# Times that the pause which was asked for is kept to.
PAUSES = 3
# Clocks and timers of a server are coarse.
LATER = 1.2


@check(
    "failover-recovers-after-crowd",
    duties=["A15-4-b", "A15-4-d", "A15-4-i"],
    criteria=[Criterion.NO_CRASH, Criterion.READY_INFERS],
    advice=[Advice.RECOVERS, Advice.RETRY_AFTER_HOLDS],
    criterion="after 24 inferences at once it infers again, on new connections too; a Retry-After that was given holds",
    per="model",
    faults=["failover-never-recovers", "failover-some-never-recover", "failover-retry-after-untrue"],
    fix="Free what a refused or abandoned request holds; let Retry-After follow the state of the limit.",
)
def failover_recovers_after_crowd(probe: Probe) -> None:
    """After a crowd of requests it serves as before.

    Twenty-four accepted inferences at once, of which any may be refused. Who was given a Retry-After of at most five
    seconds comes back after it, alone: one of three such requests has to be served. Then it has to infer again within
    ten seconds, on new connections; of eight inferences after that, none fails in two rounds.
    """
    serving_before(probe)
    way = paced_route(probe, "rest")
    before = _failing(way)
    limited = way.route.client.pace.interval > 0
    with way.route.client.apart() as client:
        # What is refused is the answer that is looked for.
        client.waits = False
        crowd = _crowd(way, client, LIMITED if limited else way.affordable(CROWD))
        refused = [each for each in crowd if pause_of(each) is not None]
        words = f"{len(crowd)} inferences at once ({sum(each.ok for each in crowd)} served, {len(refused)} put off)"
        probe.observe(words)
        told = next((each for each in refused if _named(each) is not None), None)
        if told is not None:
            _comes_back(probe, way, client, told)
    state = alive(probe)
    if state.problem is not None:
        # One of several workers may be dead, and may have been met by chance.
        state = alive(probe)
    served = serving(probe, state, words)
    if before:
        probe.observe(f"{len(before)} of {AFTER} fail before the crowd as well ({status_of(before[0])})", RECOVERS)
    elif served:
        _as_before(probe, way, words)
    probe.holds(
        state.problem is None or not state.ready, clause=READY, expected="ready only while it infers",
        observed=state.problem or "it infers", exchange=state.exchange, root="ready-but-does-not-infer",
    )  # fmt: skip


def _crowd(way: PacedRoute, client: Client, count: int) -> list[Exchange]:
    own = way.route.by(client)
    accepted = own.accepted()
    return together(lambda _: own.ask(accepted.request), range(holdable(count, 2, accepted.exchange)))


def _comes_back(probe: Probe, way: PacedRoute, client: Client, told: Exchange) -> None:
    """Wait as long as was asked for, send one, and so again."""
    own, seen = way.route.by(client), told
    named: list[float] = []
    for _ in range(PAUSES):
        pause = _named(seen)
        if pause is None:
            break
        if pause > THROTTLED_SECONDS:
            probe.observe(f"Retry-After of {pause:g} s: not waited for", HOLDS)
            return
        named.append(pause)
        wait(pause * LATER)
        seen = own.ask(own.accepted().request)
    again = _named(seen) is not None
    waited = ", ".join(f"{each:g}" for each in named)
    probe.holds(
        not again, clause=HOLDS, expected="a request that comes after the time that was named is served",
        observed=f"after pauses of {waited} s, as asked for, each with one request: {status_of(seen)}",
        exchange=seen, root="retry-after-untrue",
    )  # fmt: skip


def _as_before(probe: Probe, way: PacedRoute, words: str) -> None:
    bad = _failing(way)
    again = _failing(way) if bad else bad
    seen = again or bad
    probe.holds(
        not again, clause=RECOVERS, expected="every inference served, as before the crowd",
        observed=f"after {words}: {len(again)} of {AFTER} fail" + (f" ({status_of(seen[0])})" if seen else ""),
        exchange=seen[0] if seen else None, root="does-not-recover",
    )  # fmt: skip


def _failing(way: PacedRoute) -> Sequence[Exchange]:
    """Of some inferences, half of them on new connections, those that are neither served nor put off for a while."""
    asked = [way.route.ask(way.route.accepted().request, fresh=bool(number % 2)) for number in range(AFTER)]
    return [each for each in asked if not each.ok and pause_of(each) is None]


def _named(exchange: Exchange) -> float | None:
    """The seconds that a refusal asks to wait, where it names them; of the form with a date clocks need not agree."""
    named = exchange.header("Retry-After") or ""
    return pause_of(exchange) if named.strip().isdecimal() else None
