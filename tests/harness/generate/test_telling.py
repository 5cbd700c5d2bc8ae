"""Models of very many inputs: what is made for one of 200 is as much as for one of a few, and tells inputs apart."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from itertools import combinations

import pytest
from hypothesis.errors import HypothesisWarning

from harness.generate.binary_mutations import binary_mutations
from harness.generate.campaign import search
from harness.generate.grpc_contents import counts, entries, wrong_fields
from harness.generate.grpc_mutations import grpc_mutations
from harness.generate.inputs import candidates, coded
from harness.generate.mutations import mutations
from harness.generate.strategies import FREE, requests
from harness.generate.telling import MOST, few_of_each_kind, telling, telling_inputs
from harness.generate.transport_mistakes import transport_mistakes
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest, TensorMetadata
from harness.wire.tensor import Tensor

TYPES = ("FP32", "INT32", "BYTES", "BOOL")


def inputs(count: int, types: Iterable[str] = TYPES) -> tuple[TensorMetadata, ...]:
    kinds = [*types]
    return tuple(TensorMetadata(f"x{place}", kinds[place % len(kinds)], (-1,)) for place in range(count))


def valid(count: int) -> InferRequest:
    return next(candidates(inputs(count)))


MADE: dict[str, Callable[[InferRequest], Iterable[object]]] = {
    "json": mutations,
    "binary": binary_mutations,
    "grpc": lambda request: grpc_mutations(request, unknown_model="none"),
    "both": lambda request: transport_mistakes(request, "none", named=True),
    "fields": lambda request: wrong_fields(request)[1],
    "counts": lambda request: counts(request)[1],
    "entries": lambda request: entries(request)[1],
}


@pytest.mark.parametrize("how", MADE)
def test_mistakes_do_not_grow_with_the_number_of_inputs(how: str) -> None:
    few, many = (len([*MADE[how](valid(count))]) for count in (MOST, 200))
    assert 0 < many <= few + 2 * MOST


def test_all_of_a_few_and_the_ends_and_kinds_of_many() -> None:
    assert telling_inputs(valid(3).inputs) == [0, 1, 2]
    many = [Tensor(f"x{place}", "BYTES" if place == 7 else "FP32", (1,), (1.0,)) for place in range(100)]
    assert {0, 7, 99} <= {*telling_inputs(many)}
    assert len(telling_inputs(many)) == MOST
    assert telling([*range(100)])[::3] == [0, 99]
    assert [each.name for each in few_of_each_kind(many)] == ["x0", "x1", "x7"]


@pytest.mark.parametrize("datatype", sorted(DATATYPES))
def test_no_two_of_200_inputs_have_the_same_elements_in_all_requests(datatype: str) -> None:
    made = [*coded(inputs(200, [datatype]))]
    assert len(made) == 8
    rows = [tuple(request.inputs[place].elements for request in made) for place in range(200)]
    assert all(one != other for one, other in combinations(rows, 2))
    assert not [*coded(inputs(MOST, [datatype]))]


def test_drawing_for_200_inputs_is_no_trouble_to_hypothesis() -> None:
    drawn: list[InferRequest] = []

    def keep(value: InferRequest) -> bool:
        drawn.append(value)
        return True

    with warnings.catch_warnings():
        warnings.simplefilter("error", HypothesisWarning)
        assert search(requests(inputs(200)).map(lambda each: each.request), keep, examples=20, seed=15) is None
    assert all(len(each.inputs) == 200 for each in drawn)
    assert len({each.to_bytes() for each in drawn}) > FREE
