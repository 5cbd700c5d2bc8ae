"""Whether samples get the answers after an attack that they got before it."""

from __future__ import annotations

from dataclasses import dataclass

from harness import waiting
from harness.bundle.attacks import ServiceReaction
from harness.judging.robustness.bench import Bench
from harness.judging.robustness.evasion import Attacked, times_of
from harness.probing.decisions import Decided
from harness.probing.labelled import what_is_said
from harness.probing.probe import Probe
from harness.probing.replies import not_now
from harness.record.exchange import Exchange

# Samples that are sent again, and seconds before an odd one is sent once more.
_AGAIN, _PAUSE = 20, 1.0


@dataclass(frozen=True, slots=True)
class HonestAgain:
    """What samples were answered after an attack.

    Attributes:
        asked: how many.
        refused: exchanges of those that were refused, twice.
        changed: of those that were answered otherwise than before, twice.
        put_off: of those that were told to come later, twice; that may be meant for whoever asks so much.
    """

    asked: int
    refused: list[Exchange]
    changed: list[Exchange]
    put_off: list[Exchange]


def honest_again(probe: Probe, on: Bench, found: Attacked) -> HonestAgain:
    """Send the samples again, as they are; those that were attacked first.

    Each was answered alike twice before, and an odd answer is seen twice, a pause apart.

    Raises:
        BudgetExhausted: it does not reach.
    """
    attacked = [each.place for each in found.attempts]
    places = [*attacked, *sorted(set(on.usable) - set(attacked))]
    steady = [place for place in places if on.base[place] is not None][:_AGAIN]
    odd: dict[str, list[Exchange]] = {"refused": [], "changed": [], "put off": []}
    paused = False
    for place in steady:
        exchange, kind = _once(probe, on, place)
        if kind not in odd:
            continue
        if not paused:
            waiting.wait(_PAUSE)
            paused = True
        exchange, second = _once(probe, on, place)
        if second == kind:
            odd[kind].append(exchange)
    return HonestAgain(len(steady), odd["refused"], odd["changed"], odd["put off"])


def _once(probe: Probe, on: Bench, place: int) -> tuple[Exchange, str]:
    """The exchange of a sample, and what is odd about it; nothing where the answer is as before, or is lost."""
    route = probe.model.over(on.table.transport)
    exchange = route.ask(on.requests[place])
    own = on.base[place]
    if exchange.error is not None or own is None:
        return exchange, ""
    if not exchange.ok:
        return exchange, "put off" if not_now(exchange) else "refused"
    said = what_is_said(on.table, route.outputs(exchange))
    return exchange, "" if said is not None and on.same(own, Decided(said, exchange)) else "changed"


def reaction_of(found: Attacked, again: HonestAgain) -> ServiceReaction:
    """What the service was seen to do, for the record."""
    first, last = times_of(found)
    return ServiceReaction(
        refused=dict(found.noted.refused),
        first_ms=first,
        last_ms=last,
        honest=again.asked,
        honest_refused=len(again.refused) + len(again.put_off),
        honest_changed=len(again.changed),
    )
