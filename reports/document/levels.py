"""Declared levels and limits beside what was measured: one row each, whatever suite measured it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from harness.bundle.accuracy import DecisionName, MetricSeen
from harness.bundle.attacks import GivenAwaySeen
from harness.bundle.robustness import RelationSeen, ShareSeen
from reports.evidence import Evidence

Place = Literal["accuracy", "robustness"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelBeside:
    """One level or limit of the policy, and what was measured beside it.

    Attributes:
        place: section of the annex that has it.
        metric: name of a metric that the language has words for; else ``words`` say what it is, or it is the share of
            samples that are certified within a ``radius``.
        about: class, group or size that it is about.
        side: on which side of ``limit`` the value is to be.
        lower, upper: one-sided bounds, each at ``confidence``; None where nothing bounds the value.
        rows: how many independent inputs it was measured over.
    """

    model: str
    place: Place = "robustness"
    metric: str = ""
    words: str = ""
    radius: bool = False
    about: str = ""
    side: Literal["at least", "at most"] = "at most"
    limit: float
    value: float | None
    lower: float | None
    upper: float | None
    confidence: float
    rows: int
    decision: DecisionName | None
    reason: str = ""


def levels(document: Evidence) -> list[LevelBeside]:
    """Every level and limit that the policy declares and this run decided about, in the order of the document."""
    return [*_accuracy(document), *_robustness(document), *_attacks(document)]


def _accuracy(document: Evidence) -> Iterator[LevelBeside]:
    for record in document.accuracy:
        for seen in record.metrics:
            if seen.limit is not None and seen.side is not None:
                about = ", ".join(each for each in (seen.about, seen.group) if each)
                level = _level(record.model, seen, seen.limit, seen.rows, seen.reason)
                yield replace(level, place="accuracy", metric=seen.metric, about=about, side=seen.side)


def _robustness(document: Evidence) -> Iterator[LevelBeside]:
    for record in document.robustness:
        for curve in record.curves:
            for seen in curve.levels:
                about = f"{curve.size} {seen.size:g}"
                for words, share in ((curve.title, seen.share), (f"{curve.title}, {curve.metric}", seen.drop)):
                    if share is not None and share.limit is not None:
                        level = _level(record.model, share, share.limit, seen.rows, curve.reason)
                        yield replace(level, words=words, about=about)
        yield from (_relation(record.model, each) for each in record.relations)


def _relation(model: str, seen: RelationSeen) -> LevelBeside:
    return LevelBeside(
        model=model,
        words=seen.words,
        limit=seen.max_violations,
        value=seen.violations,
        lower=None,
        upper=None,
        confidence=seen.confidence,
        rows=seen.inputs,
        decision=seen.decision,
        reason=seen.reason,
    )


def _attacks(document: Evidence) -> Iterator[LevelBeside]:
    for record in document.attacks:
        for attack in record.attacks:
            if attack.share is not None and attack.share.limit is not None:
                level = _level(record.model, attack.share, attack.share.limit, attack.samples, attack.reason)
                yield replace(level, words=attack.title)
        if (radii := record.certified) is not None and radii.share is not None and radii.share.limit is not None:
            level = _level(record.model, radii.share, radii.share.limit, radii.samples, radii.reason)
            about = f"{radii.radius:g}" if radii.radius is not None else ""
            # Of radii a share is to be certified at least, of everything else at most so much is to be seen.
            yield replace(level, radius=True, about=about, side="at least")
        for seen in record.given_away:
            if seen.limit is not None:
                yield replace(_level(record.model, seen, seen.limit, seen.rows, seen.reason), words=seen.words)


def _level(
    model: str, seen: MetricSeen | ShareSeen | GivenAwaySeen, limit: float, rows: int, reason: str
) -> LevelBeside:
    return LevelBeside(
        model=model,
        limit=limit,
        value=seen.value,
        lower=seen.lower,
        upper=seen.upper,
        confidence=seen.confidence,
        rows=rows,
        decision=seen.decision,
        reason=reason,
    )
