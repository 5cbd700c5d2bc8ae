"""One ``[[robustness]]`` table of the policy: samples, valid rows, changes of them, and what may come of those."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from harness.data.declared import Confidence, DeclaredLevel, SampledTable, data_rooted
from harness.robustness.attack_kinds import attack_kinds
from harness.robustness.attacks_declared import AttackTable, CertifiedTable, ExtractionTable
from harness.robustness.kinds import kinds
from harness.robustness.relations import read_relation

EVERY = "*"
"""The word for every feature."""
Bounds = tuple[float, float]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Whole = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
Unit = Literal["absolute", "std", "range"]


class _Closed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class ImageTable(_Closed, frozen=True, kw_only=True):
    """``image`` of ``[robustness.domain]``: how the elements of an input are pixels.

    Attributes:
        shape: rows and columns of pixels.
        channels: of each pixel.
        layout: whether the channels of a pixel stand together (``hwc``), or all pixels of a channel (``chw``).
        range: of a pixel, black and white.
    """

    shape: tuple[Annotated[int, msgspec.Meta(ge=1, le=65_536)], Annotated[int, msgspec.Meta(ge=1, le=65_536)]]
    channels: Annotated[int, msgspec.Meta(ge=1, le=16)] = 1
    layout: Literal["hwc", "chw"] = "hwc"
    range: Bounds = (0.0, 255.0)

    def __post_init__(self) -> None:
        _bounds("image", self.range)

    @property
    def elements(self) -> int:
        """How many elements an image has."""
        return self.shape[0] * self.shape[1] * self.channels


class DomainTable(_Closed, frozen=True, kw_only=True):
    """``[robustness.domain]``: what a valid row is; features by their columns, by input, or ``"*"`` for every one.

    Attributes:
        range: least and most of a feature.
        immutable: features that nobody can change.
        integer: features that are whole numbers, beside those of integer datatypes.
        relations: such as ``"lowest <= highest"``.
        image: where the only input is one.
    """

    range: dict[str, Bounds] = {}
    immutable: list[str] = []
    integer: list[str] = []
    relations: list[str] = []
    image: ImageTable | None = None

    def __post_init__(self) -> None:
        for name, bounds in self.range.items():
            _bounds(f"range of {name!r}", bounds)
        for text in self.relations:
            read_relation(text)

    @property
    def empty(self) -> bool:
        """Whether nothing is declared."""
        return not (self.range or self.immutable or self.integer or self.relations or self.image)


class PerturbationTable(_Closed, frozen=True, kw_only=True):
    """``[[robustness.perturbation]]``: one kind of change on a ladder of sizes.

    Attributes:
        kind: its name (``harness/robustness/perturbations.toml``).
        sizes: the ladder, mildest first; without it, the usual one of the kind.
        unit: of sizes: as they are, in standard deviations of the feature in the samples, or in widths of its range.
        features: that are changed, or inputs of texts; without it, all that are not immutable.
        fill: what stands for a missing value; without it, the median of the samples.
        max_changed: largest share of rows whose decision changes.
        max_drop: most that the metric falls (or rises, where less is better).
        metric: that ``max_drop`` is about; without it accuracy, or the mean absolute error of numbers.
        at: sizes at which the limits hold; without it, at each.
        reason: where and why the limits are declared, in the provider's words.
    """

    kind: str
    sizes: list[float] = []
    unit: Unit = "absolute"
    features: list[str] = []
    fill: float | None = None
    max_changed: Share | None = None
    max_drop: float | None = None
    metric: str | None = None
    at: list[float] = []
    reason: str = ""

    def __post_init__(self) -> None:
        kind = kinds().get(self.kind)
        if kind is None:
            raise ValueError(f"no perturbation is called {self.kind!r}; there are {', '.join(kinds())}")
        if self.metric is not None:
            DeclaredLevel(metric=self.metric, at_most=0.0)  # or says why there is no such metric of all classes
        if self.unit != "absolute" and not kind.scaled:
            raise ValueError(f"{self.kind}: a size is {kind.size}, which has no unit")
        if not all(math.isfinite(size) and size >= 0 for size in self.ladder):
            raise ValueError(f"{self.kind}: sizes are numbers of 0 and more")
        if kind.of == "images" and not {*self.ladder} <= {1, 2, 3, 4, 5}:
            raise ValueError(f"{self.kind}: sizes are severities, 1 to 5")
        if strange := [size for size in self.at if size not in self.ladder]:
            raise ValueError(f"{self.kind}: at = {strange[0]:g} is none of its sizes")

    @property
    def ladder(self) -> list[float]:
        """The sizes that are tried."""
        return self.sizes or kinds()[self.kind].sizes

    def limited(self, size: float) -> bool:
        """Whether limits hold at a size."""
        return not self.at or size in self.at


class InvarianceTable(_Closed, frozen=True, kw_only=True):
    """``[[robustness.invariance]]``: a change of the source input that must not matter.

    Attributes:
        change: of the features: their values in another order, with the other sign, times ``by``, plus ``by``, or those
            of another row.
        features: that are changed.
        by: number for ``scale`` and ``shift``.
        scores_within: how much a score may differ; without it, decisions alone are compared.
        max_violations: most follow-up inputs with another answer.
        reason: why it must not matter, in the provider's words.
    """

    change: Literal["permute", "negate", "scale", "shift", "replace"]
    features: Annotated[list[str], msgspec.Meta(min_length=1)]
    by: float | None = None
    scores_within: Annotated[float, msgspec.Meta(ge=0)] | None = None
    max_violations: Whole = 0
    reason: str = ""

    def __post_init__(self) -> None:
        if (self.by is None) == (self.change in ("scale", "shift")):
            raise ValueError(f"{self.change}: write by = with scale and shift, and with nothing else")


class MonotonicityTable(_Closed, frozen=True, kw_only=True):
    """``[[robustness.monotonicity]]``: where features rise, a score (or the predicted number) does not fall.

    Attributes:
        features: that rise together.
        by: how much they rise; follow-up inputs beyond the domain are left out.
        unit: of ``by``.
        score: the class whose score is looked at; without it, the predicted number.
        falls: whether it must not rise instead.
        within: by which it may be on the wrong side.
        max_violations: most follow-up inputs that break it.
        reason: why it must be so, in the provider's words.
    """

    features: Annotated[list[str], msgspec.Meta(min_length=1)]
    by: Annotated[float, msgspec.Meta(gt=0)]
    unit: Unit = "absolute"
    score: str | None = None
    falls: bool = False
    within: Annotated[float, msgspec.Meta(ge=0)] = 1e-6
    max_violations: Whole = 0
    reason: str = ""


class OutsideTable(_Closed, frozen=True, kw_only=True):
    """``[[robustness.outside]]``: inputs outside of the operating bounds, and what the service does with them.

    Attributes:
        feature: that is set, or ``"*"``: all of them.
        beyond: the values, each outside of the bounds.
        expect: an error that refuses the request, or a highest score that is low.
        below: what a low score is below.
        max_violations: most inputs that are answered otherwise.
        reason: where the bounds are declared, in the provider's words.
    """

    feature: str
    beyond: Annotated[list[float], msgspec.Meta(min_length=1)]
    expect: Literal["refusal", "low-confidence"]
    below: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    max_violations: Whole = 0
    reason: str = ""

    def __post_init__(self) -> None:
        if (self.below is None) == (self.expect == "low-confidence"):
            raise ValueError(f"{self.expect}: write below = with low-confidence, and with nothing else")


class RobustnessTable(SampledTable, frozen=True, kw_only=True):
    """``[[robustness]]``: samples of one model, and what changes of them may come to.

    Attributes:
        confidence: of all decisions on limits of perturbations together.
        same_within: how far apart predicted numbers are the same decision.
        domain: what a valid row is.
        perturbation: changes on a ladder of sizes.
        invariance: changes that must not matter.
        monotonicity: scores that must not fall.
        outside: inputs outside of the operating bounds.
        attack: searches for rows near by that are decided otherwise.
        certified: radii within which a decision by majority under noise stays.
        extraction: what answers give away of the model.
    """

    confidence: Confidence = 0.95
    same_within: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    domain: DomainTable = DomainTable()
    perturbation: list[PerturbationTable] = []
    invariance: list[InvarianceTable] = []
    monotonicity: list[MonotonicityTable] = []
    outside: list[OutsideTable] = []
    attack: list[AttackTable] = []
    certified: CertifiedTable | None = None
    extraction: ExtractionTable | None = None

    def __post_init__(self) -> None:
        if self.label is None and any(each.max_drop is not None for each in self.perturbation):
            raise ValueError(f"robustness of {self.model!r}: max_drop needs label =")
        if self.scores is None and any(each.below is not None for each in self.outside):
            raise ValueError(f"robustness of {self.model!r}: low-confidence needs scores =")
        if self.scores is None and any(each.score is not None for each in self.monotonicity):
            raise ValueError(f"robustness of {self.model!r}: score = needs scores =")
        if self.scores is None and (kind := next((each.kind for each in self.attack if _by_scores(each)), None)):
            raise ValueError(f"robustness of {self.model!r}: {kind} needs scores =")
        if self.domain.image is None and (
            kind := next((each.kind for each in self.perturbation if _of_images(each)), None)
        ):
            raise ValueError(f"robustness of {self.model!r}: {kind} needs image = under [robustness.domain]")


def robustness_rooted(tables: Sequence[RobustnessTable], policy: Path) -> list[RobustnessTable]:
    """The tables, with the paths of each as they are seen from the working directory.

    Raises:
        ValueError: a file that is not there.
    """
    return [_training_rooted(table, policy) for table in data_rooted(tables, policy, "robustness")]


def _training_rooted(table: RobustnessTable, policy: Path) -> RobustnessTable:
    if table.extraction is None or table.extraction.training is None:
        return table
    given = table.extraction.training
    path = policy.parent / given
    if not path.is_file():
        raise ValueError(f"robustness of {table.model!r}: training = {given!r} is no file beside the policy")
    return msgspec.structs.replace(table, extraction=msgspec.structs.replace(table.extraction, training=str(path)))


def _by_scores(table: AttackTable) -> bool:
    return attack_kinds()[table.kind].scores


def _of_images(table: PerturbationTable) -> bool:
    return kinds()[table.kind].of == "images"


def _bounds(what: str, bounds: Bounds) -> None:
    if not -math.inf < bounds[0] < bounds[1] < math.inf:
        raise ValueError(f"{what}: {list(bounds)} is not least and most")
