"""Samples of the policy, what of an answer is the prediction, and the levels that ``[[accuracy]]`` declares."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec

from harness.data.metric import NoMetric, metric_named
from harness.statistics.decision import LimitSide

Confidence = Annotated[float, msgspec.Meta(gt=0.5, lt=1)]
Rows = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]


class DeclaredLevel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[[accuracy.declared]]``: a metric, and the level that the provider declares for it.

    Attributes:
        metric: its name (``harness/data/metrics.toml``).
        at_least, at_most: the level; one of the two.
        confidence: of the one-sided bound that has to be on the right side of it.
        positive: the class that precision, recall, F1 and the like are about; without it, an average over classes.
        k: of top-k accuracy.
        each_group: whether the level is declared for each group as well, and not for all rows together alone.
        reason: where and why it is declared, in the provider's words.
    """

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    confidence: Confidence = 0.95
    positive: str | None = None
    k: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 5
    each_group: bool = False
    reason: str = ""

    def __post_init__(self) -> None:
        try:
            metric = metric_named(self.metric)
        except NoMetric as error:
            raise ValueError(str(error)) from None
        if metric.among == "others" and self.positive is None:
            raise ValueError(f"{self.metric} is of one class: write positive =")
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError(f"{self.metric}: a level is at_least or at_most a number; write one of the two")

    @property
    def limit(self) -> float:
        """The level as a number."""
        found = self.at_most if self.at_least is None else self.at_least
        assert found is not None
        return found

    @property
    def side(self) -> LimitSide:
        """On which side of it the metric has to be."""
        return LimitSide.AT_MOST if self.at_least is None else LimitSide.AT_LEAST


class SampledTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``[[accuracy]]`` and ``[[robustness]]`` say alike: samples of one model, and what an answer to one says.

    Attributes:
        model: its name.
        transport: over which it is asked.
        data: a table (npz, csv, parquet) with a column (array) for each input.
        label: the column that says what is right.
        output: the output that holds the prediction; without it the class with the highest score, or the only output.
        scores: the output that holds a score for each class.
        classes: what the scores stand for, in their order; without it 0, 1, 2, ...
        groups: columns by whose values rows are counted, and metrics of accuracy are given as well.
        cluster: a column; rows with the same value in it belong together, and are no independent draws.
        rows: most rows that are sent, drawn at random without replacement; without it all.
        origin: where the data comes from and whom it stands for, in the provider's words.
    """

    model: str
    transport: Literal["rest", "grpc"] = "rest"
    data: str
    label: str | None = None
    output: str | None = None
    scores: str | None = None
    classes: list[str] = []
    groups: list[str] = []
    cluster: str | None = None
    rows: Rows | None = None
    origin: str = ""


class AccuracyTable(SampledTable, frozen=True, kw_only=True):
    """``[[accuracy]]``: labelled data of one model, drawn from the population that the levels are declared for.

    Attributes:
        declared: levels; without any, the usual metrics are measured and held against nobody.
    """

    label: str
    declared: list[DeclaredLevel] = []


Sampled = TypeVar("Sampled", bound=SampledTable)


def data_rooted(tables: Sequence[Sampled], policy: Path, what: str) -> list[Sampled]:
    """The tables, with the path of each as it is seen from the working directory.

    Args:
        what: word for the tables, such as ``accuracy``.

    Raises:
        ValueError: a file that is not there.
    """
    found = []
    for table in tables:
        path = policy.parent / table.data
        if not path.is_file():
            raise ValueError(f"{what} of {table.model!r}: data = {table.data!r} is no file beside the policy")
        found.append(msgspec.structs.replace(table, data=str(path)))
    return found
