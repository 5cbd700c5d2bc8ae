"""Radii by noise around samples, against the share that the policy declares."""

from __future__ import annotations

import zlib

import msgspec
import numpy as np

from harness.attacks.smoothing import Certificate, Smoothing, certify
from harness.budget import BudgetExhausted
from harness.bundle.attacks import AttacksSeen, CertifiedSeen, RadiusPoint
from harness.bundle.robustness import ShareSeen
from harness.criteria import Criterion
from harness.judging.robustness.attacking import attacks_record
from harness.judging.robustness.bench import Bench, bench
from harness.judging.robustness.perturbed import share_words
from harness.judging.robustness.spaces import AskedAbout, Noted, SpaceMaker
from harness.probing.probe import Probe
from harness.robustness.attacks_declared import CertifiedTable
from harness.robustness.declared import RobustnessTable
from harness.robustness.shares import EXACT
from harness.statistics.binomial import clopper_pearson
from harness.statistics.decision import LimitSide, decision
from harness.statistics.early_stopping import deciding_count

# Radii of the curve, as shares of the largest that so many draws can show.
_STEPS = 12
Labelled = tuple[int, Certificate]


def judge_certified(probe: Probe, table: RobustnessTable) -> list[str]:
    """Certify radii around the samples, report a case if the share is decided, and give it in words if not.

    Raises:
        TesterFailed: the samples cannot be read, or the policy asks for what there is not.
        BudgetExhausted: the budget does not reach; what was seen until then is on record, and nothing is decided.
    """
    wanted = table.certified
    assert wanted is not None
    on = bench(probe, table)
    places = on.usable[: wanted.samples]
    smoothing = Smoothing(wanted.sigma, wanted.select, wanted.estimate, (1 - wanted.confidence) / max(1, len(places)))
    _afford(probe, on, len(places) * smoothing.queries)
    found: list[Labelled] = []
    cut_short = None
    try:
        spaces = SpaceMaker(on, wanted.features, wanted.unit)
        for place in places:
            rng = np.random.default_rng([on.seed, zlib.crc32(b"certified"), place])
            found.append((place, certify(AskedAbout(on, place, Noted()), spaces.around(place), smoothing, rng)))
    except BudgetExhausted as error:
        cut_short = error
    seen = _seen(on, wanted, smoothing, found, decides=cut_short is None)
    record = attacks_record(probe, on, int(wanted.min_share is not None))
    probe.outcome.series.append(AttacksSeen(attacks=msgspec.structs.replace(record, certified=seen)))
    probe.observe(certified_words(seen))
    if cut_short is not None:
        raise cut_short
    return _reported(probe, on, seen)


def certified_words(seen: CertifiedSeen) -> str:
    """What noise showed in a sentence."""
    share = ""
    if seen.share is not None:
        words = share_words(seen.share, LimitSide.AT_LEAST)
        share = f"; radius {seen.radius:g} for {seen.certified}, share {words}"
    return (
        f"noise of {seen.sigma:g}: of {seen.samples} samples {seen.abstained} without a radius, {seen.wrong} with one "
        f"for another decision{share}; {seen.queries} queries, all radii together at {seen.confidence:g}"
    )


def _afford(probe: Probe, on: Bench, needed: int) -> None:
    left = probe.model.over(on.table.transport).client.budget.requests_left
    if needed > left and not on.decider.batched:
        raise BudgetExhausted(f"certificates need {needed} requests, and {left:g} are left; samples = takes fewer")


def _right(on: Bench, place: int, certificate: Certificate) -> bool:
    """Whether a certificate is for the right decision: the label's, or else the model's own of the sample as it is."""
    own = on.base[place]
    if on.table.label is not None:
        return certificate.decision == on.data.rows[place].label
    return own is not None and certificate.decision == own.decision


def _seen(
    on: Bench, table: CertifiedTable, smoothing: Smoothing, found: list[Labelled], *, decides: bool
) -> CertifiedSeen:
    radii = [each.radius if _right(on, place, each) else -1.0 for place, each in found]
    abstained = sum(each.decision is None for _, each in found)
    certified = None if table.radius is None else sum(radius >= table.radius for radius in radii)
    top = max(radii, default=0.0)
    steps = [top * step / _STEPS for step in range(1, _STEPS + 1)] if top > 0 else []
    return CertifiedSeen(
        sigma=table.sigma,
        unit=table.unit,
        features=table.features,
        select=table.select,
        estimate=table.estimate,
        confidence=table.confidence,
        alpha=smoothing.alpha,
        samples=len(found),
        abstained=abstained,
        wrong=sum(radius < 0 for radius in radii) - abstained,
        unanswered=sum(each.missing for _, each in found),
        queries=len(found) * smoothing.queries,
        radius=table.radius,
        certified=certified,
        share=None if certified is None or not found else _share(on, table, certified, len(found), decides=decides),
        curve=[RadiusPoint(radius=step, certified=sum(radius >= step for radius in radii)) for step in steps],
        reason=table.reason,
    )


def _share(on: Bench, table: CertifiedTable, certified: int, samples: int, *, decides: bool) -> ShareSeen:
    """The share of samples with the radius, and what is decided of it."""
    bounds, limit = clopper_pearson(certified, samples, on.table.confidence), table.min_share
    decided = decision(bounds, limit, LimitSide.AT_LEAST) if limit is not None and decides else None
    would = None
    if decided == "inconclusive" and limit is not None and 0 < limit < 1:
        would = deciding_count(samples, samples - certified, limit, on.table.confidence)
    return ShareSeen(
        value=certified / samples,
        lower=bounds.lower,
        upper=bounds.upper,
        confidence=on.table.confidence,
        method=EXACT,
        limit=limit,
        decision=decided,
        would_decide=would,
    )


def _reported(probe: Probe, on: Bench, seen: CertifiedSeen) -> list[str]:
    share = seen.share
    if share is None or share.decision is None:
        return []
    if share.decision == "inconclusive":
        more = f"; about {share.would_decide} samples would decide" if share.would_decide else ""
        return [certified_words(seen) + more]
    probe.repeated = next((each.exchange for each in on.base if each is not None), None)
    probe.holds(
        share.decision == "supports",
        clause=Criterion.DECLARED_ROBUSTNESS.clause,
        root="certified-share-missed",
        expected=(
            f"radius {seen.radius:g} under noise of {seen.sigma:g} for at least {share.limit:g} of samples, as declared"
        ),
        observed=certified_words(seen),
    )
    return []
