"""Which requests may have made the endpoint go away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from harness.endpoint.models import ModelUnderTest
from harness.incident import Suspect
from harness.probing.differing import differs_in
from harness.record.exchange import Exchange
from harness.record.quoting import clip

Seen = Sequence[tuple[Exchange, str | None]]
ModelOf = Callable[[Exchange], ModelUnderTest | None]

# Answered so shortly before that the answer may have been its last words.
JUST_NS = 200_000_000
MOST_ANSWERED, MOST = 4, 16
# What we gave up may still be worked on there, and be what ends it, for so long.
GIVEN_UP_NS = 30_000_000_000


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
