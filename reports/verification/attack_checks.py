"""Attacks of a document recomputed: bounds from counts of samples, decisions from p-values and bounds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.bundle.attacks import AttackSeen, AttacksRecord, CertifiedSeen
from harness.bundle.robustness import ShareSeen
from harness.statistics.binomial import chance, clopper_pearson
from harness.statistics.decision import Interval, LimitSide, decision
from harness.statistics.family import decided_together

_TOLERANCE = 1e-9
_EXACT = "Clopper-Pearson"


def attack_contradictions(records: Sequence[AttacksRecord]) -> Iterator[str]:
    """Where what attacks came to contradicts itself, a sentence each."""
    for each in records:
        name = f"attacks on {each.model!r:.80}"
        yield from (f"{name}: {text}" for text in _attacks(each))
        if each.certified is not None:
            yield from (f"{name}, certified: {text}" for text in _certified(each.certified))
        for seen in each.given_away:
            if seen.decision is None or seen.limit is None:
                continue
            lower, upper = (math.nan if bound is None else bound for bound in (seen.lower, seen.upper))
            due = decision(Interval(lower, upper, seen.confidence), seen.limit, LimitSide.AT_MOST)
            if due != seen.decision:
                yield f"{name}, {seen.kind}: is {seen.decision}, but its bounds say {due}"


def _attacks(record: AttacksRecord) -> Iterator[str]:
    limited: list[ShareSeen] = []
    for seen in record.attacks:
        yield from (f"{seen.kind!r:.40}: {text}" for text in _attack(seen))
        if seen.share is not None and seen.share.decision is not None:
            limited.append(seen.share)
    chances = [(_or_one(each.within_chance), _or_one(each.beyond_chance)) for each in limited]
    if [each.decision for each in limited] != decided_together(chances, record.confidence):
        yield "its decisions are not those of its p-values"


def _attack(seen: AttackSeen) -> Iterator[str]:
    if seen.queries > seen.allowed * seen.samples:
        yield f"{seen.queries} queries are more than {seen.allowed} for each of {seen.samples} samples"
    share, successes = seen.share, seen.successes
    if share is None or successes is None:
        return
    if min(successes, seen.missing, seen.samples - successes - seen.missing) < 0:
        yield "its numbers of samples do not add up"
        return
    if not seen.samples or not share.method.startswith(_EXACT):
        return
    answered = seen.samples - seen.missing
    if answered and not _same(share.value, successes / answered):
        yield f"its share is {share.value}, and {successes} of {answered} samples were"
    lower = clopper_pearson(successes, seen.samples, share.confidence).lower
    upper = clopper_pearson(successes + seen.missing, seen.samples, share.confidence).upper
    if not _same(share.lower, lower) or not _same(share.upper, upper):
        yield f"its bounds are not those of {successes} of {seen.samples} with {seen.missing} missing"
    if share.limit is None:
        return
    failures = seen.samples - successes - seen.missing
    due = chance(failures, seen.samples, 1 - share.limit), chance(successes, seen.samples, share.limit)
    if not _same(share.within_chance, due[0]) or not _same(share.beyond_chance, due[1]):
        yield "its p-values are not those of its numbers of samples"


def _certified(seen: CertifiedSeen) -> Iterator[str]:
    share = seen.share
    if seen.abstained + seen.wrong > seen.samples:
        yield "its numbers of samples do not add up"
    if share is None or seen.certified is None:
        return
    if not 0 <= seen.certified <= seen.samples - seen.abstained - seen.wrong:
        yield "it certifies more samples than have a radius"
        return
    if seen.samples and not _same(share.value, seen.certified / seen.samples):
        yield f"its share is {share.value}, and {seen.certified} of {seen.samples} are certified"
    bounds = clopper_pearson(seen.certified, seen.samples, share.confidence)
    if not _same(share.lower, bounds.lower) or not _same(share.upper, bounds.upper):
        yield f"its bounds are not those of {seen.certified} of {seen.samples}"
    if share.decision is not None and share.limit is not None:
        due = decision(bounds, share.limit, LimitSide.AT_LEAST)
        if due != share.decision:
            yield f"is {share.decision}, but its numbers say {due}"


def _or_one(chance_of: float | None) -> float:
    return 1.0 if chance_of is None else chance_of


def _same(said: float | None, due: float) -> bool:
    return said is not None and math.isclose(said, due, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
