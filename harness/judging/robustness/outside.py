"""Inputs outside of the operating bounds that the policy declares: refused, or answered with little confidence."""

from __future__ import annotations

from harness.bundle.robustness import RelationSeen, WorstSeen
from harness.judging.robustness.bench import Bench, bench
from harness.judging.robustness.follow_ups import places_of
from harness.judging.robustness.relations import Found, bounded, on_record
from harness.probing.decisions import Decided
from harness.probing.labelled import Said
from harness.probing.probe import Probe
from harness.probing.replies import not_now, refused
from harness.record.exchange import Exchange
from harness.robustness.declared import EVERY, OutsideTable, RobustnessTable


def judge_outside(probe: Probe, table: RobustnessTable) -> list[str]:
    """Send inputs beyond the bounds, report a case for each declaration, and give what is not decided, in words.

    Raises:
        TesterFailed: the samples cannot be read, or the policy names a feature that they have not.
        BudgetExhausted: the budget does not reach; what was seen until then is on record.
    """
    on = bench(probe, table)
    return on_record(probe, on, (_beyond(on, each) for each in table.outside))


def _beyond(on: Bench, table: OutsideTable) -> Found:
    """Each sample with the feature at each of the values, asked about alone."""
    at = places_of(on, [table.feature])
    # Of a sample without an answer nobody can say that it is the bounds for which it is refused.
    places = [place for place in on.usable if on.base[place] is not None]
    missing, broken = 0, 0
    worst: WorstSeen | None = None
    shown: Exchange | None = None
    for place in places:
        for value in table.beyond:
            row = on.rows[place].copy()
            row[at] = value
            request = on.decider.request(on.requests[place], row)
            first = _as_expected(table, *on.decider.answer(request))
            if first:
                continue
            exchange, said = on.decider.answer(request)
            if first is None or _as_expected(table, exchange, said) is not False:
                missing += 1
                continue
            broken += 1
            if worst is None:
                after = None if said is None else Decided(said, exchange)
                worst, shown = on.worst(place, on.base[place], after), exchange
    seen = RelationSeen(
        kind="outside",
        words=_told(table),
        features=[] if table.feature == EVERY else [table.feature],
        inputs=len(places) * len(table.beyond),
        left_out=len(on.rows) - len(places),
        missing=missing,
        violations=broken,
        max_violations=table.max_violations,
        confidence=on.table.confidence,
        decision="inconclusive",
        reason=table.reason,
        worst=worst,
    )
    return bounded(seen), shown


def _as_expected(table: OutsideTable, exchange: Exchange, said: Said | None) -> bool | None:
    """Whether an answer is what it is to be; None where it says nothing of the input."""
    if refused(exchange):
        # An error refuses whatever was asked for, but for one that speaks of the moment.
        return None if not_now(exchange) else True
    if said is None:
        return None
    return table.below is not None and bool(said.scores) and max(said.scores) < table.below


def _told(table: OutsideTable) -> str:
    values = ", ".join(f"{each:g}" for each in table.beyond)
    what = "every feature" if table.feature == "*" else table.feature
    due = "is refused" if table.below is None else f"is refused, or gets no score of {table.below:g} or more"
    return f"a row with {what} at {values} {due}"
