"""One size of a perturbation: the samples asked about before and after, odd ones once more, and what it comes to."""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec
import numpy as np

from harness.bundle.robustness import LevelSeen, ShareSeen, WorstSeen
from harness.check import TesterFailed
from harness.data.declared import DeclaredLevel
from harness.data.metric import NoMetric, metric_named
from harness.data.metrics import PredictedRows, value
from harness.judging.robustness.bench import Bench
from harness.judging.robustness.follow_ups import follow_ups
from harness.probing.decisions import Decided
from harness.probing.labelled import predicted
from harness.record.exchange import Exchange
from harness.robustness.declared import PerturbationTable
from harness.robustness.shares import BoundedShare, Family, accuracy_drop, changed_share, metric_drop
from harness.statistics.bootstrap import Indices
from harness.wire.messages import InferRequest

# Changed decisions of a size without limits that are asked once more, for one that may be shown.
_TRIED = 3


@dataclass(frozen=True, slots=True)
class LadderLevel:
    """What came of one size, row by row.

    Attributes:
        places: of the samples that count.
        before, after: what was said of each; ``after`` is None where it is not the same again.
        left_out: samples without a valid change.
        worst: one whose decision changed, seen twice.
        shown: the exchange of that one, or else of any that was answered.
        example: place and request of that one, or else of the first.
    """

    size: float
    places: list[int]
    before: list[Decided | None]
    after: list[Decided | None]
    left_out: int
    worst: WorstSeen | None
    shown: Exchange | None
    example: tuple[int, InferRequest] | None

    @property
    def pairs(self) -> list[tuple[int, Decided, Decided]]:
        """Of the samples with both answers, their place and these."""
        every = zip(self.places, self.before, self.after, strict=True)
        return [(place, before, after) for place, before, after in every if before is not None and after is not None]


def level(bench: Bench, table: PerturbationTable, size: float) -> LadderLevel:
    """Ask about every sample changed by a size.

    Raises:
        TesterFailed: the policy names a feature or a unit that there is not.
        BudgetExhausted: it does not reach.
    """
    usable = bench.usable
    made = {place: made for place, made in zip(usable, follow_ups(bench, table, size, usable), strict=True) if made}
    places = list(made)
    after = bench.decider.of_requests(list(made.values()))
    limited = table.limited(size) and (table.max_changed is not None or table.max_drop is not None)
    worst, tried = None, 0
    shown = next((said.exchange for said in after if said is not None), None)
    example = next(iter(made.items()), None)
    for number, place in enumerate(places):
        before, said = bench.base[place], after[number]
        if before is None or said is None or bench.same(before, said):
            continue
        if not limited and (worst is not None or tried == _TRIED):
            break
        tried += 1
        source, again = bench.decider.alone(bench.requests[place]), bench.decider.alone(made[place])
        if source is None or again is None or not bench.same(source, before) or not bench.same(again, said):
            # It varies by itself, or with its company: no word about the change.
            after[number] = None
        elif worst is None:
            worst, shown, example = bench.worst(place, source, again), again.exchange, (place, made[place])
    before_all = [bench.base[place] for place in places]
    return LadderLevel(size, places, before_all, after, len(bench.rows) - len(places), worst, shown, example)


def measured(
    bench: Bench, table: PerturbationTable, found: LadderLevel, metric: str | None, family: Family
) -> LevelSeen:
    """The share of changed decisions and the drop of the metric at one size; nothing is decided yet.

    Raises:
        TesterFailed: the metric cannot be computed.
    """
    pairs = found.pairs
    missing = len(found.places) - len(pairs)
    changed = np.array([not bench.same(before, after) for _, before, after in pairs], dtype=bool)
    clusters = bench.clusters([place for place, _, _ in pairs])
    limited = table.limited(found.size)
    share = changed_share(changed, missing, table.max_changed if limited else None, family, clusters)
    seen = LevelSeen(
        size=found.size,
        rows=len(found.places),
        left_out=found.left_out,
        changed=int(changed.sum()),
        missing=missing,
        share=share_seen(share, family),
        worst=found.worst,
    )
    return seen if metric is None else _with_drop(bench, table, found, metric, family, seen)


def _with_drop(
    bench: Bench, table: PerturbationTable, found: LadderLevel, metric: str, family: Family, seen: LevelSeen
) -> LevelSeen:
    pairs, limit = found.pairs, table.max_drop if table.limited(found.size) else None
    labels = [bench.data.rows[place].label for place, _, _ in pairs]
    before = predicted(bench.table, labels, [said.said for _, said, _ in pairs])
    after = predicted(bench.table, labels, [said.said for _, _, said in pairs])
    right = [
        (one.decision == label, other.decision == label) for label, (_, one, other) in zip(labels, pairs, strict=True)
    ]
    lost, gained = right.count((True, False)), right.count((False, True))
    clusters = bench.clusters([place for place, _, _ in pairs])
    known, declared = metric_named(metric), DeclaredLevel(metric=metric, at_most=0.0)

    def of(rows: PredictedRows, at: Indices) -> float:
        return value(known, rows, declared, at) if len(at) else math.nan

    def drop(at: Indices) -> float:
        less = of(before, at) - of(after, at)
        return -less if known.loss else less

    try:
        every = np.arange(len(pairs), dtype=np.intp)
        values = of(before, every), of(after, every)
        if metric == "accuracy" and clusters is None:
            bounded = accuracy_drop(lost, gained, len(pairs), seen.missing, limit, family)
        else:
            bounded = metric_drop(drop, len(pairs), seen.missing, limit, family, clusters)
    except NoMetric as error:
        raise TesterFailed(f"robustness of {bench.table.model}: {error}") from None
    return msgspec.structs.replace(
        seen,
        lost=lost,
        gained=gained,
        before=_number(values[0]),
        after=_number(values[1]),
        drop=share_seen(bounded, family),
    )


def share_seen(found: BoundedShare, family: Family) -> ShareSeen:
    """A bounded share for the record, not decided yet."""
    return ShareSeen(
        value=_number(found.value),
        lower=_number(found.interval.lower),
        upper=_number(found.interval.upper),
        confidence=family.confidence,
        method=found.method,
        limit=found.limit,
        within_chance=found.within_chance,
        beyond_chance=found.beyond_chance,
        would_decide=found.would_decide,
    )


def _number(number: float) -> float | None:
    return number if math.isfinite(number) else None
