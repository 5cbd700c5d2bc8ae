"""Perturbed samples against the limits that the policy declares for changed decisions and for the metric."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from harness.budget import BudgetExhausted
from harness.bundle.robustness import LevelSeen, RobustnessCurve, RobustnessSeen, ShareSeen
from harness.criteria import Criterion
from harness.judging.robustness.bench import Bench, bench
from harness.judging.robustness.follow_ups import picture
from harness.judging.robustness.levels import level, measured
from harness.probing.probe import Probe
from harness.record.exchange import Exchange
from harness.robustness.declared import PerturbationTable, RobustnessTable
from harness.robustness.kinds import kinds
from harness.robustness.shares import Family
from harness.statistics.decision import LimitSide
from harness.statistics.family import decided_together


def judge_perturbed(probe: Probe, table: RobustnessTable) -> list[str]:
    """Perturb the samples, report a case for each limit that is decided, and give what is not, in words.

    Raises:
        TesterFailed: the samples cannot be read, or the policy asks for what they have not.
        BudgetExhausted: the budget does not reach; what was seen until then is on record, and nothing is decided.
    """
    on = bench(probe, table)
    family = Family(table.confidence, sum(map(_limits, table.perturbation)), probe.endpoint.seed)
    curves: list[RobustnessCurve] = []
    shown: dict[tuple[int, float], Exchange | None] = {}
    cut_short = None
    try:
        for number, each in enumerate(table.perturbation):
            curves.append(_curve(on, each))
            shown |= {(number, size): exchange for size, exchange in _climbed(on, each, curves[-1], family)}
    except BudgetExhausted as error:
        cut_short = error
    else:
        curves = _decided(curves, family)
    record = msgspec.structs.replace(on.record(probe, family.size), curves=curves)
    probe.outcome.series.append(RobustnessSeen(robustness=record))
    for curve in curves:
        for seen in curve.levels:
            probe.observe(words(curve, seen))
    if cut_short is not None:
        raise cut_short
    undecided: list[str] = []
    for number, curve in enumerate(curves):
        for seen in curve.levels:
            probe.repeated = shown[number, seen.size]
            undecided += _reported(probe, curve, seen)
    return undecided


def _climbed(
    on: Bench, table: PerturbationTable, curve: RobustnessCurve, family: Family
) -> Iterator[tuple[float, Exchange | None]]:
    """Ask about each size of a ladder, put it on the curve, and give an exchange that shows it."""
    for size in table.ladder:
        found = level(on, table, size)
        curve.levels.append(measured(on, table, found, curve.metric, family))
        if found.example is not None and kinds()[table.kind].of == "images":
            curve.pictures.append(picture(on, size, *found.example))
        yield size, found.shown


def words(curve: RobustnessCurve, seen: LevelSeen) -> str:
    """One size of a perturbation in a sentence."""
    left_out = f", {seen.left_out} left out" if seen.left_out else ""
    missing = f", {seen.missing} without an answer that stays the same" if seen.missing else ""
    drop = "" if seen.drop is None else f"; drop of {curve.metric} {share_words(seen.drop)}"
    changed = f"{seen.changed} of {seen.rows} decisions changed{missing}{left_out}, share {share_words(seen.share)}"
    return f"{curve.kind} {seen.size:g}: {changed}{drop}"


def _limits(table: PerturbationTable) -> int:
    limits = (table.max_changed is not None) + (table.max_drop is not None)
    return limits * sum(map(table.limited, table.ladder))


def _curve(on: Bench, table: PerturbationTable) -> RobustnessCurve:
    kind = kinds()[table.kind]
    numeric = any(said is not None and said.said.numeric for said in on.base) and on.table.scores is None
    usual = "mean_absolute_error" if numeric else "accuracy"
    return RobustnessCurve(
        kind=table.kind,
        title=kind.title,
        size=kind.size,
        unit=table.unit,
        features=table.features,
        metric=None if on.table.label is None else table.metric or usual,
        reason=table.reason,
    )


def _decided(curves: Sequence[RobustnessCurve], family: Family) -> list[RobustnessCurve]:
    """The curves with what is decided of every limit, all of them together."""
    limited = [share for curve in curves for seen in curve.levels for share in _limited(seen)]
    chances = [(_known(each.within_chance), _known(each.beyond_chance)) for each in limited]
    decisions = iter(decided_together(chances, family.confidence))

    def with_decision(share: ShareSeen | None) -> ShareSeen | None:
        if share is None or share.limit is None:
            return share
        return msgspec.structs.replace(share, decision=next(decisions))

    return [
        msgspec.structs.replace(
            curve,
            levels=[
                msgspec.structs.replace(seen, share=with_decision(seen.share), drop=with_decision(seen.drop))
                for seen in curve.levels
            ],
        )
        for curve in curves
    ]


def _known(chance: float | None) -> float:
    """A p-value; where there is none, nothing is shown."""
    return 1.0 if chance is None else chance


def _limited(seen: LevelSeen) -> Iterator[ShareSeen]:
    yield from (each for each in (seen.share, seen.drop) if each is not None and each.limit is not None)


def _reported(probe: Probe, curve: RobustnessCurve, seen: LevelSeen) -> Iterator[str]:
    """Report a case for each limit at one size that is decided; what is not, in words."""
    for share, what in ((seen.share, "share of changed decisions"), (seen.drop, f"drop of {curve.metric}")):
        if share is None or share.decision is None:
            continue
        if share.decision == "inconclusive":
            more = f"; about {share.would_decide} rows would decide" if share.would_decide else ""
            yield f"{what} at {curve.kind} {seen.size:g}: {share_words(share)}{more}"
            continue
        probe.holds(
            share.decision == "supports",
            clause=Criterion.DECLARED_ROBUSTNESS.clause,
            root=f"robustness-limit-missed:{curve.kind}",
            expected=f"{what} at {curve.kind} {seen.size:g} at most {share.limit:g}, as declared",
            observed=words(curve, seen),
        )


def share_words(share: ShareSeen, side: LimitSide = LimitSide.AT_MOST) -> str:
    """A bounded share in words."""
    value = "not defined" if share.value is None else f"{share.value:.6g}"
    bounds = "without bounds"
    if share.lower is not None and share.upper is not None:
        bounds = f"bounds {share.lower:.6g} and {share.upper:.6g}, each at {share.confidence:g}"
    declared = (
        "" if share.limit is None else f"; declared {side.value} {share.limit:g}: {share.decision or 'not decided'}"
    )
    return f"{value} ({bounds}){declared}"
