"""One input asked of two versions: what counts as a difference, and as nobody's fault."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.endpoint.rest_route import outputs_of
from harness.endpoint.route import Accepted, AnyRoute
from harness.oracles.equality import USUAL
from harness.probing.rollout.comparing import ComparedInput, Comparing, Likeness
from harness.record.exchange import Exchange, Failure
from harness.record.redact import Redactor
from harness.record.unkept import unkept
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor
from tests.harness.judging.passive.answers import rest

REQUEST = InferRequest((Tensor("x", "FP32", (1, 2), (0.5, 1.0)),))
CONNECT = Failure("connect", "Connection refused")


def says(label: int, score: float = 0.5) -> Exchange:
    outputs = [
        {"name": "label", "datatype": "INT64", "shape": [1], "data": [label]},
        {"name": "score", "datatype": "FP32", "shape": [1], "data": [score]},
    ]
    return rest(200, {"model_name": "m", "outputs": outputs})


def lost(failure: Failure) -> Exchange:
    return rest(0, b"", error=failure)


@dataclass
class Answers:
    """A route that gives one answer after the other, and the last one again."""

    given: list[Exchange]
    who: str
    asked: list[str]
    samples: tuple[InferRequest, ...] = ()
    name: str = "m"
    client: Any = field(default_factory=lambda: SimpleNamespace(recorder=unkept(Redactor(()))))

    def ask(self, _: InferRequest) -> Exchange:
        self.asked.append(self.who)
        return self.given.pop(0) if len(self.given) > 1 else self.given[0]

    def accepted(self) -> Accepted:
        return Accepted(REQUEST, self.given[0])

    def outputs(self, exchange: Exchange) -> dict[str, Tensor]:
        return outputs_of(exchange)


def comparing(stable: list[Exchange], candidate: list[Exchange]) -> tuple[Comparing, list[str]]:
    asked: list[str] = []
    one, other = (cast("AnyRoute", Answers(each, who, asked)) for each, who in ((stable, "s"), (candidate, "c")))
    return Comparing(one, other, USUAL), asked


def compared(stable: list[Exchange], candidate: list[Exchange]) -> ComparedInput:
    return comparing(stable, candidate)[0].compare(REQUEST, sample=False)


def test_turns_alternate() -> None:
    both, asked = comparing([says(1)], [says(1)])
    for _ in range(2):
        both.compare(REQUEST, sample=False)
    assert "".join(asked) == "sccs" + "cssc"


@pytest.mark.parametrize(
    ("candidate", "likeness", "changed"),
    [
        ([says(1)], Likeness.IDENTICAL, ""),
        ([says(1, 0.500001)], Likeness.WITHIN, ""),
        ([says(1, 0.7)], Likeness.OTHERWISE, ""),
        ([says(2)], Likeness.OTHERWISE, "output 'label', decision 0: 1 against 2"),
        ([says(2), says(1)], Likeness.CANDIDATE_VARIES, ""),
        ([rest(400, {"error": "no"})], Likeness.REFUSED, ""),
        ([rest(500, {"error": "no"})], Likeness.REFUSED, ""),
        ([rest(503, {"error": "no"})], Likeness.NOT_NOW, ""),
        ([rest(401, {"error": "no"})], Likeness.NOT_NOW, ""),
        ([rest(400, {"error": "no"}), says(1)], Likeness.CANDIDATE_VARIES, ""),
        ([lost(Failure("reset", "reset"))], Likeness.UNANSWERED, ""),
        ([lost(Failure("timeout", "timed out"))], Likeness.UNANSWERED, ""),
        ([lost(Failure("reset", "reset")), lost(CONNECT)], Likeness.UNANSWERED, ""),
        ([lost(CONNECT)], Likeness.NOBODY, ""),
    ],
)
def test_what_a_candidate_does(candidate: list[Exchange], likeness: Likeness, changed: str) -> None:
    found = compared([says(1)], candidate)
    assert (found.likeness, found.changed) == (likeness, changed)
    # What is told of a candidate is shown, but for answers that are alike.
    assert (found.exchange is None) == (likeness in (Likeness.IDENTICAL, Likeness.WITHIN))


@pytest.mark.parametrize(
    ("stable", "likeness"),
    [
        ([says(1), says(2)], Likeness.STABLE_VARIES),
        ([rest(400, {"error": "no"})], Likeness.STABLE_REFUSES),
        ([rest(200, {"outputs": []})], Likeness.STABLE_REFUSES),
    ],
)
def test_nothing_is_held_against_it_where_the_version_under_test_is_no_measure(
    stable: list[Exchange], likeness: Likeness
) -> None:
    assert compared(stable, [says(2)]).likeness is likeness


def test_inputs_are_the_same_for_the_same_seed_and_differ_among_themselves() -> None:
    both, _ = comparing([says(1)], [says(1)])
    first, again, other = ([request for request, _ in both.inputs(seed, 50)] for seed in (1, 1, 2))
    assert first == again != other
    assert first[0] == REQUEST
    assert len({each.inputs for each in first}) == len(first) > 45
