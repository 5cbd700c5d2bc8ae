"""What labelled data leaves in the evidence: the data, each metric with its interval, and the level declared for it."""

from __future__ import annotations

from typing import Literal

from harness.bundle.events import JournalEvent
from harness.bundle.parts import Part

DecisionName = Literal["supports", "contradicts", "inconclusive"]


class DataSeen(Part, frozen=True, kw_only=True):
    """Labelled data: ``drawn`` of ``total`` rows, by ``seed`` where not all; ``counts`` of labels and groups by column.

    ``label`` is the column that says what is right, if any; ``origin`` is what the policy says of the data.
    ``clusters`` is how many the rows belong to, None where each stands alone.
    """

    file: str
    sha256: str
    total: int
    drawn: int
    seed: int | None = None
    origin: str = ""
    label: str = ""
    counts: dict[str, dict[str, int]] = {}
    cluster: str | None = None
    clusters: int | None = None


class MetricSeen(Part, frozen=True, kw_only=True):
    """A metric over all rows, or over those of a ``group`` (``column=value``).

    ``value`` is over the rows with an answer, ``missing`` of ``rows`` have none. Bounds are one-sided, each at
    ``confidence``; None where nothing bounds it. ``limit`` is the declared level, None where the metric was only
    measured; then there is no ``decision`` either. ``would_decide`` is about how many rows would decide.
    """

    metric: str
    about: str = ""
    group: str | None = None
    value: float | None
    lower: float | None
    upper: float | None
    confidence: float
    method: str
    rows: int
    missing: int = 0
    limit: float | None = None
    side: Literal["at least", "at most"] | None = None
    decision: DecisionName | None = None
    would_decide: int | None = None
    reason: str = ""


class BinSeen(Part, frozen=True, kw_only=True):
    """Rows whose highest score lies in one bin: their mean score, and the share of them that is right."""

    rows: int
    confidence: float
    accuracy: float


class AccuracyRecord(Part, frozen=True, kw_only=True):
    """One ``[[accuracy]]`` table of the policy on one model.

    ``family`` is how many decisions the policy asks of all its levels; none is corrected for their number.
    ``plain_calibration_error`` is the estimate without its correction, for comparison.
    """

    check: str | None = None
    model: str
    transport: str
    data: DataSeen
    prediction: str
    scores: str | None = None
    metrics: list[MetricSeen] = []
    bins: list[BinSeen] = []
    plain_calibration_error: float | None = None
    family: int = 0


class AccuracySeen(JournalEvent, frozen=True, kw_only=True):
    """``accuracy``: what one table of labelled data came to, and the check that asked."""

    kind_of_line = "accuracy"
    check: str | None = None
    accuracy: AccuracyRecord
