"""What a policy says of attacks is held against what they are."""

from __future__ import annotations

import msgspec
import pytest

from harness.clauses.load import load
from harness.robustness.attack_kinds import attack_kinds
from harness.robustness.declared import RobustnessTable

HEAD = 'model = "digits"\ndata = "digits.csv"\nlabel = "kind"\n'


def table(text: str) -> RobustnessTable:
    return msgspec.toml.decode((HEAD + text).encode(), type=RobustnessTable)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[[attack]]\nkind = "magic"', "no attack is called"),
        ('[[attack]]\nkind = "rays"\nnorm = "l2"', "its distance is linf"),
        ('scores = "p"\n[[attack]]\nkind = "square"', "write limit ="),
        ("[[attack]]\nmax_success = 0.1", "write limit ="),
        ("[[attack]]\nqueries = 100\ntotal = 50", "does not reach"),
        ('[[attack]]\nkind = "square"\nlimit = 1.0', "square needs scores ="),
        ("[certified]\nsigma = 0.5\nmin_share = 0.5", "write radius ="),
        ("[extraction]\nmax_told_apart = 0.6", "write training ="),
    ],
)
def test_what_cannot_be_declared_is_said(text: str, problem: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=problem):
        table(text)


def test_the_total_says_how_many_samples_are_attacked() -> None:
    (attack,) = table("[[attack]]\nqueries = 100\ntotal = 450\nsamples = 60").attack
    assert attack.most == 4
    assert attack.distance == "l2"


def test_every_technique_is_one_of_the_catalogue_that_works_from_outside() -> None:
    known = set(load().taxonomy.from_outside)
    assert {each for kind in attack_kinds().values() for each in kind.techniques} <= known
