"""What changed inputs leave in the evidence: curves of changed decisions, relations that hold or not, worst cases."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from harness.bundle.accuracy import DataSeen, DecisionName
from harness.bundle.events import JournalEvent
from harness.bundle.parts import Part

Png = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9+/]*={0,2}$", max_length=200_000)]
"""A picture in base64."""


class WorstSeen(Part, frozen=True, kw_only=True):
    """One input that was answered otherwise than it should be: the row it was made of, and what was said of both.

    ``row`` counts the rows of the file from 1. ``source`` and ``exchange`` are the exchanges of the row as it is and of
    the changed one, each sent alone.
    """

    row: int
    before: str
    after: str
    source: str | None = None
    exchange: str | None = None


class PictureSeen(Part, frozen=True, kw_only=True):
    """An image before and after a change of one ``size``, and their difference; ``width`` and ``height`` in pixels."""

    row: int
    size: float
    width: int
    height: int
    original: Png
    changed: Png
    difference: Png


class ShareSeen(Part, frozen=True, kw_only=True):
    """A share of ``rows`` (or of their clusters) or a drop of a metric over them, with its bounds.

    ``value`` is over the rows with an answer, ``missing`` have none. Bounds are one-sided, each at ``confidence``; None
    where nothing bounds it. ``limit`` is the most that the policy allows, None where it says nothing; with one,
    ``within_chance`` and ``beyond_chance`` are p-values, not corrected, of what was seen if it were beyond the limit,
    and if it were within.
    """

    value: float | None
    lower: float | None
    upper: float | None
    confidence: float
    method: str
    limit: float | None = None
    within_chance: float | None = None
    beyond_chance: float | None = None
    decision: DecisionName | None = None
    would_decide: int | None = None


class LevelSeen(Part, frozen=True, kw_only=True):
    """One size of a ladder.

    ``rows`` are those with a valid change, ``left_out`` those without one, ``changed`` those whose decision changed,
    and ``missing`` those without an answer, or whose answer varies by itself. ``lost`` of them were right before and
    are not after, ``gained`` the other way round. ``before`` and ``after`` are the metric over the rows with both
    answers.
    """

    size: float
    rows: int
    left_out: int = 0
    changed: int
    missing: int = 0
    lost: int | None = None
    gained: int | None = None
    share: ShareSeen
    before: float | None = None
    after: float | None = None
    drop: ShareSeen | None = None
    worst: WorstSeen | None = None


class RobustnessCurve(Part, frozen=True, kw_only=True):
    """One kind of change on a ladder of sizes; ``features`` are those that change, empty for all that may."""

    kind: str
    title: str
    size: str
    unit: Literal["absolute", "std", "range"] = "absolute"
    features: list[str] = []
    metric: str | None = None
    reason: str = ""
    levels: list[LevelSeen] = []
    pictures: list[PictureSeen] = []


class RelationSeen(Part, frozen=True, kw_only=True):
    """A relation between source and follow-up inputs, or what inputs outside of the bounds are to get.

    ``violations`` of ``inputs`` follow-up inputs broke it, each seen twice. ``upper`` bounds their share among inputs
    of the same kind, one-sided at ``confidence``.
    """

    kind: Literal["invariance", "monotonicity", "outside"]
    words: str
    features: list[str] = []
    inputs: int
    left_out: int = 0
    missing: int = 0
    violations: int
    max_violations: int
    upper: float | None = None
    confidence: float
    decision: DecisionName
    reason: str = ""
    worst: WorstSeen | None = None


class RobustnessRecord(Part, frozen=True, kw_only=True):
    """What one check made of one ``[[robustness]]`` table of the policy on one model.

    ``domain`` says what a valid row is, a sentence each; empty where the policy declares nothing. ``unsteady`` of
    ``asked`` rows were not answered alike, unchanged. ``queries`` are rows that the model was asked about. ``family``
    is how many limits are decided together at ``confidence``, with Holm's correction.
    """

    check: str | None = None
    model: str
    transport: str
    data: DataSeen
    domain: list[str] = []
    asked: int
    unsteady: int = 0
    batched: bool = False
    queries: int
    confidence: float
    family: int = 0
    curves: list[RobustnessCurve] = []
    relations: list[RelationSeen] = []


class RobustnessSeen(JournalEvent, frozen=True, kw_only=True):
    """``robustness``: what one table of changed inputs came to, and the check that asked."""

    kind_of_line = "robustness"
    check: str | None = None
    robustness: RobustnessRecord
