"""Attacks, certified radii and indicators of one ``[[robustness]]`` table: what is tried, at what cost, its limits."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from harness.robustness.attack_kinds import NormName, attack_kinds

UnitName = Literal["absolute", "std", "range"]
ShareLimit = Annotated[float, msgspec.Meta(ge=0, le=1)]
Above = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]


class AttackTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[[robustness.attack]]``: a search for rows near by that are decided otherwise.

    Attributes:
        kind: its name (``harness/robustness/attacks.toml``).
        norm: of the distance; without it, the one that the search is for.
        limit: distance within which another decision is a success; without it, distances alone are measured.
        unit: of distances: as they are, in standard deviations of each feature in the samples, or in widths of its
            range.
        features: that may change; without it, all that are not immutable.
        queries: most of them for each sample.
        total: most of them for all samples; as many samples are attacked as it reaches for.
        samples: most samples that are attacked, the first of those drawn.
        max_success: largest share of samples for which it succeeds.
        may_block: whether the service may refuse whoever attacks, the samples as they are included.
        reason: where and why the limit is declared, in the provider's words.
    """

    kind: str = "hop-skip"
    norm: NormName | None = None
    limit: Above | None = None
    unit: UnitName = "absolute"
    features: list[str] = []
    queries: Count = 500
    total: Count | None = None
    samples: Count = 60
    max_success: ShareLimit | None = None
    may_block: bool = False
    reason: str = ""

    def __post_init__(self) -> None:
        kind = attack_kinds().get(self.kind)
        if kind is None:
            raise ValueError(f"no attack is called {self.kind!r}; there are {', '.join(attack_kinds())}")
        if self.norm is not None and self.norm not in kind.norms:
            raise ValueError(f"{self.kind}: its distance is {' or '.join(kind.norms)}, and not {self.norm}")
        if self.limit is None and (self.max_success is not None or kind.within):
            what = "it searches" if kind.within else "max_success is"
            raise ValueError(f"{self.kind}: {what} within a distance: write limit =")
        if self.total is not None and self.total < self.queries:
            raise ValueError(f"{self.kind}: total = {self.total} does not reach for the queries of one sample")

    @property
    def distance(self) -> NormName:
        """The norm of its distance."""
        return self.norm or attack_kinds()[self.kind].norms[0]

    @property
    def most(self) -> int:
        """Most samples that are attacked."""
        return self.samples if self.total is None else min(self.samples, self.total // self.queries)


class CertifiedTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[robustness.certified]``: a radius for each sample within which the decision by majority under noise stays.

    Attributes:
        sigma: standard deviation of the noise.
        unit: of sigma and radius, as in :class:`AttackTable`.
        features: that get noise; without it, all that are not immutable.
        select, estimate: draws for each sample that say which decision it is about, and that bound how likely it is.
        samples: most samples that are asked about, the first of those drawn.
        confidence: with which all radii together are not too large.
        radius: that is to be certified.
        min_share: smallest share of samples for which it is.
        reason: where and why it is declared, in the provider's words.
    """

    sigma: Above
    unit: UnitName = "absolute"
    features: list[str] = []
    select: Count = 50
    estimate: Count = 500
    samples: Count = 30
    confidence: Annotated[float, msgspec.Meta(gt=0.5, lt=1)] = 0.99
    radius: Above | None = None
    min_share: ShareLimit | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if self.min_share is not None and self.radius is None:
            raise ValueError("certified: min_share is of samples with a radius: write radius =")


class ExtractionTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[robustness.extraction]``: what answers give away of the model. Indicators, not bounds.

    Attributes:
        queries: answers that a copy is trained on.
        max_agreement: largest share of samples held out on which the copy may say the same.
        training: a table of rows that the model was trained on, as ``data`` is one of rows that it was not.
        max_told_apart: how well the highest score may tell one from the other (area under the curve).
        max_digits: most significant decimal digits of a score.
        reason: where and why limits are declared, in the provider's words.
    """

    queries: Count = 500
    max_agreement: ShareLimit | None = None
    training: str | None = None
    max_told_apart: Annotated[float, msgspec.Meta(ge=0.5, le=1)] | None = None
    max_digits: Annotated[int, msgspec.Meta(ge=1, le=17)] | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if self.max_told_apart is not None and self.training is None:
            raise ValueError("extraction: max_told_apart is of rows of the training data: write training =")
