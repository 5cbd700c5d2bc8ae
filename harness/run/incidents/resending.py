"""Sends the requests that may have made the endpoint go away once more, fewest first, to see which of them does it."""

from __future__ import annotations

import functools
import time
from dataclasses import replace

from harness.budget import BudgetExhausted
from harness.check import Untestable
from harness.incident import Incident
from harness.probing.replaying import CannotReplay, Clients, Recording, send_again
from harness.record.exchange import Exchange
from harness.run.incidents.continuity import Continuity
from harness.run.incidents.suspects import Seen
from harness.wire.access import AccessError

# So many alone, so often, for so long.
ALONE, TIMES, SECONDS = 6, 3, 60.0


def send_suspects_again(incident: Incident, recent: Seen, clients: Clients, base: str, there: Continuity) -> None:
    """Send each suspect alone, fewest first, until one makes the endpoint go away again; then all in their order.

    Notes in the incident how often each has done it. Stops where the endpoint does not come back.
    """
    exchanges = {each.ref: each for each, _ in recent}
    end = time.monotonic() + SECONDS
    for place, suspect in enumerate(incident.suspects[:ALONE]):
        exchange = exchanges.get(suspect.sha256)
        if exchange is None or time.monotonic() > end:
            continue
        k, n = _times([exchange], incident, clients, base, there, end)
        rows = [*incident.suspects]
        rows[place] = replace(suspect, k=k, n=n)
        incident.suspects = tuple(rows)
        if k:
            return
        if incident.lost:
            return
    every = [exchanges[each.sha256] for each in reversed(incident.suspects) if each.sha256 in exchanges]
    if len(every) > 1 and time.monotonic() < end:
        incident.together = _times(every, incident, clients, base, there, end)


def _times(
    every: list[Exchange], incident: Incident, clients: Clients, base: str, there: Continuity, end: float
) -> tuple[int, int]:
    """``(k, n)``: so often gone in n attempts; one that does nothing at first is not tried further."""
    k = n = 0
    while n < TIMES and time.monotonic() < end and not incident.lost:
        gone = _goes_away(every, incident, clients, base, there)
        if gone is None:
            break
        n += 1
        k += gone
        if not k:
            break
    return k, n


def _goes_away(
    every: list[Exchange], incident: Incident, clients: Clients, base: str, there: Continuity
) -> bool | None:
    """Whether the endpoint goes away; None if it could not be asked, or did not come back."""
    try:
        for exchange in every:
            send = functools.partial(send_again, clients, Recording(exchange, frozenset(), base))
            if there.provoke(send, incident):
                return True
    except (CannotReplay, BudgetExhausted, AccessError, Untestable, ValueError):
        return None
    return False
