"""The right server, below HTTP: what it refuses, and how it writes numbers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.jsonread import read_json
from harness.reference.protocol.jsonwrite import Lexeme, write_json
from harness.reference.protocol.reply import nest, spelled
from harness.reference.protocol.request import InferRequest, read_request
from harness.reference.protocol.rules import Rules
from harness.reference.protocol.tensors import Spec, Tensor

INPUTS = (Spec("x", "INT32", (-1, 2)), Spec("t", "BYTES", (-1,), optional=True))
OUTPUTS = (Spec("y", "INT32", (-1, 2)),)
VALID: dict[str, Any] = {"name": "x", "shape": [2, 2], "datatype": "INT32", "data": [1, 2, 3, 4]}


def read(document: Any) -> InferRequest:
    return read_request(document, INPUTS, OUTPUTS, Rules(), [])


@pytest.mark.parametrize("data", [[1, 2, 3, 4], [[1, 2], [3, 4]]])
def test_flat_and_nested_are_the_same(data: list[Any]) -> None:
    found = read({"inputs": [{**VALID, "data": data}]}).inputs["x"]
    assert found.array.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    "body",
    [b"", b"{bad", b"[1,]", b'{"a":1}{', b'{"a":1,"a":2}', b"[NaN]", b"[Infinity]", b'"\xff"', b'"\\ud800"',
     b"\xef\xbb\xbf{}", b"[" * 100000, b"[" + b"9" * 5000 + b"]"],
)  # fmt: skip
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal):
        read_json(body)


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [4]}, {"shape": [-1, 2]}, {"shape": [2, 3]}, {"shape": [2.0, 2]}, {"shape": ["2", 2]},
        {"shape": [True, 2]}, {"shape": "2,2"}, {"shape": [2**63, 2]}, {"shape": None},
        {"data": [1, 2, 3]}, {"data": [1, 2, 3, 4, 5]}, {"data": [[1, 2, 3], [4]]}, {"data": [[1, 2], [3]]},
        {"data": [[1, 2], 3, 4]}, {"data": [[[1, 2], [3, 4]]]}, {"data": [1, 2, 3, None]}, {"data": [1, 2, 3, "4"]},
        {"data": [1, 2, 3, 4.0]}, {"data": [1, 2, 3, True]}, {"data": [1, 2, 3, 2**31]}, {"data": 5}, {"data": "abcd"},
        {"data": {"0": 1}}, {"data": [{"v": 1}] * 4}, {"datatype": "FP32"}, {"datatype": "int32"}, {"datatype": "BF16"},
        {"datatype": 32}, {"name": "zz"}, {"name": 7}, {"parameters": [1]}, {"parameters": {"p": None}},
    ],
)  # fmt: skip
def test_what_is_no_input_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Refusal):
        read({"inputs": [{**VALID, **change}]})


@pytest.mark.parametrize(
    "document",
    [
        [], {}, {"inputs": []}, {"inputs": {}}, {"inputs": [VALID, VALID]}, {"inputs": [VALID], "id": 42},
        {"inputs": [VALID], "id": None}, {"inputs": [VALID], "outputs": "y"}, {"inputs": [VALID], "outputs": [{}]},
        {"inputs": [VALID], "outputs": [{"name": "z"}]}, {"inputs": [VALID], "outputs": [{"name": "y"}] * 2},
        {"inputs": [VALID], "parameters": {"p": {}}}, {"inputs": [VALID, 1]},
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused(document: Any) -> None:
    with pytest.raises(Refusal):
        read(document)


def test_unknown_members_and_parameters_are_ignored() -> None:
    found = read({"inputs": [{**VALID, "parameters": {"p": 1.5}}], "x": 1, "outputs": [], "id": ""})
    assert (found.id, found.outputs) == (None, None)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [("FP32", 1.1, "1.1"), ("FP32", 1e-45, "1e-45"), ("FP64", 5e-324, "5e-324"), ("FP16", 0.1, "0.1"),
     ("UINT64", 2**64 - 1, "18446744073709551615"), ("INT64", -(2**63), "-9223372036854775808")],
)  # fmt: skip
def test_numbers_are_written_shortest_and_exact(kind: str, value: float, text: str) -> None:
    dtype = {"FP16": np.float16, "FP32": np.float32, "FP64": np.float64, "UINT64": np.uint64, "INT64": np.int64}[kind]
    assert spelled(Tensor("y", kind, (1,), np.array([value], dtype=dtype))) == [text]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_json_cannot_express_is_refused(value: float) -> None:
    with pytest.raises(Refusal):
        spelled(Tensor("y", "FP64", (1,), np.array([value])))


def test_written_json_reads_back() -> None:
    value = {"a": [1, "é\n", None, True, {}], "b": {"c": []}}
    for body in (write_json(value), write_json(value, indent=2), write_json(value, ascii_only=True)):
        assert json.loads(body) == value
    assert write_json([Lexeme("1E5")]) == b"[1E5]"


def test_nesting_follows_the_shape() -> None:
    assert nest(list(range(6)), (2, 3)) == [[0, 1, 2], [3, 4, 5]]
    assert nest([], (0, 3)) == []
    assert nest([], (2, 0)) == [[], []]
