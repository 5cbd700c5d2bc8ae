"""A request that varies one thing varies one thing; and nobody makes requests of requests anywhere else."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from harness.generate.distinct import distinct, joined, pool_of_rows
from harness.generate.members import with_data, with_elements, with_members
from harness.oracles.rows import row_request
from harness.wire.binary import binary_value
from harness.wire.messages import InferRequest, TensorMetadata
from harness.wire.protobuf import infer_message, read_parameters
from harness.wire.tensor import Tensor
from harness.wire.varied import all_binary, asking_for, vary, wishing

UNIT, STYLE = {"unit": "cm"}, {"style": "plain"}
BASE = InferRequest(
    inputs=(Tensor("a", "FP32", (2, 1), (1.0, 2.5), UNIT), Tensor("b", "INT32", (2, 1), (3, 4), UNIT)),
    id="s",
    outputs=({"name": "oa", "parameters": STYLE}, {"name": "ob", "parameters": STYLE}),
    parameters={"tenant": "a"},
    extra={"x_extra": 1},
)
MADE: dict[str, InferRequest] = {
    "inputs from metadata": vary(BASE, inputs=[Tensor("a", "FP32", (1,), (0.0,)), Tensor("b", "INT32", (1,), (0,))]),
    "inputs in reverse": vary(BASE, inputs=BASE.inputs[::-1]),
    "outputs by name": vary(BASE, outputs=["ob"]),
    "a wish about one output": asking_for(BASE, {"name": "ob", "parameters": {"classification": 2}}),
    "a parameter more": vary(BASE, parameters={"priority": 1}),
    "other elements": with_elements(BASE, "a", (1.0, 2.0, 3.0)),
    "one row": row_request(BASE, 1),
    "another value": list(distinct(BASE, 3))[-1],
    "rows joined": joined(pool_of_rows(BASE, 3)),
    "binary outputs": all_binary(BASE),
    "wishes about all outputs": wishing(BASE, {"oa": True, "ob": None}, every=False),
}


def whole(value: dict[str, object], made: str) -> None:
    """Everything that the base cannot do without is there."""
    assert value["id"] == "s", made
    assert value["parameters"].items() >= {"tenant": "a"}.items(), made  # type: ignore[attr-defined]
    for side, kept in (("inputs", UNIT), ("outputs", STYLE)):
        entries = value[side]
        assert entries, made
        for entry in entries:  # type: ignore[attr-defined]
            assert entry["parameters"].items() >= kept.items(), (made, entry)


@pytest.mark.parametrize("made", MADE)
def test_a_rebuilt_request_keeps_the_rest_in_every_form(made: str) -> None:
    request = MADE[made]
    for value in (request.to_value(), request.to_value(nested=True), binary_value(request)[0]):
        whole(value, made)
        assert value["x_extra"] == 1
    for form in ("typed", "raw"):
        message = infer_message("m", None, request, form)
        sides = {
            side: [
                {"name": each.name, "parameters": read_parameters(each.parameters)} for each in getattr(message, side)
            ]
            for side in ("inputs", "outputs")
        }
        whole({"id": message.id, "parameters": read_parameters(message.parameters), **sides}, made)


@pytest.mark.parametrize(
    "body",
    [
        with_members(BASE, parameters={}, x_unknown=1),
        with_members(BASE, of_inputs={"parameters": {"more": 1}}),
        with_members(BASE, outputs=[{"name": "oa"}, {"name": "ob", "parameters": {}}]),
        with_data(BASE, [1, 2]),
    ],
)
def test_members_and_data_come_beside_what_is_there(body: bytes) -> None:
    whole(json.loads(body), body.decode())


def test_order_stays_where_another_thing_varies() -> None:
    asked = asking_for(BASE, {"name": "ob", "parameters": {"classification": 2}}).outputs
    assert asked == (
        {"name": "oa", "parameters": STYLE},
        {"name": "ob", "parameters": {**STYLE, "classification": 2}},
    )
    assert vary(InferRequest(BASE.inputs), outputs=["ob"]).outputs == ("ob",)


# Requests that are made of metadata, of a file, or of nothing; not of another request.
MAKERS = {
    "harness/wire/messages.py", "harness/wire/binary.py", "harness/generate/inputs.py", "harness/data/columns.py",
    "harness/generate/strategies.py", "harness/load/plan/prepare.py", "harness/judging/walks.py",
    "suites/conformance/grpc/test_grpc_service.py", "harness/endpoint/known.py",
    "suites/conformance/binary/test_binary_raw.py",
}  # fmt: skip
ROOT = Path(__file__).parents[3]
CHANGED = {"inputs", "outputs", "parameters"}


def test_nobody_else_makes_requests_of_requests() -> None:
    """`InferRequest(...)` anywhere else, or `replace(request, inputs=...)`, drops or forgets what a model may need."""
    strange = []
    for folder in ("harness", "suites"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            name = file.relative_to(ROOT).as_posix()
            if name.startswith("harness/reference/") or name in MAKERS or name == "harness/wire/varied.py":
                continue
            for node in ast.walk(ast.parse(file.read_text())):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                    continue
                replaced = node.func.id == "replace" and CHANGED & {each.arg for each in node.keywords}
                if node.func.id == "InferRequest" or replaced:
                    strange.append(f"{name}:{node.lineno}")
    assert strange == []


@pytest.mark.parametrize(
    ("declared", "shape", "elements"),
    [((-1, 1), (3, 1), (1.0, 2.0, 3.0)), ((2, 1), (2, 1), (1.0, 2.0)), ((4, 1), (4, 1), (1.0, 2.0, 3.0, 1.0))],
)
def test_other_elements_keep_a_length_that_is_fixed(
    declared: tuple[int, ...], shape: tuple[int, ...], elements: tuple[float, ...]
) -> None:
    made = with_elements(BASE, "a", (1.0, 2.0, 3.0), (TensorMetadata("a", "FP32", declared),)).inputs[0]
    assert (made.shape, made.elements) == (shape, elements)
