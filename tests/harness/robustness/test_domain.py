"""Valid rows: changed ones are led back towards what they were, and relations are read as they are written."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.data.features import Feature, FeatureTable, NoFeature
from harness.robustness.declared import DomainTable
from harness.robustness.domain import Floats, domain_of
from harness.robustness.relations import read_relation

FEATURES = FeatureTable(tuple(Feature(name, "x", whole=name == "age") for name in ("low", "high", "age", "sex")))
DOMAIN = domain_of(
    DomainTable(range={"*": (0.0, 100.0), "age": (0.0, 20.0)}, immutable=["sex"], relations=["low <= high"]), FEATURES
)
VALUES = st.floats(-1000, 1000, allow_nan=False)


def row(low: float, high: float, age: float, sex: float) -> Floats:
    return np.array([[low, high, age, sex]])


@given(arrays(np.float64, (1, 4), elements=st.integers(0, 20)), arrays(np.float64, (1, 4), elements=VALUES))
def test_a_changed_row_is_in_the_domain_and_no_further_away(before: Floats, moved: Floats) -> None:
    held = DOMAIN.held(before, before + moved)
    assert held[0, 3] == before[0, 3]
    assert held[0, 2].is_integer()
    assert (held >= DOMAIN.lower).all()
    assert (held <= DOMAIN.upper).all()
    # In the values themselves: a difference of two of them is rounded once more.
    assert (np.abs(held - before) <= np.abs(moved) + 1e-9).all()


def test_relations_and_ranges_make_a_row_valid() -> None:
    assert DOMAIN.valid(row(1, 2, 3, 0)).all()
    assert not DOMAIN.valid(row(2, 1, 3, 0)).any()
    assert not DOMAIN.valid(row(1, 2, 30, 0)).any()
    assert not DOMAIN.valid(row(1, 2, 3.5, 0)).any()
    assert not DOMAIN.valid(row(1, np.nan, 3, 0)).any()


def test_sums_and_numbers_are_terms() -> None:
    relation = read_relation("low + age + 1 < mean radius")
    columns = {"low": np.array([1.0, 5.0]), "age": np.array([1.0, 5.0]), "mean radius": np.array([4.0, 4.0])}
    assert relation.names == {"low", "age", "mean radius"}
    assert relation.holds(columns).tolist() == [True, False]


@pytest.mark.parametrize("text", ["low", "low<=high", "low <= ", "a <= b <= c", " + a <= b"])
def test_what_is_no_relation_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no relation"):
        DomainTable(relations=[text])


def test_a_feature_that_is_not_there_is_named() -> None:
    with pytest.raises(NoFeature, match="'weight'; there are 'low', 'high', 'age', 'sex'"):
        domain_of(DomainTable(immutable=["weight"]), FEATURES)
    with pytest.raises(NoFeature, match="tall"):
        domain_of(DomainTable(relations=["tall <= high"]), FEATURES)


def test_ranges_are_least_and_most() -> None:
    with pytest.raises(msgspec.ValidationError, match="least and most"):
        msgspec.convert({"range": {"low": [1.0, 1.0]}}, DomainTable)
