"""Requests that differ in values only, and batches of their rows."""

from __future__ import annotations

import pytest

from harness.generate.distinct import distinct, joined, pool_of_rows
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest
from harness.wire.raw import to_raw
from harness.wire.tensor import Tensor


def request_of(datatype: str, *elements: object, rows: int = 1) -> InferRequest:
    return InferRequest((Tensor("x", datatype, (rows, len(elements) // rows), elements),))


@pytest.mark.parametrize("datatype", [name for name in DATATYPES if name != "BYTES"])
def test_values_stay_within_the_data_type(datatype: str) -> None:
    kind = DATATYPES[datatype].kind
    first = [False, True, True] if kind == "bool" else [0.5, 1.0, 3.0] if kind == "float" else [0, 1, 7]
    for request in distinct(request_of(datatype, *first), 12):
        to_raw(datatype, request.inputs[0].elements)


def test_the_accepted_request_comes_first_and_all_differ() -> None:
    base = request_of("FP32", 0.5, 1.0, 3.0)
    found = list(distinct(base, 12))
    assert found[0] == base
    assert len({request.inputs[0].elements for request in found}) == len(found) == 12
    assert {request.inputs[0].shape for request in found} == {(1, 3)}


def test_a_data_type_may_run_out_of_values() -> None:
    assert len(list(distinct(request_of("BOOL", True), 12))) == 2


def test_some_share_their_ends_with_the_first() -> None:
    base = request_of("FP32", 0.5, 1.0, 3.0)
    alike = [each for each in distinct(base, 12) if each.inputs[0].elements[::2] == (0.5, 3.0)]
    assert len(alike) > 1


def test_rows_and_batches() -> None:
    rows = pool_of_rows(request_of("FP32", 0.5, 1.0, 2.0, 3.0, rows=2), 4)
    assert [each.inputs[0].shape for each in rows] == [(1, 2)] * 4
    batch = joined([rows[2], rows[0]]).inputs[0]
    assert batch.shape == (2, 2)
    assert batch.elements == rows[2].inputs[0].elements + rows[0].inputs[0].elements


def test_no_rows_without_a_leading_dimension() -> None:
    assert pool_of_rows(InferRequest((Tensor("x", "FP32", (), (1.0,)),)), 4) == []
