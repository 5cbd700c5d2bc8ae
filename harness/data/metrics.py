"""Metrics over any selection of rows: shares of them, and functions of scikit-learn."""

from __future__ import annotations

import functools
import importlib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.data.declared import DeclaredLevel
from harness.data.metric import Metric, NoMetric
from harness.statistics.bootstrap import Indices
from harness.statistics.calibration import brier, calibration_error

_OURS = {"brier": brier, "calibration_error": calibration_error}


@dataclass(frozen=True)
class PredictedRows:
    """What is right for each row that got an answer, and what the model said.

    Attributes:
        labels: what is right, a word a row.
        predictions: what the model said, a word a row; empty where it gives none.
        scores: (rows, classes); None where it gives none.
        classes: what the scores stand for.
    """

    labels: tuple[str, ...]
    predictions: tuple[str, ...]
    scores: npt.NDArray[np.float64] | None = None
    classes: tuple[str, ...] = ()

    # Kept, since a bootstrap asks for them a thousand times.
    @functools.cached_property
    def right(self) -> npt.NDArray[np.intp]:
        """The place of the right class of each row among the scores.

        Raises:
            NoMetric: a label that no score stands for.
        """
        places = {name: place for place, name in enumerate(self.classes)}
        strange = sorted(set(self.labels) - places.keys())
        if strange:
            raise NoMetric(f"no score stands for label {strange[0]!r}: write classes = in the order of the scores")
        return np.array([places[label] for label in self.labels], dtype=np.intp)

    @functools.cached_property
    def numbers(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Labels and predictions as numbers.

        Raises:
            NoMetric: one of them is none.
        """
        try:
            return np.array([float(word) for word in self.labels]), np.array([float(word) for word in self.predictions])
        except ValueError as error:
            raise NoMetric(f"a metric of numbers, and not all labels and predictions are: {error}") from None

    @property
    def scored(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.intp]]:
        """The scores, and the place of the right class of each row.

        Raises:
            NoMetric: there are no scores, or a label that none of them stands for.
        """
        if self.scores is None:
            raise NoMetric("scores are needed: write scores = and the output that holds one for each class")
        return self.scores, self.right


def is_share(metric: Metric, level: DeclaredLevel) -> bool:
    """Whether it is a share of rows as it is declared: an average over classes is none."""
    return metric.share and not (metric.average and level.positive is None)


def successes(metric: Metric, seen: PredictedRows, level: DeclaredLevel) -> tuple[npt.NDArray[np.bool_], Indices]:
    """Of a share: for each row whether the prediction is right, and the rows that count.

    Raises:
        NoMetric: it is of one class and none is named, or needs scores.
    """
    labels, predictions = np.array(seen.labels, dtype=object), np.array(seen.predictions, dtype=object)
    every = np.arange(len(labels), dtype=np.intp)
    if metric.name == "top_k_accuracy":
        return _among_highest(seen, level.k), every
    if not metric.among:
        return predictions == labels, every
    if level.positive is None:
        raise NoMetric(f"{metric.name} is of one class: write positive =")
    if metric.among == "others":
        return predictions != level.positive, np.flatnonzero(labels != level.positive)
    column = labels if metric.among == "label" else predictions
    return predictions == labels, np.flatnonzero(column == level.positive)


def value(metric: Metric, seen: PredictedRows, level: DeclaredLevel, at: Indices) -> float:
    """The metric over the rows with these indices; NaN where it is not defined.

    Raises:
        NoMetric: something that it needs is not there.
    """
    if is_share(metric, level):
        right, counting = successes(metric, seen, level)
        chosen = at[np.isin(at, counting)]
        return float(right[chosen].mean()) if len(chosen) else math.nan
    if metric.of == "scores":
        return _of_scores(metric, seen, at)
    if metric.of == "numbers":
        labelled, predicted = seen.numbers
        return _called(metric, labelled[at], predicted[at])
    labels, predictions = ([words[place] for place in at] for words in (seen.labels, seen.predictions))
    if not metric.average:
        return _called(metric, labels, predictions)
    only = {} if level.positive is None else {"labels": [level.positive]}
    return _called(metric, labels, predictions, average="macro", zero_division=0.0, **only)


def of_rows(metric: Metric, seen: PredictedRows) -> npt.NDArray[np.float64] | None:
    """Of a metric that is the mean of a figure of each row, those figures; None of any other.

    A mean over resampled rows is taken a thousand times: scikit-learn, which looks at all rows anew, takes as many
    times longer.
    """
    if metric.name == "log_loss":
        scores, right = seen.scored
        least = np.finfo(scores.dtype).eps
        return -np.log(np.clip(scores[np.arange(len(right)), right], least, 1 - least))
    if metric.name == "mean_absolute_error":
        labelled, predicted = seen.numbers
        return np.abs(labelled - predicted)
    return None


def _of_scores(metric: Metric, seen: PredictedRows, at: Indices) -> float:
    scores, right = seen.scored
    scores, right = scores[at], right[at]
    if metric.name in _OURS:
        return _OURS[metric.name](scores, right)
    classes = list(range(len(seen.classes)))
    if metric.name == "log_loss":
        return _called(metric, right, scores, labels=classes)
    if metric.two_classes and len(set(right.tolist())) < 2:
        return math.nan
    if metric.two_classes and len(classes) == 2:
        return _called(metric, right, scores[:, 1])
    # One against the rest, for each class.
    return _called(metric, np.eye(len(classes))[right], scores)


def _among_highest(seen: PredictedRows, k: int) -> npt.NDArray[np.bool_]:
    scores, right = seen.scored
    own = scores[np.arange(len(right)), right]
    # Of equal scores none is ahead of the right one.
    found: npt.NDArray[np.bool_] = (scores > own[:, None]).sum(axis=1) < k
    return found


def _called(metric: Metric, right: Any, said: Any, **more: Any) -> float:  # noqa: ANN401 -- as scikit-learn takes them
    """The function of scikit-learn; NaN where it refuses what it is given."""
    try:
        library = importlib.import_module("sklearn.metrics")
    except ImportError:
        raise NoMetric(f"{metric.name} needs scikit-learn: pip install 'art15[accuracy]'") from None
    try:
        return float(getattr(library, metric.function)(right, said, **more))
    except ValueError:
        return math.nan
