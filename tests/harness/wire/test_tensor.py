"""Tensors: the flat and the nested form say the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire.tensor import Tensor, flatten, nest, nesting_matches, product, to_json

SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)


@given(SHAPES)
def test_nesting_and_flattening_are_inverse_and_row_major(shape: tuple[int, ...]) -> None:
    elements = list(range(product(shape)))
    nested = nest(elements, shape)
    assert nested == np.arange(product(shape)).reshape(shape).tolist()
    assert flatten(nested) == elements
    assert nesting_matches(nested, shape)


@given(SHAPES.filter(lambda shape: product(shape) > 1 and len(shape) > 1), st.integers(0, 3))
def test_any_other_nesting_does_not_match(shape: tuple[int, ...], where: int) -> None:
    nested = nest(list(range(product(shape))), shape)
    axis = where % len(shape)
    wrong = (*shape[:axis], shape[axis] + 1, *shape[axis + 1 :])
    assert not nesting_matches(nested, wrong)
    assert not nesting_matches(nested, (*shape, 1))
    assert not nesting_matches([nested], shape)


def test_ragged_data_flattens_but_does_not_match() -> None:
    ragged = [[1, 2, 3], [4]]
    assert flatten(ragged) == [1, 2, 3, 4]
    assert not nesting_matches(ragged, (2, 2))


def test_depth_is_no_danger_and_size_is_bounded() -> None:
    deep: object = 1
    for _ in range(100_000):
        deep = [deep]
    assert flatten(deep) == [1]
    with pytest.raises(ValueError, match="more than 3"):
        flatten([[1, 2], [3, 4]], limit=3)


def test_product_and_nest_refuse_what_they_cannot_mean() -> None:
    assert product(()) == 1
    with pytest.raises(TypeError):
        product(["2", 3])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="do not fill"):
        nest([1, 2, 3], (2, 2))


def test_to_json_has_the_members_of_the_protocol() -> None:
    tensor = Tensor("x", "BYTES", (2, 1), ("a", b"\xe2\x82\xac"), {"content_type": "str"})
    assert to_json(tensor, nested=True) == {
        "name": "x",
        "shape": [2, 1],
        "datatype": "BYTES",
        "data": [["a"], ["€"]],
        "parameters": {"content_type": "str"},
    }
    assert "parameters" not in to_json(Tensor("x", "INT8", (1,), (1,)))
