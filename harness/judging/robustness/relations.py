"""Relations between answers that the policy declares: source inputs, follow-up inputs, and those that break one."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
import numpy as np

from harness.budget import BudgetExhausted
from harness.bundle.robustness import RelationSeen, RobustnessSeen, WorstSeen
from harness.check import TesterFailed
from harness.criteria import Criterion
from harness.judging.robustness.bench import Bench, bench
from harness.judging.robustness.follow_ups import mutable, of_rows, scale_of
from harness.probing.decisions import Decided
from harness.probing.probe import Probe
from harness.record.exchange import Exchange
from harness.robustness.declared import InvarianceTable, MonotonicityTable, RobustnessTable
from harness.robustness.metamorphic import rises_enough, unimportant_change
from harness.statistics.bootstrap import LEAST
from harness.statistics.closed import Counts
from harness.statistics.decision import Decision
from harness.wire.messages import InferRequest

Holds = Callable[[Decided, Decided], bool]
Found = tuple[RelationSeen, Exchange | None]
DECIDED = Criterion.DECLARED_ROBUSTNESS.clause


def judge_relations(probe: Probe, table: RobustnessTable) -> list[str]:
    """Send follow-up inputs, report a case for each relation that is decided, and give what is not, in words.

    Raises:
        TesterFailed: the samples cannot be read, or the policy asks for what they have not.
        BudgetExhausted: the budget does not reach; what was seen until then is on record.
    """
    on = bench(probe, table)
    wanted: list[InvarianceTable | MonotonicityTable] = [*table.invariance, *table.monotonicity]
    return on_record(probe, on, (_relation(on, each) for each in wanted))


def on_record(probe: Probe, on: Bench, wanted: Iterable[Found]) -> list[str]:
    """Carry out one relation after the other, with a case for each; what is not decided, in words."""
    found: list[Found] = []
    cut_short = None
    try:
        found.extend(wanted)
    except BudgetExhausted as error:
        cut_short = error
    record = msgspec.structs.replace(on.record(probe), relations=[seen for seen, _ in found])
    probe.outcome.series.append(RobustnessSeen(robustness=record))
    undecided = [text for seen, exchange in found if (text := _reported(probe, seen, exchange))]
    if cut_short is not None:
        raise cut_short
    return undecided


def decided(violations: int, missing: int, inputs: int, most: int) -> Decision:
    """What violations say of the most that are declared: no answer speaks for nobody, and a handful for nothing."""
    if violations > most:
        return "contradicts"
    return "supports" if inputs >= LEAST and violations + missing <= most else "inconclusive"


def words(seen: RelationSeen) -> str:
    """A relation with what broke it in a sentence."""
    missing = f", {seen.missing} without an answer that stays the same" if seen.missing else ""
    left_out = f", {seen.left_out} left out" if seen.left_out else ""
    bound = "" if seen.upper is None else f" (share at most {seen.upper:.4g}, at {seen.confidence:g})"
    worst = "" if seen.worst is None else f"; row {seen.worst.row}: {seen.worst.before}, then {seen.worst.after}"
    return f"{seen.words}: broken by {seen.violations} of {seen.inputs}{missing}{left_out}{bound}{worst}"


def bounded(seen: RelationSeen) -> RelationSeen:
    """With the bound on the share of inputs that break it, and what is decided."""
    counts = Counts(seen.inputs, seen.inputs - seen.violations - seen.missing, seen.violations)
    upper = None
    if seen.inputs:
        upper = 1 - counts.interval(seen.confidence).lower
    decision = decided(seen.violations, seen.missing, seen.inputs, seen.max_violations)
    return msgspec.structs.replace(seen, upper=upper, decision=decision)


def _reported(probe: Probe, seen: RelationSeen, exchange: Exchange | None) -> str:
    probe.observe(words(seen))
    if seen.decision == "inconclusive":
        return words(seen)
    probe.holds(
        seen.decision == "supports",
        clause=DECIDED,
        exchange=exchange if seen.decision == "contradicts" else None,
        root=f"robustness-relation-broken:{seen.kind}, {', '.join(seen.features) or 'every feature'}",
        expected=f"{seen.words}, but for {seen.max_violations} inputs at most, as declared",
        observed=words(seen),
    )
    return ""


def _relation(on: Bench, table: InvarianceTable | MonotonicityTable) -> Found:
    """One relation over all samples that are valid rows."""
    places = on.usable
    at, rows = mutable(on, table.features), on.rows[places]
    if isinstance(table, InvarianceTable):
        rng = np.random.default_rng([on.seed, len(places)])
        changed, holds = unimportant_change(table, rows, at, rng), _invariant(on, table)
    else:
        changed = rows.copy()
        changed[:, at] += table.by * scale_of(on, table.unit, at)
        holds = _monotone(on, table)
    # Only where the whole change fits is it the follow-up input that was declared.
    made = of_rows(on, np.array(places, dtype=np.intp), changed, whole=True)
    sent = {place: request for place, request in zip(places, made, strict=True) if request is not None}
    return _compared(on, table, sent, holds)


def _compared(
    on: Bench, table: InvarianceTable | MonotonicityTable, sent: dict[int, InferRequest], holds: Holds
) -> Found:
    violations, missing, worst, shown = 0, 0, None, None
    for (place, request), after in zip(sent.items(), on.decider.of_requests([*sent.values()]), strict=True):
        before = on.base[place]
        if before is None or after is None:
            missing += 1
        elif not holds(before, after):
            source, again = on.decider.alone(on.requests[place]), on.decider.alone(request)
            if source is None or again is None or not source.same(before) or not again.same(after):
                missing += 1
                continue
            violations += 1
            if worst is None:
                worst, shown = on.worst(place, source, again), again.exchange
    seen = _seen(on, table, len(sent), violations, missing, worst)
    return bounded(msgspec.structs.replace(seen, left_out=len(on.rows) - len(sent))), shown


def _seen(
    on: Bench,
    table: InvarianceTable | MonotonicityTable,
    inputs: int,
    violations: int,
    missing: int,
    worst: WorstSeen | None,
) -> RelationSeen:
    return RelationSeen(
        kind="invariance" if isinstance(table, InvarianceTable) else "monotonicity",
        words=_invariance_words(table) if isinstance(table, InvarianceTable) else _monotonicity_words(table),
        features=table.features,
        inputs=inputs,
        missing=missing,
        violations=violations,
        max_violations=table.max_violations,
        confidence=on.table.confidence,
        decision="inconclusive",
        reason=table.reason,
        worst=worst,
    )


def _invariant(on: Bench, table: InvarianceTable) -> Holds:
    def holds(before: Decided, after: Decided) -> bool:
        close = table.scores_within is None or (
            len(before.scores) == len(after.scores)
            and bool((np.abs(np.subtract(before.scores, after.scores)) <= table.scores_within).all())
        )
        return on.same(before, after) and close

    return holds


def _monotone(on: Bench, table: MonotonicityTable) -> Holds:
    def value(said: Decided) -> float:
        if table.score is None:
            return float(said.decision)
        classes = on.table.classes or [str(number) for number in range(len(said.scores))]
        if table.score not in classes or len(classes) != len(said.scores):
            raise TesterFailed(f"robustness of {on.table.model}: no score stands for class {table.score!r}")
        return said.scores[classes.index(table.score)]

    def holds(before: Decided, after: Decided) -> bool:
        try:
            return rises_enough(value(before), value(after), falls=table.falls, within=table.within)
        except ValueError:
            raise TesterFailed(
                f"robustness of {on.table.model}: the prediction is no number, so score = names a class"
            ) from None

    return holds


def _invariance_words(table: InvarianceTable) -> str:
    ways = {
        "permute": "in another order",
        "negate": "with the other sign",
        "scale": f"times {table.by or 0:g}",
        "shift": f"plus {table.by or 0:g}",
        "replace": "with the values of another row",
    }
    scores = "" if table.scores_within is None else f", scores within {table.scores_within:g}"
    return f"the same decision{scores} with {', '.join(table.features)} {ways[table.change]}"


def _monotonicity_words(table: MonotonicityTable) -> str:
    what = "the prediction" if table.score is None else f"the score of {table.score}"
    unit = {"absolute": "", "std": " standard deviations", "range": " widths of its range"}[table.unit]
    verb = "rise" if table.falls else "fall"
    return f"{what} does not {verb} where {', '.join(table.features)} rises by {table.by:g}{unit}"
