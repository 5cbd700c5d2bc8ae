"""Mistakes about shapes: no sizes, sizes of other data, and products that no integer type holds."""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import strategies as st

from harness.generate.operators import Body, Operator, filled_position


def _dimension(draw: st.DrawFn, body: Body, value: Any) -> tuple[Body, str]:  # noqa: ANN401 -- any JSON value
    where = filled_position(draw, body)
    shape = body["inputs"][where]["shape"]
    axis = draw(st.integers(0, len(shape) - 1))
    body["inputs"][where]["shape"] = [*shape[:axis], value, *shape[axis + 1 :]]
    return body, f"dimension {axis + 1} of input {where + 1} is {json.dumps(value)}"


def _negative(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    limits = st.sampled_from((-1, -2, -(2**31), -(2**32) - 1, -(2**63), -(2**64)))
    return _dimension(draw, body, draw(st.one_of(limits, st.integers(-100, -1))))


def _cancelling(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    """Two negative dimensions whose product is the number of elements."""
    where = filled_position(draw, body)
    entry = body["inputs"][where]
    first = draw(st.sampled_from([each for each in range(1, 65) if len(entry["data"]) % each == 0]))
    entry["shape"] = [-first, -(len(entry["data"]) // first)]
    return body, f"the shape of input {where + 1} is {entry['shape']}"


def _fraction(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    return _dimension(draw, body, draw(st.integers(0, 40)) + draw(st.sampled_from((0.5, 0.25, 0.999))))


def _no_number(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    return _dimension(draw, body, draw(st.sampled_from(["1", True, False, None, [1], {"1": 1}, ""])))


def _zero(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    body, why = _dimension(draw, body, 0)
    return body, f"{why}, and there is data"


def _larger(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    where = filled_position(draw, body)
    entry = body["inputs"][where]
    axis = draw(st.integers(0, len(entry["shape"]) - 1))
    more = draw(st.one_of(st.integers(1, 8), st.integers(1, 1000)))
    entry["shape"] = [size + more if each == axis else size for each, size in enumerate(entry["shape"])]
    return body, f"dimension {axis + 1} of input {where + 1} is {more} larger than its data"


def _rank(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    where = filled_position(draw, body)
    factor = draw(st.integers(2, 16))
    body["inputs"][where]["shape"] = [*body["inputs"][where]["shape"], factor]
    return body, f"input {where + 1} has a dimension of {factor} more than its data"


def _huge(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    sizes = (2**31 - 1, 2**31, 2**32, 2**40, 2**53 + 1, 2**62, 2**63 - 1, 2**63, 2**64, 2**64 + 1, 10**30, 1e300)
    return _dimension(draw, body, draw(st.sampled_from(sizes)))


def _many_huge(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    where = filled_position(draw, body)
    shape = draw(st.lists(st.sampled_from((2**16, 2**31, 2**32, 2**62)), min_size=2, max_size=8))
    body["inputs"][where]["shape"] = shape
    return body, f"the shape of input {where + 1} is {shape}"


def _wrapping(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    """A shape whose product, cut to 32 or 64 bits, is the number of elements that really are there."""
    where = filled_position(draw, body)
    count, bits = len(body["inputs"][where]["data"]), draw(st.sampled_from((64, 32)))
    # Larger than the count: else the product could really be the count.
    odd = 2 * (count + draw(st.integers(0, 1 << 20))) + 1
    other = count * pow(odd, -1, 1 << bits) % (1 << bits)
    body["inputs"][where]["shape"] = [odd, other]
    assert odd * other % (1 << bits) == count != odd * other
    return body, f"the shape [{odd}, {other}] of input {where + 1} has {count} elements only modulo 2^{bits}"


def _zero_times_huge(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    where = filled_position(draw, body)
    body["inputs"][where]["shape"] = [2**32, 2**32]
    return body, f"the product of the shape of input {where + 1} is 0 modulo 2^64"


def _nothing_of_huge(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    where = filled_position(draw, body)
    entry = body["inputs"][where]
    entry["shape"] = [0, draw(st.sampled_from((2**31, 2**40, 2**63)))]
    return body, f"the shape of input {where + 1} is {entry['shape']}, and there is data"


def _shaped(body: Body) -> bool:
    return all(entry["shape"] for entry in body["inputs"]) and any(entry["data"] for entry in body["inputs"])


def _wraps(body: Body) -> bool:
    # More elements than that are none that a request of the harness has.
    return _shaped(body) and all(math.prod(entry["shape"]) < 1 << 31 for entry in body["inputs"])


SHAPES = (
    Operator("dimension-negative", "TDATA-10", "tensor", _negative, applies=_shaped),
    Operator("dimension-fraction", "TDATA-10", "tensor", _fraction, applies=_shaped),
    Operator("dimension-no-number", "TDATA-10", "tensor", _no_number, applies=_shaped),
    Operator("dimensions-cancel", "TDATA-10", "tensor", _cancelling, applies=_shaped),
    Operator("dimension-zero", "TDATA-05", "tensor", _zero, applies=_shaped),
    Operator("dimension-larger", "TDATA-05", "tensor", _larger, applies=_shaped),
    Operator("dimension-more", "TDATA-05", "tensor", _rank, applies=_shaped),
    Operator("dimension-huge", "TDATA-17", "tensor", _huge, heavy=True, applies=_shaped),
    Operator("dimensions-huge", "TDATA-17", "tensor", _many_huge, heavy=True, applies=_shaped),
    Operator("product-wraps", "TDATA-17", "tensor", _wrapping, heavy=True, applies=_wraps),
    Operator("zero-times-huge", "TDATA-17", "tensor", _nothing_of_huge, heavy=True, applies=_shaped),
    Operator("product-wraps-to-zero", "TDATA-17", "tensor", _zero_times_huge, heavy=True, applies=_shaped),
)
