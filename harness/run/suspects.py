"""Which requests may have made the endpoint go away, and which of them do it again."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.budget import BudgetExhausted
from harness.check import Untestable
from harness.incident import Incident, Suspect
from harness.record.exchange import Exchange
from harness.record.quoting import clip
from harness.target.differing import differs_in
from harness.target.models import ModelUnderTest
from harness.target.replaying import CannotReplay, Clients, Recording, send_again
from harness.wire.access import AccessError

if TYPE_CHECKING:
    from harness.run.continuity import Continuity

Seen = Sequence[tuple[Exchange, str | None]]
ModelOf = Callable[[Exchange], ModelUnderTest | None]

# Answered so shortly before that the answer may have been its last words.
JUST_NS = 200_000_000
MOST_ANSWERED, MOST = 4, 16
# What we gave up may still be worked on there, and be what ends it, for so long.
GIVEN_UP_NS = 30_000_000_000
# Sending suspects again: so many alone, so often, for so long.
ALONE, TIMES, SECONDS = 6, 3, 60.0


def suspects_of(recent: Seen, met: Exchange, since_ns: int, model_of: ModelOf) -> tuple[Suspect, ...]:
    """Those under way first, then those just answered, newest first; none that did not reach the endpoint.

    Args:
        recent: the last exchanges that reached it, oldest first.
        met: the request at which it was noticed.
        since_ns: what had ended before cannot be meant (monotonic clock).
    """
    under_way = [
        (each, check)
        for each, check in recent
        if _unanswered(each) and each.end_ns >= since_ns - (GIVEN_UP_NS if _given_up(each) else 0)
    ]
    latest = max((each.end_ns for each, _ in under_way), default=met.start_ns)
    answered = [(each, check) for each, check in recent if not _unanswered(each) and _reached(each)]
    just = [(each, check) for each, check in answered if latest - each.end_ns <= JUST_NS]
    if not under_way and not just:
        just = answered[-1:]
    found = [_suspect(each, check, True, model_of) for each, check in reversed(under_way)]
    # Where a single request was under way when its connection broke, it is the one; an answered one is a guess more.
    if not found or len(found) > 1:
        found += [_suspect(each, check, False, model_of) for each, check in reversed(just[-MOST_ANSWERED:])]
    return tuple(found[:MOST])


def _suspect(exchange: Exchange, check: str | None, under_way: bool, model_of: ModelOf) -> Suspect:
    what = f"{exchange.method} {clip(urlsplit(exchange.url).path, 120)}"
    if exchange.http_version == "HTTP/2":
        what = f"gRPC {clip(exchange.url.rpartition('/')[2], 60)}"
    return Suspect(exchange.ref, what, check, under_way, differs_in(exchange, model_of(exchange)))


def _reached(exchange: Exchange) -> bool:
    return exchange.connection is not None and exchange.sent > 0


def _unanswered(exchange: Exchange) -> bool:
    return exchange.error is not None and not exchange.answered and _reached(exchange)


def _given_up(exchange: Exchange) -> bool:
    return exchange.error is not None and exchange.error.kind == "timeout"


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
