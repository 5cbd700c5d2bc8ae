"""Sequences of steps: every two in a row, drawn ones, and what is told of a broken one."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from harness.generate.stateful import Step, every_two, explore, walk


@dataclass
class Machine:
    """Breaks when steps a and b were the last two before c."""

    done: list[str] = field(default_factory=list)
    last: tuple[str, str] = ("a", "b")

    def step(self, name: str) -> Step:
        def take(_: int) -> str | None:
            broken = name == "c" and tuple(self.done[-2:]) == self.last
            self.done.append(name)
            return "broken" if broken else None

        return Step(name, take)

    def steps(self) -> list[Step]:
        return [self.step(name) for name in "abcd"]


def test_every_two_meets_each_pair() -> None:
    machine = Machine()
    found = list(every_two(machine.steps(), machine.step("c")))
    assert [broken.words for broken in found] == ["a > b > c"]
    assert len(machine.done) == 3 * 16


def test_fewer_pairs_where_they_cost_too_much() -> None:
    machine = Machine(last=("x", "x"))
    assert not list(every_two(machine.steps(), machine.step("c"), most=5, seed=1))
    assert 0 < len(machine.done) <= 15


def test_a_walk_ends_where_it_breaks() -> None:
    machine = Machine()
    a, b, c, d = machine.steps()
    broken = walk(((a, 0), (b, 0), (c, 0), (d, 0)))
    assert broken is not None
    assert broken.words == "a > b > c"
    assert machine.done == ["a", "b", "c"]
    assert walk(((d, 0), (c, 0))) is None


@pytest.mark.parametrize("seed", range(5))
def test_a_drawn_journey_is_shrunk(seed: int) -> None:
    machine = Machine()
    broken = explore(machine.steps(), examples=60, length=20, seed=seed)
    assert broken is not None
    assert broken.found == "broken"
    assert broken.taken[-1][0].name == "c"
    assert len(broken.taken) <= 4


def test_the_same_seed_takes_the_same_steps() -> None:
    first, second = Machine(last=("x", "x")), Machine(last=("x", "x"))
    assert explore(first.steps(), examples=5, length=8, seed=3) is None
    assert explore(second.steps(), examples=5, length=8, seed=3) is None
    assert first.done == second.done


def test_what_a_step_raises_ends_the_search() -> None:
    def gone(_: int) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        explore([Step("gone", gone)], examples=5, length=5, seed=1)
