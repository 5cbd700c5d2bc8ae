"""Contradictory binary requests: each is one change away from the valid one, and contradicts it."""

from __future__ import annotations

import pytest

from harness.generate.binary_mutations import BinaryMutation, binary_mutations
from harness.wire.binary import LENGTH_HEADER, binary_request
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor

REQUEST = InferRequest(
    (
        Tensor("a", "FP32", (2,), (1.0, 2.5)),
        Tensor("b", "INT32", (2,), (3, -4)),
        Tensor("t", "BYTES", (2,), ("ab", "€")),
    )
)


def by_name() -> dict[str, BinaryMutation]:
    return {mutation.name: mutation for mutation in binary_mutations(REQUEST)}


def test_every_mutation_has_a_name_of_its_own_and_differs_from_the_valid_request() -> None:
    found = list(binary_mutations(REQUEST))
    valid = binary_request(REQUEST)
    assert len(by_name()) == len(found)
    assert all(mutation.body != valid for mutation in found)
    assert {mutation.clause for mutation in found} == {"BIN-12", "BIN-13"}


@pytest.mark.parametrize("name", ["binary-size-text-in-input-3", "binary-element-beyond-part-in-input-3",
                                  "binary-sizes-shifted", "binary-last-part-missing"])  # fmt: skip
def test_mutations_of_several_inputs(name: str) -> None:
    assert name in by_name()


def test_the_header_is_wrong_and_the_body_right() -> None:
    valid = binary_request(REQUEST)
    for name, mutation in by_name().items():
        if mutation.clause == "BIN-13":
            assert mutation.body.body == valid.body, name
            assert dict(mutation.body.headers).get(LENGTH_HEADER) != dict(valid.headers)[LENGTH_HEADER]


def test_sizes_shifted_keep_their_sum() -> None:
    assert len(by_name()["binary-sizes-shifted"].body.body) == pytest.approx(len(binary_request(REQUEST).body), abs=2)


def test_what_has_no_binary_form_is_refused() -> None:
    with pytest.raises(ValueError, match="no data type"):
        list(binary_mutations(InferRequest((Tensor("x", "FLOAT", (1,), (1,)),))))
