"""What attacks leave in the evidence: distances over queries, radii that hold under noise, what answers give away."""

from __future__ import annotations

from typing import Literal

from harness.bundle.accuracy import DataSeen, DecisionName
from harness.bundle.events import JournalEvent
from harness.bundle.parts import Part
from harness.bundle.robustness import PictureSeen, ShareSeen, WorstSeen


class AttackPoint(Part, frozen=True, kw_only=True):
    """After so many queries for each sample: how many have a row with another decision, and how far away it is.

    ``median`` is over all samples that were attacked, None where half of them have no such row; ``within`` counts those
    with one within the limit.
    """

    queries: int
    found: int
    median: float | None
    within: int | None = None


class ServiceReaction(Part, frozen=True, kw_only=True):
    """What the service was seen to do while many rows that are nearly the same were asked about.

    ``refused`` counts by status the attacked rows without an answer (those that are on record, the first few).
    ``first_ms`` and ``last_ms`` are medians of the time of the first and the last answers. ``honest`` samples were
    sent again afterwards, as they are; ``honest_refused`` of them were refused, ``honest_changed`` answered otherwise
    than before, each of them twice.
    """

    refused: dict[str, int] = {}
    first_ms: float | None = None
    last_ms: float | None = None
    honest: int = 0
    honest_refused: int = 0
    honest_changed: int = 0


class AttackSeen(Part, frozen=True, kw_only=True):
    """One kind of attack on some samples.

    ``samples`` were attacked; ``wrong`` ones were passed over since the model is wrong about them as they are.
    ``missing`` are those of which nothing can be said: not answered alike twice, or a success that was not seen twice.
    ``successes`` have another decision within ``limit``. ``queries`` were sent, at most ``allowed`` for each sample;
    ``unanswered`` of them got no answer, which is no success. ``left_out`` rows broke a relation and were not sent.
    ``first`` is the median of the queries until any other decision was seen, None where half of them saw none.
    """

    kind: str
    title: str
    techniques: list[str] = []
    norm: Literal["l2", "linf"]
    unit: str = "absolute"
    features: list[str] = []
    limit: float | None = None
    allowed: int
    samples: int
    wrong: int = 0
    missing: int = 0
    successes: int | None = None
    queries: int
    unanswered: int = 0
    left_out: int = 0
    first: int | None = None
    curve: list[AttackPoint] = []
    share: ShareSeen | None = None
    worst: WorstSeen | None = None
    worst_distance: float | None = None
    picture: PictureSeen | None = None
    reaction: ServiceReaction = ServiceReaction()
    reason: str = ""


class RadiusPoint(Part, frozen=True, kw_only=True):
    """How many samples are certified at a radius."""

    radius: float
    certified: int


class CertifiedSeen(Part, frozen=True, kw_only=True):
    """Radii by noise: of the model that is smoothed by it, and of no single answer.

    All radii together hold with ``confidence``, each with 1 - ``alpha``. Of ``samples``, ``abstained`` have none,
    ``wrong`` have one for another decision than the right one (or than the model's own, where there is no label).
    ``unanswered`` draws count against the decision.
    """

    sigma: float
    unit: str = "absolute"
    features: list[str] = []
    select: int
    estimate: int
    confidence: float
    alpha: float
    samples: int
    abstained: int
    wrong: int
    unanswered: int = 0
    queries: int
    radius: float | None = None
    certified: int | None = None
    share: ShareSeen | None = None
    curve: list[RadiusPoint] = []
    reason: str = ""


class GivenAwaySeen(Part, frozen=True, kw_only=True):
    """One indicator of what answers give away; indicators are no bounds: others may learn more of the same answers.

    ``agreement``: of a copy with the model, beside that of the most frequent answer (``chance``). ``told_apart``: the
    area under the curve of the highest score, training rows against others; 0.5 is chance. ``digits``: most
    significant decimal digits of a score.
    """

    kind: Literal["agreement", "told_apart", "digits"]
    words: str
    techniques: list[str] = []
    queries: int
    rows: int
    value: float | None
    lower: float | None = None
    upper: float | None = None
    confidence: float
    chance: float | None = None
    limit: float | None = None
    decision: DecisionName | None = None
    reason: str = ""


class AttacksRecord(Part, frozen=True, kw_only=True):
    """What one check made of one ``[[robustness]]`` table on one model; ``domain`` says what a valid row is."""

    check: str | None = None
    model: str
    transport: str
    data: DataSeen
    domain: list[str] = []
    seed: int
    queries: int
    confidence: float
    family: int = 0
    attacks: list[AttackSeen] = []
    certified: CertifiedSeen | None = None
    given_away: list[GivenAwaySeen] = []


class AttacksSeen(JournalEvent, frozen=True, kw_only=True):
    """``attacks``: what attacks on the samples of one table came to, and the check that carried them out."""

    kind_of_line = "attacks"
    check: str | None = None
    attacks: AttacksRecord
