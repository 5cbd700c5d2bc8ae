"""Attacks of the toolbox keep to the same ledger as ours."""

from __future__ import annotations

import dataclasses
import sys

import numpy as np
import pytest

from harness.attacks.search import RowSearch, carry_out
from harness.attacks.space import Norm
from harness.attacks.toolbox import ToolboxMissing, toolbox_attack
from tests.harness.attacks.linear import Linear, linear, search_of

NAMES: dict[str, Norm] = {"hop-skip-jump": "l2", "boundary": "l2", "zoo": "l2", "square": "linf"}
every = pytest.mark.parametrize("name", NAMES)


def searched(name: str, seed: int, limit: int = 400) -> tuple[Linear, RowSearch]:
    """A model of pictures of 5 x 5, and the search of an attack after it has ended."""
    model = linear(seed, features=25)
    search = search_of(model, seed, NAMES[name], limit=limit)
    search.space = dataclasses.replace(search.space, shape=(5, 5, 1), dtype=np.float32)
    carry_out(toolbox_attack(name, 4.0), search, np.random.default_rng(seed))
    return model, search


@every
def test_it_never_comes_nearer_than_the_boundary_and_finds_it(name: str) -> None:
    for seed in range(4):
        model, search = searched(name, seed)
        true = model.margin(search.space.start, NAMES[name])
        assert len(model.rows) == search.queries <= 400
        assert search.best is not None
        assert true * (1 - 1e-6) <= search.distance < np.inf
        if name == "hop-skip-jump":
            assert search.distance < 2 * true


@every
def test_the_same_seed_asks_the_same_and_leaves_the_global_state_alone(name: str) -> None:
    before = np.random.get_state()
    one, other = (searched(name, 2, limit=120)[0].rows for _ in range(2))
    assert np.array_equal(one, other)
    assert str(before) == str(np.random.get_state())


def test_square_says_what_it_cannot() -> None:
    search = search_of(linear(1), 1, "linf")
    with pytest.raises(ToolboxMissing, match="pictures"):
        toolbox_attack("square", 1.0)(search, np.random.default_rng(1))


def test_without_the_extra_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "art.attacks", None)
    with pytest.raises(ToolboxMissing, match=r"art15\[attacks\]"):
        toolbox_attack("zoo")
