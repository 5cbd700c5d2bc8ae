"""Shares and drops: bounds that hold, missing rows that speak for nobody, and limits that are decided together."""

from __future__ import annotations

import numpy as np
import pytest

from harness.robustness.shares import BoundedShare, Family, accuracy_drop, changed_share, metric_drop
from harness.statistics.binomial import clopper_pearson
from harness.statistics.clusters import indices
from harness.statistics.family import decided_together

ALONE = Family(0.95, 1)


def decision(found: BoundedShare, family: Family = ALONE) -> str:
    assert found.within_chance is not None
    assert found.beyond_chance is not None
    return decided_together([(found.within_chance, found.beyond_chance)], family.confidence)[0]


@pytest.mark.parametrize(("n", "limit"), [(59, 0.05), (299, 0.01), (2995, 0.001)])
def test_no_change_decides_from_as_many_rows_as_the_rule_says(n: int, limit: float) -> None:
    assert decision(changed_share(np.zeros(n, dtype=bool), 0, limit, ALONE)) == "supports"
    assert decision(changed_share(np.zeros(n - 1, dtype=bool), 0, limit, ALONE)) == "inconclusive"
    assert decision(changed_share(np.zeros(n - 1, dtype=bool), 1, limit, ALONE)) == "inconclusive"


def test_p_values_decide_as_bounds_do() -> None:
    for k in range(0, 60, 3):
        found = changed_share(np.arange(200) < k, 0, 0.1, ALONE)
        bounds = clopper_pearson(k, 200)
        due = "supports" if bounds.upper <= 0.1 else "contradicts" if bounds.lower > 0.1 else "inconclusive"
        assert decision(found) == due


def test_a_limit_of_nothing_is_contradicted_by_one_change_and_never_supported() -> None:
    assert decision(changed_share(np.zeros(10_000, dtype=bool), 0, 0.0, ALONE)) == "inconclusive"
    assert decision(changed_share(np.arange(100) < 1, 0, 0.0, ALONE)) == "contradicts"


def test_without_rows_nothing_is_decided() -> None:
    assert decision(changed_share(np.zeros(0, dtype=bool), 0, 0.5, ALONE)) == "inconclusive"
    assert decision(accuracy_drop(0, 0, 0, 0, 0.5, ALONE)) == "inconclusive"
    assert decision(metric_drop(lambda _: 0.0, 0, 0, 0.5, ALONE)) == "inconclusive"


def test_missing_rows_may_have_been_lost_or_gained() -> None:
    whole, holes = (accuracy_drop(5, 2, 100 - gone, gone, None, ALONE).interval for gone in (0, 20))
    assert holes.lower < whole.lower < 0.03 < whole.upper < holes.upper


def test_the_bounds_of_a_drop_hold() -> None:
    rng = np.random.default_rng(0)
    true, held = 0.06, 0
    for _ in range(400):
        lost, gained, _ = rng.multinomial(150, [0.08, 0.02, 0.9])
        bounds = accuracy_drop(int(lost), int(gained), 150, 0, None, ALONE).interval
        held += bounds.lower <= true <= bounds.upper
    assert held >= 400 * 0.9


def test_a_bootstrap_decides_nothing_where_nothing_varies_or_a_row_is_missing() -> None:
    same = metric_drop(lambda _: 0.0, 50, 0, 0.1, ALONE)
    assert decision(same) == "inconclusive"
    gaps = np.linspace(0, 0.01, 50)
    assert decision(metric_drop(lambda at: float(gaps[at].mean()), 50, 0, 0.1, ALONE)) == "supports"
    assert decision(metric_drop(lambda at: float(gaps[at].mean()), 50, 1, 0.1, ALONE)) == "inconclusive"
    assert decision(metric_drop(lambda at: float(gaps[at].mean()) + 1, 50, 0, 0.1, ALONE)) == "contradicts"


def test_clusters_are_resampled_whole() -> None:
    changed = np.repeat(np.arange(20) < 4, 10)
    alone = changed_share(changed, 0, None, ALONE).interval
    together = changed_share(changed, 0, None, ALONE, indices(np.repeat(np.arange(20), 10).tolist())).interval
    assert together.upper - together.lower > 2 * (alone.upper - alone.lower)


def test_a_family_errs_as_often_as_one_limit() -> None:
    """Ten limits, each of them at the true share: hardly ever is one of them decided."""
    rng = np.random.default_rng(1)
    family, wrong = Family(0.95, 10), 0
    for _ in range(300):
        found = [changed_share(rng.random(100) < 0.2, 0, 0.2, family) for _ in range(10)]
        chances = [(each.within_chance or 0.0, 1.0) for each in found]
        wrong += "supports" in decided_together(chances, family.confidence)
    assert wrong <= 300 * 0.05 + 10
