"""LoadGen's rule: minimal, as published, and the same as the project's one decision rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from harness.statistics.binomial import decide
from harness.statistics.early_stopping import (
    deciding_count,
    fixed_count,
    min_requests,
    more_in_time,
    rounded_count,
)

PERCENTILES = st.sampled_from([0.5, 0.9, 0.95, 0.97, 0.99, 0.999])


@pytest.mark.parametrize(
    ("percentile", "counts"),
    [
        (0.9, [44, 64, 81, 127, 197, 681, 1246, 10722]),
        (0.95, [90, 130, 165, 259, 398, 1372, 2504, 21483]),
        (0.97, [152, 219, 277, 433, 667, 2293, 4182, 35831]),
        (0.99, [459, 662, 838, 1307, 2010, 6898, 12571, 107569]),
        (0.999, [4603, 6636, 8403, 13105, 20140, 69058, 125826, 1076032]),
    ],
)
def test_counts_are_the_known_ones(percentile: float, counts: list[int]) -> None:
    assert [min_requests(late, percentile) for late in (0, 1, 2, 5, 10, 50, 100, 1000)] == counts


@given(st.integers(0, 400), PERCENTILES, st.sampled_from([0.9, 0.95, 0.99]))
def test_the_count_is_minimal(late: int, percentile: float, confidence: float) -> None:
    count = min_requests(late, percentile, confidence)
    assert binom.cdf(late, count, 1 - percentile) <= (1 - confidence) * (1 + 1e-9)
    assert count == late + 1 or binom.cdf(late, count - 1, 1 - percentile) > (1 - confidence) * (1 - 1e-9)
    assert more_in_time(count, late, percentile, confidence) == 0
    assert more_in_time(count - 1, late, percentile, confidence) == 1


@given(st.integers(1, 5000), st.data(), PERCENTILES)
def test_it_is_the_one_decision_rule(requests: int, data: st.DataObject, percentile: float) -> None:
    late = data.draw(st.integers(0, min(requests, int(3 * requests * (1 - percentile)) + 3)))
    passed = more_in_time(requests, late, percentile) == 0
    assert passed == (decide(requests - late, requests, percentile, 0.99) == "supports")


def test_fixed_counts_are_the_published_ones() -> None:
    assert [fixed_count(p) for p in (0.9, 0.95, 0.97, 0.99)] == [23_886, 50_425, 85_811, 262_742]
    assert [rounded_count(p) for p in (0.9, 0.95, 0.97, 0.99)] == [24_576, 57_344, 90_112, 270_336]


@given(st.integers(1, 3000), st.data())
def test_the_deciding_count_decides(requests: int, data: st.DataObject) -> None:
    late = data.draw(st.integers(0, min(requests, 60)))
    count = deciding_count(requests, late, 0.99)
    if count is None:
        assert late / requests == pytest.approx(0.01, rel=0.01)
    else:
        assert count >= requests
        in_time = count - round(late * count / requests)
        assert decide(in_time, count, 0.99, 0.99) != "inconclusive"


def test_what_is_no_rule_is_refused() -> None:
    for late, percentile in ((-1, 0.99), (0, 1.0), (0, 99.0)):
        with pytest.raises(ValueError, match="no rule"):
            min_requests(late, percentile)
    assert deciding_count(0, 0, 0.99) == 459
