"""Bootstrap bounds: coverage by simulation, clusters whole, and nothing where nothing can be said."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from harness.statistics.bootstrap import Metric, bootstrap
from harness.statistics.clusters import indices, means, whole


def mean_of(values: npt.NDArray[np.float64]) -> Metric:
    """The mean of the values with given indices."""
    return lambda at: float(values[at].mean())


def test_bounds_cover_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(11)
    above = below = 0
    for seed in range(200):
        found = bootstrap(mean_of(rng.exponential(1.0, 60)), 60, confidence=0.9, resamples=300, seed=seed)
        above += found.lower > 1.0
        below += found.upper < 1.0
    assert above / 200 < 0.17
    assert below / 200 < 0.17


def test_the_same_seed_gives_the_same_bounds() -> None:
    mean = mean_of(np.random.default_rng(1).normal(size=50))
    assert bootstrap(mean, 50, seed=3) == bootstrap(mean, 50, seed=3)


def test_clusters_widen_the_bounds() -> None:
    rng = np.random.default_rng(12)
    mean = mean_of(np.repeat(rng.normal(size=30), 20) + rng.normal(scale=0.01, size=600))
    alone = bootstrap(mean, 600, resamples=400)
    together = bootstrap(mean, 600, clusters=indices([place // 20 for place in range(600)]), resamples=400)
    assert together.upper - together.lower > 2.5 * (alone.upper - alone.lower)


@pytest.mark.parametrize("draws", [0, 3])
def test_too_few_draws_have_no_bounds(draws: int) -> None:
    found = bootstrap(lambda _: 1.0, draws)
    assert math.isnan(found.lower)
    assert math.isnan(found.upper)


def test_a_metric_that_is_no_number_at_times_has_no_bounds() -> None:
    found = bootstrap(lambda at: math.nan if 0 in at else 1.0, 20, resamples=200)
    assert math.isnan(found.lower)


def test_a_metric_that_never_changes_is_its_own_bounds() -> None:
    found = bootstrap(lambda _: 1.0, 20, resamples=200)
    assert (found.lower, found.upper) == (1.0, 1.0)


def test_a_cluster_succeeds_with_all_of_its_draws() -> None:
    assert whole([True, True, False, True], ["a", "b", "a", "b"]) == (1, 2)
    assert means([1.0, 0.0, 0.0], ["a", "b", "a"]) == [0.5, 0.0]
    with pytest.raises(ValueError, match="one for each draw"):
        whole([True], [])
