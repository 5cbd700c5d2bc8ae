"""Mistakes about the data of a tensor: its count, its nesting, and what stands where an element should."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from harness.generate.operators import Body, Operator, filled_position, first_inputs
from harness.generate.values import PLAIN


def drawn_text() -> st.SearchStrategy[str]:
    """Short texts without control characters."""
    return st.text(PLAIN, min_size=1, max_size=12)


def _more(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    where = filled_position(draw, body)
    data = body["inputs"][where]["data"]
    extra = draw(st.integers(1, 2 * len(data)))
    body["inputs"][where]["data"] = [*data, *(data[each % len(data)] for each in range(extra))]
    return body, f"input {where + 1} has {extra} elements more than its shape"


def _less(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    where = filled_position(draw, body)
    data = body["inputs"][where]["data"]
    lost = draw(st.integers(1, len(data)))
    body["inputs"][where]["data"] = data[: len(data) - lost]
    return body, f"input {where + 1} has {lost} elements less than its shape"


def _no_array(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    where = filled_position(draw, body)
    value = draw(st.sampled_from([5, "abc", True, {"0": 1}, {}, 1.5]))
    body["inputs"][where]["data"] = value
    return body, f"data of input {where + 1} is {json.dumps(value)}"


def _element(draw: st.DrawFn, body: Body, value: Any, kinds: tuple[str, ...] = ()) -> tuple[Body, str]:  # noqa: ANN401
    """Put a value into the place of an element of an input whose datatype begins with one of ``kinds``."""
    filled = [
        n for n, entry in enumerate(body["inputs"]) if entry["data"] and entry["datatype"].startswith(kinds or "")
    ]
    where = draw(st.sampled_from(filled))
    data = list(body["inputs"][where]["data"])
    position = draw(st.integers(0, len(data) - 1))
    data[position] = value
    body["inputs"][where]["data"] = data
    shown = json.dumps(value) if len(str(value)) < 60 else f"a number of {len(str(value))} digits"
    return body, f"element {position} of input {where + 1} is {shown}"


def _null(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    return _element(draw, body, None)


def _object(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    return _element(draw, body, draw(st.sampled_from([{}, {"v": 1}, {"a": {"b": []}}])))


def _list(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    return _element(draw, body, draw(st.sampled_from([[], [1, 2], [[], []]])))


_INTEGERS = ("INT", "UINT")


def _word(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    return _element(draw, body, draw(st.sampled_from(["abc", "", "1x", "\u202e7"])), _INTEGERS)


def _too_large(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    values = [10**30, -(10**30), 10**400, 2**64, -(2**63) - 1, 1.5, 1e300]
    return _element(draw, body, draw(st.sampled_from(values)), _INTEGERS)


def _other_scalar(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    return _element(draw, body, draw(st.sampled_from([True, "1", "abc", 10**400, "NaN", "\ud800", ""])))


def _deeper(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    where = filled_position(draw, body)
    entry = body["inputs"][where]
    levels = len(entry["shape"]) + draw(st.integers(0, 3))
    for _ in range(levels):
        entry["data"] = [entry["data"]]
    return body, f"data of input {where + 1} is nested {levels + 1} deep"


def _ragged(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    """Rows of unequal length, the total right or not."""
    where = draw(st.sampled_from([n for n, entry in enumerate(body["inputs"]) if _has_rows(entry)]))
    entry = body["inputs"][where]
    width = len(entry["data"]) // entry["shape"][0]
    rows = [entry["data"][start : start + width] for start in range(0, len(entry["data"]), width)]
    short = draw(st.integers(0, len(rows) - 1))
    moved = rows[short].pop()
    if draw(st.booleans()):
        other = draw(st.sampled_from([each for each in range(len(rows)) if each != short]))
        rows[other].append(moved)
    entry["data"] = rows
    return body, f"the rows of input {where + 1} have {[len(row) for row in rows][:8]} elements"


def _has_rows(entry: Body) -> bool:
    return len(entry["shape"]) == 2 and entry["shape"][0] >= 2 and entry["shape"][1] >= 2


def _with_rows(body: Body) -> bool:
    return any(_has_rows(entry) for entry in body["inputs"])


def _with_integers(body: Body) -> bool:
    return any(entry["data"] and entry["datatype"].startswith(_INTEGERS) for entry in body["inputs"])


DATA = (
    Operator("elements-more", "TDATA-05", "tensor", _more, applies=first_inputs),
    Operator("elements-less", "TDATA-05", "tensor", _less, applies=first_inputs),
    Operator("data-no-array", "TDATA-04", "tensor", _no_array, applies=first_inputs),
    Operator("element-null", "TDATA-13", "tensor", _null, applies=first_inputs),
    Operator("element-object", "TDATA-04", "tensor", _object, applies=first_inputs),
    Operator("element-list", "TDATA-04", "tensor", _list, applies=first_inputs),
    Operator("element-word", "TDATA-11", "tensor", _word, applies=_with_integers),
    Operator("element-too-large", "TDATA-12", "tensor", _too_large, tolerance="any", applies=_with_integers),
    Operator("element-other-scalar", "TDATA-11", "tensor", _other_scalar, tolerance="any", applies=first_inputs),
    Operator("data-deeper", "TDATA-07", "tensor", _deeper, tolerance="same", applies=first_inputs),
    Operator("rows-ragged", "TDATA-06", "tensor", _ragged, applies=_with_rows),
)
