"""Invalid requests: each differs from the valid one, says why, and asks for one clause."""

from __future__ import annotations

import json

import pytest

from harness.clauses import load
from harness.generate.inputs import candidates, concrete, element, example_tensor
from harness.generate.mutations import mutations
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest, TensorMetadata
from harness.wire.tensor import Tensor

VALID = InferRequest(
    inputs=(Tensor("a", "FP32", (2, 2), (1.0, 2.0, 3.0, 4.0)), Tensor("b", "INT32", (2, 1), (5, 6))),
)


def test_each_mutation_changes_something_and_says_why() -> None:
    found = list(mutations(VALID))
    assert len({mutation.name for mutation in found}) == len(found) > 30
    clauses = load().clauses
    for mutation in found:
        assert mutation.body != VALID.to_bytes()
        assert mutation.why
        assert mutation.clause in clauses


def test_counts_and_raggedness_are_wrong_by_one() -> None:
    bodies = {mutation.name: mutation.body for mutation in mutations(VALID)}
    assert len(json.loads(bodies["one-element-more"])["inputs"][0]["data"]) == 5
    assert len(json.loads(bodies["one-element-less"])["inputs"][0]["data"]) == 3
    assert json.loads(bodies["ragged-same-total"])["inputs"][0]["data"] == [[1.0, 2.0, 4.0], [3.0]]


@pytest.mark.parametrize("datatype", sorted(DATATYPES))
def test_candidates_fit_the_metadata(datatype: str) -> None:
    metadata = (TensorMetadata("x", datatype, (-1, 3)), TensorMetadata("y", datatype, (2, -1)))
    found = list(candidates(metadata, batch=4))
    assert found
    for request in found:
        first, second = request.inputs
        assert first.shape == (4, 3)
        assert second.shape[0] == 2
        assert len(second.elements) == 2 * second.shape[1]
        request.to_bytes()


@pytest.mark.parametrize("datatype", sorted(DATATYPES))
@pytest.mark.parametrize("step", [0, 1, 3])
def test_large_tensors_are_filled_as_small_ones_are(datatype: str, step: int) -> None:
    large = example_tensor(TensorMetadata("x", datatype, (1000,)), step=step)
    assert large.elements == tuple(element(datatype, index + 1, step) for index in range(1000))


def test_inputs_of_one_request_differ() -> None:
    metadata = (TensorMetadata("x", "FP32", (-1,)), TensorMetadata("y", "FP32", (-1,)))
    first = next(candidates(metadata))
    assert first.inputs[0].elements != first.inputs[1].elements


def test_what_cannot_be_filled_gives_no_candidate() -> None:
    assert not list(candidates(()))
    assert not list(candidates((TensorMetadata("x", "STRING", (1,)),)))
    assert not list(candidates((TensorMetadata("x", "FP32", (10**4, 10**4)),)))
    assert concrete((-1, 3, -1), variable=7, batch=2) == (2, 3, 7)
