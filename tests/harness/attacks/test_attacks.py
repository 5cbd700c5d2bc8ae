"""Every attack on models whose boundary is known: never nearer than it is, near to it with queries, only valid rows."""

from __future__ import annotations

import dataclasses
import tracemalloc
from typing import NamedTuple

import numpy as np
import pytest

from harness.attacks.evolution import evolution
from harness.attacks.hop_skip import hop_skip
from harness.attacks.rays import rays
from harness.attacks.search import Attack, QueriesSpent, RowSearch, carry_out
from harness.attacks.space import Floats, Norm, Space, box
from harness.attacks.square import square
from tests.harness.attacks.linear import FEATURES, Linear, linear, search_of

SEEDS = range(10)


class Case(NamedTuple):
    """An attack, the norm it is for, and how near it comes to the boundary of a linear model: as a multiple."""

    attack: Attack
    norm: Norm
    near: float


CASES = {
    "hop-skip": Case(hop_skip, "l2", 1.05),
    "rays": Case(rays, "linf", 1.35),
    "square": Case(square(2.0), "linf", 1.35),
    "evolution": Case(evolution, "l2", 1.8),
}
every = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@every
def test_it_comes_near_the_boundary_and_never_nearer_than_it_is(case: Case) -> None:
    times = []
    for seed in SEEDS:
        model = linear(seed)
        search = search_of(model, seed, case.norm)
        carry_out(case.attack, search, np.random.default_rng(seed))
        true = model.margin(search.space.start, case.norm)
        assert all(step.distance >= true * (1 - 1e-9) for step in search.steps)
        assert search.queries <= search.limit == 600
        assert search.queries == len(model.rows)
        times.append(search.distance / true)
    assert np.median(times) < case.near


@every
def test_memory_grows_with_the_features_and_not_with_their_square(case: Case) -> None:
    model = linear(5, features=20_000)
    search = search_of(model, 5, case.norm, limit=80)
    tracemalloc.start()
    try:
        carry_out(case.attack, search, np.random.default_rng(5))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert search.queries == 80
    assert np.isfinite(search.distance)
    assert peak < 100e6


@every
def test_what_it_tells_is_what_was_sent(case: Case) -> None:
    model = linear(3)
    search = search_of(model, 3, case.norm, limit=200)
    carry_out(case.attack, search, np.random.default_rng(3))
    assert search.best is not None
    assert any((row == search.best).all() for row in model.rows)
    assert str(int(search.best @ model.weights + model.bias > 0)) != search.decision
    assert search.space.distances(search.best[None, :], case.norm)[0] == search.distance
    assert search.distance == search.steps[-1].distance
    assert [step.queries for step in search.steps] == sorted({step.queries for step in search.steps})


@every
def test_the_same_seed_asks_the_same(case: Case) -> None:
    models = []
    for _ in range(2):
        models.append(linear(5))
        carry_out(case.attack, search_of(models[-1], 5, case.norm, limit=150), np.random.default_rng(5))
    assert np.array_equal(models[0].rows, models[1].rows)


@every
@pytest.mark.parametrize("limit", [1, 7, 60])
def test_the_limit_holds_and_what_was_found_is_kept(case: Case, limit: int) -> None:
    model = linear(1)
    search = search_of(model, 1, case.norm, limit=limit)
    with pytest.raises(QueriesSpent):
        case.attack(search, np.random.default_rng(1))
    assert len(model.rows) == search.queries == limit
    assert (search.best is None) == (not search.steps)


def relation(rows: Floats) -> Floats:
    return rows[:, 3] <= rows[:, 4]  # type: ignore[return-value]


def table(seed: int) -> Space:
    """A row of a table: two features stay, three are whole, one is never more than another, units differ."""
    rng = np.random.default_rng([7, seed])
    free, whole = np.ones(FEATURES, dtype=np.bool_), np.zeros(FEATURES, dtype=np.bool_)
    free[[0, 7]], whole[[5, 6, 7]] = False, True
    start = rng.uniform(-1, 1, FEATURES)
    start[whole] = np.rint(3 * start[whole])
    start[3:5] = np.sort(start[3:5])
    unit = np.linspace(0.5, 2, FEATURES)
    limit = np.full(FEATURES, 5.0)
    return Space(start, -limit, limit, unit, free, whole, np.float32, relation)  # type: ignore[arg-type]


@every
def test_every_row_that_is_asked_about_is_valid(case: Case) -> None:
    found = 0
    for seed in range(4):
        model = linear(seed)
        space = table(seed)
        search = search_of(model, seed, case.norm, limit=300, space=space)
        carry_out(case.attack, search, np.random.default_rng(seed))
        rows = np.array(model.rows)
        assert (rows[:, ~space.free] == space.start[~space.free].astype(np.float32)).all()
        assert (rows[:, space.whole] == np.rint(rows[:, space.whole])).all()
        assert (np.abs(rows) <= 5).all()
        assert relation(rows).all()
        assert (rows == rows.astype(np.float32)).all()
        found += search.best is not None
    assert found == 4


def test_an_answer_that_is_missing_is_no_success() -> None:
    model = linear(2, refuses=0.5)
    search = search_of(model, 2, limit=300)
    carry_out(hop_skip, search, np.random.default_rng(2))
    assert search.unanswered > 0
    assert search.best is None or search.best[0] <= 0.5


@every
def test_where_there_is_no_other_decision_it_ends(case: Case) -> None:
    model = Linear(np.zeros(4), 1.0)
    search = RowSearch(model, box(np.zeros(4), -1, 1), "1", np.empty((0, 4)), case.norm, 250)
    carry_out(case.attack, search, np.random.default_rng(0))
    assert search.best is None
    assert search.queries <= 250


def test_a_search_that_finds_no_valid_row_ends() -> None:
    model = linear(2)
    search = search_of(model, 2, limit=30)
    search.space = dataclasses.replace(search.space, holds=lambda rows: np.zeros(len(rows), dtype=np.bool_))
    carry_out(hop_skip, search, np.random.default_rng(0))
    carry_out(square(1.0), search, np.random.default_rng(0))
    assert search.queries == 0
    assert not model.rows
