"""Known requests at a steady pace over several routes, while something else is done."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from harness.probing.baseline import BaselineAnswer, PacedRoute, excused, known, paced_routes
from harness.probing.probe import Probe
from harness.record.exchange import Exchange
from harness.wire.pace import NOT_NOW

# Seconds from one request to the next, as long as a change is quick; then a slower pace, so that a change that takes
# its time costs no more than a quick one.
PACE, SLOW_PACE, QUICK_SECONDS = 0.02, 0.25, 4.0
# Answers before a change, and as usual after it; or so many seconds without one.
AROUND, TAIL_SECONDS = 5, 10.0
# A load may be answered first and begin then.
AFTER_SECONDS = 0.7
KNOWN = 4
# Codes by which a call is said to have failed inside: everything else says what the caller may do about it.
BROKEN_CODES = ("UNKNOWN", "INTERNAL", "DATA_LOSS")


@dataclass(slots=True)
class Side:
    """Requests over one route, and what they got in one stretch of time.

    Attributes:
        asked: number of the known request and its exchange, in order.
    """

    way: PacedRoute
    ones: Sequence[BaselineAnswer]
    asked: list[tuple[int, Exchange]] = field(default_factory=list)

    def good_in_a_row(self) -> int:
        """How many answers at the end were 200."""
        answers = list(self.asked)
        return next((place for place, (_, each) in enumerate(reversed(answers)) if not each.ok), len(answers))

    def gap(self) -> tuple[float, Exchange | None]:
        """Seconds of the longest stretch in which nobody got outputs, and the first refusal of it.

        From the end of that refusal: one that came late was waited for, and the next request may be answered at once.
        """
        longest, shown = 0.0, None
        begun: Exchange | None = None
        for _, each in self.asked:
            begun = begun if begun is not None or each.ok else each
            if begun is not None and (each.end_ns - begun.end_ns) / 1e9 > longest:
                longest, shown = (each.end_ns - begun.end_ns) / 1e9, begun
            begun = None if each.ok else begun
        return longest, shown

    def slowest(self) -> Exchange:
        """The answer that took longest."""
        return max((each for _, each in self.asked), key=lambda each: each.elapsed_s)


def sides_of(probe: Probe) -> list[Side]:
    """Each route over which the model takes requests."""
    return [Side(way, known(probe, way, KNOWN)) for way in paced_routes(probe)]


def broke(exchange: Exchange) -> bool:
    """Whether an answer says that the server has failed, and not that the model is not there just now."""
    if exchange.rpc is not None:
        return exchange.rpc.name in BROKEN_CODES
    return (exchange.status or 0) >= 500 and exchange.status not in NOT_NOW


def lost(exchange: Exchange) -> bool:
    """Whether there was no answer at all, or none that was whole."""
    return exchange.error is not None or not exchange.answered


def refused_cleanly(exchange: Exchange) -> bool:
    """Whether an answer says that the model is not there just now."""
    return excused(exchange) and not broke(exchange) and not lost(exchange)


@contextlib.contextmanager
def traffic(probe: Probe, sides: Sequence[Side]) -> Iterator[None]:
    """Requests go on over each side inside, from a few answers before to a few after.

    What says "not now" is an answer like others here: nobody is waited for.

    Raises:
        BudgetExhausted, EndpointLost, TesterFailed: in a thread of a side, once all are over.
    """
    stop = threading.Event()
    clients = probe.endpoint.clients
    before = [client.waits for client in clients]
    for side in sides:
        side.asked.clear()
    for client in clients:
        client.waits = False
    try:
        with ThreadPoolExecutor(len(sides)) as pool:
            running = [pool.submit(_ask, side, stop) for side in sides]
            try:
                _until(sides, running, [AROUND] * len(sides))
                yield
                stop.wait(AFTER_SECONDS)
                _until(sides, running, [len(side.asked) + AROUND for side in sides])
            finally:
                stop.set()
            for each in running:
                each.result()
    finally:
        for client, waits in zip(clients, before, strict=True):
            client.waits = waits


def _ask(side: Side, stop: threading.Event) -> None:
    begin = time.monotonic()
    seconds = side.way.route.client.budget.request_seconds
    number = 0
    while not stop.is_set():
        due = time.monotonic() + (PACE if time.monotonic() - begin < QUICK_SECONDS else SLOW_PACE)
        own = number % len(side.ones)
        side.asked.append((own, side.way.route.ask(side.ones[own].request, timeout=seconds)))
        number += 1
        stop.wait(max(0.0, due - time.monotonic()))


def _until(sides: Sequence[Side], running: Sequence[Future[None]], counts: Sequence[int]) -> None:
    """Wait until each side has so many answers, the last of them good; or until the time for it is over."""
    end = time.monotonic() + TAIL_SECONDS + max(side.way.seconds for side in sides) * AROUND
    while time.monotonic() < end and not any(each.done() for each in running):
        if all(
            len(side.asked) >= count and side.good_in_a_row() >= AROUND
            for side, count in zip(sides, counts, strict=True)
        ):
            return
        threading.Event().wait(PACE / 2)
