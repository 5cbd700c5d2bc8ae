"""Mistakes about the structure of a request: what is cut off, missing, there twice, or of another JSON type."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from harness.generate.operators import Body, Operator, encoded, input_position

Change = Callable[[st.DrawFn, Body], tuple[Any, str]]


def _cut(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    whole = encoded(body)
    length = draw(st.integers(0, len(whole) - 1))
    return whole[:length], f"the body ends after {length} of {len(whole)} bytes"


def _other_top(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    value: Any = draw(st.sampled_from([[], "x", 5, None, True, [body]]))
    return value, f"the body is no object, but {type(value).__name__}"


def _missing(member: str) -> Change:
    def change(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
        where = input_position(draw, body)
        body["inputs"][where].pop(member, None)
        return body, f"input {where + 1} has no {member}"

    return change


def _member_twice(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    """Which of the two counts is open (RFC 8259, section 4)."""
    other: Any = draw(st.sampled_from([[], None, body["inputs"][::-1] * 2]))
    pair = [encoded(body["inputs"]), encoded(other)]
    first, second = pair if draw(st.booleans()) else pair[::-1]
    rest = encoded({key: value for key, value in body.items() if key != "inputs"})[1:-1]
    text = b"{" + (rest + b"," if rest else b"") + b'"inputs":' + first + b',"inputs":' + second + b"}"
    return text, "the member inputs stands there twice, with different values"


def _no_inputs(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    if draw(st.booleans()):
        return {**body, "inputs": None}, "inputs is null"
    return {key: value for key, value in body.items() if key != "inputs"}, "inputs is missing"


STRUCTURE = (
    Operator("body-cut", "REST-INFER-05", "body", _cut),
    Operator("body-of-another-type", "REST-INFER-04", "body", _other_top),
    Operator("inputs-missing", "REST-INFER-02", "body", _no_inputs),
    Operator("member-twice", None, "body", _member_twice, tolerance="any"),
    *(
        Operator(f"{member}-missing", "REST-INFER-03", "tensor", _missing(member), tolerance="same")
        for member in ("name", "shape", "datatype", "data")
    ),
)
_OTHER: dict[str, tuple[object, ...]] = {
    "inputs": ("x", 5, True, {"x": [1]}),
    "outputs": ("y", 7, True, {"name": "y"}),
    "parameters": ([1], "x", 5, True),
    "shape": ("2", 5, True, {"0": 2}, None),
    "name": (7, True, ["x"], {"x": 1}, None),
    "datatype": (32, True, ["FP32"], {"FP32": 1}, None),
}


def _type_of(member: str) -> Change:
    def change(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
        value = draw(st.sampled_from(_OTHER[member]))
        body[member] = value
        return body, f"{member} is {json.dumps(value)}"

    return change


def _type_in_input(member: str) -> Change:
    def change(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
        where, value = input_position(draw, body), draw(st.sampled_from(_OTHER[member]))
        body["inputs"][where][member] = value
        return body, f"{member} of input {where + 1} is {json.dumps(value)}"

    return change


def _id_type(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    body["id"] = draw(st.sampled_from([7, 1.5, True, [], {}]))
    return body, f"id is {json.dumps(body['id'])}"


def _entry_type(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    where = input_position(draw, body)
    value: Any = draw(st.sampled_from(["x", 5, None, [], True]))
    body["inputs"][where] = value
    return body, f"input {where + 1} is {json.dumps(value)}"


TYPES = (
    *(Operator(f"{each}-type", "REST-INFER-04", "body", _type_of(each)) for each in ("inputs", "parameters")),
    Operator("outputs-type", "REST-INFER-04", "outputs", _type_of("outputs")),
    *(
        Operator(f"{each}-type", "REST-INFER-04", "tensor", _type_in_input(each))
        for each in ("shape", "name", "datatype")
    ),
    Operator("id-type", "REST-INFER-04", "id", _id_type, tolerance="any"),
    Operator("input-type", "REST-INFER-04", "body", _entry_type),
)
