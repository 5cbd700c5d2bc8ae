"""Drawn valid requests: valid by the metadata, within bounds, small when shrunk, and reaching every boundary."""

from __future__ import annotations

import math

import pytest

from harness.generate.campaign import search
from harness.generate.recipes import Enumerated, Fill, Noise, Ramp, Recipe, Repeated
from harness.generate.strategies import MAX_DRAWN, DrawnRequest, classes, drawable, edges, every_edge, requests, values
from harness.oracles.equality import preserved
from harness.wire.datatypes import DATATYPES, round_to
from harness.wire.messages import TensorMetadata

GRID = TensorMetadata("x", "FP32", (-1, 64))


@pytest.mark.parametrize("datatype", list(DATATYPES))
def test_edges_are_values_of_their_datatype(datatype: str) -> None:
    entry = DATATYPES[datatype]
    for value in edges(datatype):
        if entry.kind == "float":
            assert round_to(datatype, value) == value
        elif entry.kind in ("int", "uint"):
            assert entry.minimum is not None
            assert entry.maximum is not None
            assert entry.minimum <= value <= entry.maximum
    assert preserved(datatype, edges(datatype), edges(datatype)) is None


@pytest.mark.parametrize("datatype", list(DATATYPES))
@pytest.mark.parametrize("shape", [(-1,), (-1, 3), (2, -1, 2), (1, 8, 8, 3), ()])
def test_drawn_requests_are_valid_by_the_metadata(datatype: str, shape: tuple[int, ...]) -> None:
    inputs = (TensorMetadata("x", datatype, shape), TensorMetadata("y", datatype, shape))

    def holds(drawn: DrawnRequest) -> bool:
        first, second = drawn.request.inputs
        assert first.shape == second.shape
        assert len(first.elements) == math.prod(first.shape) <= MAX_DRAWN
        assert all(size in (-1, got) for size, got in zip(shape, first.shape, strict=True))
        assert drawn.request.to_bytes()
        assert classes(drawn.request)
        return True

    assert search(requests(inputs), holds, examples=25, seed=1) is None


def test_large_tensors_shrink_to_little() -> None:
    """One odd value among thousands is found, and is told in a short text."""

    def holds(drawn: DrawnRequest) -> bool:
        return 5e-324 not in drawn.request.inputs[0].elements

    found = search(requests((TensorMetadata("x", "FP64", (-1, 100)),)), holds, examples=400, seed=2)
    assert found is not None
    assert len(repr(found.smallest)) < 250
    assert found.draws > 0


def test_boundaries_are_reached_within_the_draws_of_a_profile() -> None:
    for seed in range(5):
        seen: set[str] = set()

        def holds(drawn: DrawnRequest, seen: set[str] = seen) -> bool:
            seen.update(classes(drawn.request))
            return True

        search(requests((TensorMetadata("x", "FP64", (-1,)),)), holds, examples=80, seed=seed)
        assert {f"FP64 {kind}" for kind in ("denormal", "negative zero", "at the end of the range")} <= seen


def test_not_finite_only_on_request() -> None:
    plain = search(values("FP16"), math.isfinite, examples=200, seed=1)
    assert plain is None
    assert search(values("FP16", finite=False), math.isfinite, examples=200, seed=1) is not None


def test_recipes() -> None:
    assert Recipe(Fill(1.5), ((9, 2.0),)).elements("FP32", 4) == (1.5, 2.0, 1.5, 1.5)
    assert Recipe(Ramp(254, 1)).elements("UINT8", 3) == (254, 255, 0)
    assert Recipe(Ramp(1, 1)).elements("BYTES", 2) == ("t1", "t2")
    assert Recipe(Enumerated((Repeated("ab", 3),))).elements("BYTES", 1) == ("ababab",)
    assert Recipe(Noise(7)).elements("INT8", 50) == Recipe(Noise(7)).elements("INT8", 50)
    with pytest.raises(ValueError, match="1 values for 2"):
        Recipe(Enumerated((1,))).elements("INT8", 2)


def test_drawable() -> None:
    assert drawable((GRID,))
    assert not drawable(())
    assert not drawable((TensorMetadata("x", "STRING", (-1,)),))
    assert not drawable((TensorMetadata("x", "FP32", (1, 100_000, 100_000)),))


@pytest.mark.parametrize("datatype", ["FP32", "INT64", "UINT8", "BOOL", "BYTES", "BF16"])
@pytest.mark.parametrize("shape", [(-1,), (-1, 4), (3,), (200_000,), ()])
def test_every_edge_stands_in_one_request(datatype: str, shape: tuple[int, ...]) -> None:
    (tensor,) = every_edge([TensorMetadata("x", datatype, shape)], finite=False).request.inputs
    assert len(tensor.elements) == math.prod(tensor.shape)
    expected = [repr(each) for each in edges(datatype, finite=False)][: len(tensor.elements)]
    assert [repr(each) for each in tensor.elements[: len(expected)]] == expected
