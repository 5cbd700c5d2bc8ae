"""Requests as they are written, and tolerant readings of answers."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire.messages import (
    InferRequest,
    TensorMetadata,
    read_infer_request,
    read_model_metadata,
    read_outputs,
    read_server_metadata,
)
from harness.wire.tensor import Tensor

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["name", "version", "versions", "inputs", "outputs", "shape", "datatype", "data", "x"]),
            inner,
        )
    ),
    max_leaves=15,
)
X = Tensor("x", "FP32", (1, 2), (0.1, 2.0))


def test_a_request_is_compact_utf_8() -> None:
    request = InferRequest((X,), id="é", outputs=("y",), parameters={"p": True}, extra={"z": 1})
    assert request.to_bytes().decode("utf-8") == (
        '{"id":"é","parameters":{"p":true},"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[0.1,2.0]}],'
        '"outputs":[{"name":"y"}],"z":1}'
    )
    assert b'"data":[[0.1,2.0]]' in request.to_bytes(nested=True)


def test_nan_is_sent_only_on_purpose() -> None:
    request = InferRequest((Tensor("x", "FP32", (1,), (math.nan,)),))
    with pytest.raises(ValueError, match="JSON"):
        request.to_bytes()
    assert b"[NaN]" in request.to_bytes(allow_nan=True)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_floats_come_back_as_they_were(values: list[float]) -> None:
    request = InferRequest((Tensor("x", "FP64", (len(values),), tuple(values)),))
    assert json.loads(request.to_bytes())["inputs"][0]["data"] == values


def test_a_sample_request_is_read_whole() -> None:
    value = {
        "inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [[0.1, 2.0]], "parameters": {"a": 1}}],
        "custom": 1,
    }
    request = read_infer_request(value)
    assert request.inputs == (Tensor("x", "FP32", (1, 2), (0.1, 2.0), {"a": 1}),)
    assert json.loads(request.to_bytes(nested=True)) == value


@pytest.mark.parametrize("value", [None, {}, {"inputs": []}, {"inputs": [{}]}, {"inputs": [1]}])
def test_what_is_no_request_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="input"):
        read_infer_request(value)


def test_a_sample_of_the_wrong_size_is_refused() -> None:
    with pytest.raises(ValueError, match="2 elements for shape"):
        read_infer_request({"inputs": [{"name": "x", "shape": [3], "datatype": "FP32", "data": [1, 2]}]})


def test_readings_pass_over_what_is_malformed() -> None:
    good = {"name": "x", "datatype": "FP32", "shape": [-1, 2]}
    bad = [None, {}, {**good, "shape": [True]}, {**good, "shape": [-2]}, {**good, "name": 1}, {**good, "shape": "2"}]
    metadata = read_model_metadata({"name": "m", "versions": ["1", 2], "inputs": [*bad, good], "outputs": 3})
    assert metadata.inputs == (TensorMetadata("x", "FP32", (-1, 2)),)
    assert (metadata.versions, metadata.outputs, metadata.platform) == (("1",), (), None)
    outputs = read_outputs({"outputs": [{**good, "shape": [1, 2], "data": [[1, 2]]}, {**good, "data": [3]}, good]})
    assert outputs == {"x": Tensor("x", "FP32", (1, 2), (1, 2))}


@given(ANYTHING)
def test_readings_never_fail(value: object) -> None:
    read_server_metadata(value)
    read_model_metadata(value)
    read_outputs(value)
