"""Metrics are scikit-learn's, to the digit; shares have exact intervals; what is missing speaks for nobody."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from calibstats import brier_score, debiased_ece, ece
from sklearn import metrics as sk

from harness.data.declared import DeclaredLevel
from harness.data.estimates import estimated
from harness.data.metric import NoMetric, metric_named, metrics
from harness.data.metrics import PredictedRows, of_rows, value
from harness.statistics.binomial import clopper_pearson
from harness.statistics.calibration import brier, calibration_error, plain_calibration_error

RNG = np.random.default_rng(21)
N = 400
RIGHT = RNG.integers(0, 3, N)
SCORES = RNG.dirichlet([1, 1, 1], N) * 0.5 + np.eye(3)[RIGHT] * 0.5 * (RNG.random((N, 1)) < 0.8)
SCORES /= SCORES.sum(axis=1, keepdims=True)
SAID = SCORES.argmax(axis=1)
CLASSES = ("a", "b", "c")
ROWS = PredictedRows(
    tuple(CLASSES[each] for each in RIGHT), tuple(CLASSES[each] for each in SAID), SCORES, CLASSES
)  # fmt: skip
ALL = np.arange(N, dtype=np.intp)
NUMBERS = RNG.normal(size=N)
GUESSES = NUMBERS + RNG.normal(scale=0.3, size=N)
REGRESSION = PredictedRows(tuple(map(repr, NUMBERS.tolist())), tuple(map(repr, GUESSES.tolist())))

EXPECTED = {
    "accuracy": sk.accuracy_score(RIGHT, SAID),
    "recall": sk.recall_score(RIGHT, SAID, average="macro"),
    "precision": sk.precision_score(RIGHT, SAID, average="macro"),
    "f1": sk.f1_score(RIGHT, SAID, average="macro"),
    "balanced_accuracy": sk.balanced_accuracy_score(RIGHT, SAID),
    "matthews_corrcoef": sk.matthews_corrcoef(RIGHT, SAID),
    "cohen_kappa": sk.cohen_kappa_score(RIGHT, SAID),
    "roc_auc": sk.roc_auc_score(RIGHT, SCORES, multi_class="ovr"),
    "average_precision": sk.average_precision_score(np.eye(3)[RIGHT], SCORES),
    "log_loss": sk.log_loss(RIGHT, SCORES),
    "mean_reciprocal_rank": sk.label_ranking_average_precision_score(np.eye(3)[RIGHT], SCORES),
    "ndcg": sk.ndcg_score(np.eye(3)[RIGHT], SCORES),
    "brier": brier_score(SCORES, RIGHT),
    "calibration_error": debiased_ece(SCORES, RIGHT),
    "top_k_accuracy": sk.top_k_accuracy_score(RIGHT, SCORES, k=2),
    "mean_absolute_error": sk.mean_absolute_error(NUMBERS, GUESSES),
    "median_absolute_error": sk.median_absolute_error(NUMBERS, GUESSES),
    "root_mean_squared_error": sk.root_mean_squared_error(NUMBERS, GUESSES),
    "mean_absolute_percentage_error": sk.mean_absolute_percentage_error(NUMBERS, GUESSES),
    "r2": sk.r2_score(NUMBERS, GUESSES),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_metric_is_that_of_scikit_learn(name: str) -> None:
    metric = metric_named(name)
    rows = REGRESSION if metric.of == "numbers" else ROWS
    level = DeclaredLevel(metric=name, at_least=0.5, k=2)
    assert value(metric, rows, level, ALL) == pytest.approx(EXPECTED[name], rel=1e-12)


@pytest.mark.parametrize("name", ["recall", "precision", "specificity"])
def test_of_one_class_it_is_a_share_with_an_exact_interval(name: str) -> None:
    level = DeclaredLevel(metric=name, at_least=0.5, positive="b")
    found = estimated(metric_named(name), ROWS, level, ALL, missing=[])
    counted = {"recall": RIGHT == 1, "precision": SAID == 1, "specificity": RIGHT != 1}[name]
    right = (SAID != 1) if name == "specificity" else (SAID == RIGHT)
    k, n = int((right & counted).sum()), int(counted.sum())
    assert (found.value, found.rows) == (k / n, n)
    assert found.interval == clopper_pearson(k, n, 0.95)


def test_every_metric_of_the_table_is_tried() -> None:
    assert set(metrics()) == {*EXPECTED, "specificity"}


def test_calibration_without_error_is_near_nothing() -> None:
    """Of a model without any error and 100 rows the plain estimate says 0.08 and more; the corrected one does not."""
    plain, corrected = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        confidence = rng.uniform(0.5, 1.0, 100)
        scores = np.stack([1 - confidence, confidence], axis=1)
        right = (rng.random(100) < confidence).astype(np.intp)
        assert plain_calibration_error(scores, right) == pytest.approx(ece(scores, right))
        plain.append(plain_calibration_error(scores, right))
        corrected.append(calibration_error(scores, right))
    assert np.median(plain) > 0.08
    assert np.median(corrected) < 0.04


def test_the_brier_score_of_two_classes_counts_both() -> None:
    assert brier(np.array([[0.2, 0.8]]), np.array([1])) == pytest.approx(0.08)


def level(at_least: float, metric: str = "accuracy") -> DeclaredLevel:
    return DeclaredLevel(metric=metric, at_least=at_least)


def rows_of(right: int, wrong: int) -> tuple[PredictedRows, npt.NDArray[np.intp]]:
    """Rows of which so many are predicted right."""
    count = right + wrong
    return PredictedRows(("a",) * count, ("a",) * right + ("b",) * wrong), np.arange(count, dtype=np.intp)


@pytest.mark.parametrize(
    ("right", "wrong", "missing", "declared", "decision"),
    [
        (980, 20, 0, 0.96, "supports"),
        (980, 20, 0, 0.99, "contradicts"),
        (98, 2, 0, 0.99, "inconclusive"),
        (980, 0, 20, 0.96, "supports"),
        (980, 0, 20, 0.99, "inconclusive"),
        (0, 0, 0, 0.5, "inconclusive"),
        (0, 0, 300, 0.5, "inconclusive"),
    ],
)
def test_decisions_about_a_share(right: int, wrong: int, missing: int, declared: float, decision: str) -> None:
    rows, at = rows_of(right, wrong)
    found = estimated(metric_named("accuracy"), rows, level(declared), at, missing=["a"] * missing)
    assert found.decision == decision
    assert (found.rows, found.missing) == (right + wrong + missing, missing)


def test_what_does_not_decide_says_what_would() -> None:
    rows, at = rows_of(98, 2)
    found = estimated(metric_named("accuracy"), rows, level(0.99), at, missing=[])
    assert found.would_decide is not None
    assert found.would_decide > 100
    wrong = round(0.02 * found.would_decide)
    rows, at = rows_of(found.would_decide - wrong, wrong)
    assert estimated(metric_named("accuracy"), rows, level(0.99), at, missing=[]).decision == "contradicts"


def test_a_metric_that_is_no_share_decides_nothing_while_rows_are_missing() -> None:
    metric = metric_named("f1")
    whole = estimated(metric, ROWS, level(0.5, "f1"), ALL, missing=[])
    assert whole.decision == "supports"
    assert whole.interval.lower < whole.value < whole.interval.upper
    assert estimated(metric, ROWS, level(0.5, "f1"), ALL, missing=["a"]).decision == "inconclusive"


def test_rows_of_one_cluster_are_no_independent_draws() -> None:
    rows = PredictedRows(("a",) * 300, (("a",) * 20 + ("b",) * 10) * 10)
    at = np.arange(300, dtype=np.intp)
    alone = estimated(metric_named("accuracy"), rows, level(0.5), at, missing=[])
    people = [place // 10 for place in range(300)]
    together = estimated(metric_named("accuracy"), rows, level(0.5), at, missing=[], clusters=people)
    assert together.interval.upper - together.interval.lower > alone.interval.upper - alone.interval.lower
    assert "clusters" in together.method


def test_what_is_not_there_is_said() -> None:
    rows, at = rows_of(10, 0)
    with pytest.raises(ValueError, match="positive ="):
        level(0.5, "specificity")
    for name, problem in (("roc_auc", "scores ="), ("mean_absolute_error", "numbers")):
        with pytest.raises(NoMetric, match=problem):
            estimated(metric_named(name), rows, level(0.5, name), at, missing=[])
    with pytest.raises(NoMetric, match="there are accuracy"):
        metric_named("goodness")
    with pytest.raises(NoMetric, match="classes ="):
        value(metric_named("brier"), PredictedRows(("z",), ("a",), np.ones((1, 2)), ("a", "b")), level(0.5), at[:1])


@pytest.mark.parametrize("name", ["log_loss", "mean_absolute_error"])
def test_figures_of_rows_have_the_mean_that_scikit_learn_gives(name: str) -> None:
    metric = metric_named(name)
    rows = REGRESSION if metric.of == "numbers" else ROWS
    figures = of_rows(metric, rows)
    assert figures is not None
    for chosen in (ALL, RNG.integers(0, N, N), ALL[:1]):
        expected = value(metric, rows, DeclaredLevel(metric=name, at_most=1.0), chosen)
        assert figures[chosen].mean() == pytest.approx(expected, rel=1e-12)
