"""The full check of answers in a probing run: ids exactly, outputs by the harness's own tolerance, in every form."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest

from harness.load.plan.answers import Given
from harness.load.plan.full_check import same_outputs
from harness.load.records.rows import Status
from harness.wire import protobuf

ID = b"0123456789abcdef"


def answer(
    data: list[Any], datatype: str = "FP32", name: str = "y", request_id: str = ID.decode(), **extra: Any
) -> bytes:
    output = {"name": name, "datatype": datatype, "shape": [len(data)], "data": data}
    return json.dumps({"id": request_id, "outputs": [output], **extra}).encode()


def judged(body: bytes, reference: bytes | None, request_id: bytes = ID) -> Status | None:
    fault = same_outputs(Given(0, 0, request_id, body, reference))
    return None if fault is None else fault.status


@pytest.mark.parametrize("body", [
    answer([1.0, 2.0]), b"\n  " + answer([1.0, 2.0]), answer([1.0000004, 2.0]), answer([1.0, 2.0], timing=7),
])  # fmt: skip
def test_what_says_the_same_is_right(body: bytes) -> None:
    assert judged(body, answer([1.0, 2.0])) is None


@pytest.mark.parametrize("body", [
    answer([1.0, 2.1]), answer([1.0]), answer([1.0, 2.0], name="z"), b'{"id":"0123456789abcdef"}', b"<html>",
])  # fmt: skip
def test_what_says_something_else_is_wrong(body: bytes) -> None:
    assert judged(body, answer([1.0, 2.0])) is Status.WRONG_ANSWER


def test_another_id_is_another_request() -> None:
    other = answer([1.0, 2.0], request_id="fedcba9876543210")
    assert judged(other, answer([1.0, 2.0])) is Status.WRONG_ID
    assert judged(other, None) is Status.WRONG_ID
    assert judged(answer([5.0]), None) is None


def shaped(shape: list[int], datatype: str = "FP32") -> bytes:
    output = {"name": "y", "datatype": datatype, "shape": shape, "data": [1.0, 2.0]}
    return json.dumps({"id": ID.decode(), "outputs": [output]}).encode()


@pytest.mark.parametrize("body", [shaped([2, 1]), shaped([2], "FP64"), shaped([])])
def test_shapes_and_data_types_are_part_of_the_answer(body: bytes) -> None:
    assert judged(body, shaped([2])) is Status.WRONG_ANSWER
    assert judged(shaped([2]), shaped([2])) is None


@pytest.mark.parametrize("rest", [
    '"parameters":[1],"outputs":[{"name":"y","datatype":"FP32","shape":[1],"parameters":[2],"data":[1]}]',
    '"outputs":[{"name":"y","datatype":"FP32","shape":["x"],"parameters":{"binary_data_size":-4}}]',
    '"outputs":' + "[" * 900 + "]" * 900,
    '"outputs":[{"name":"y","datatype":"FP32","shape":[1],"data":[1' + "0" * 400 + "]}]",
    '"outputs":7', '"outputs":[7]', '"outputs":[{"name":["y"],"datatype":"FP32","shape":[1],"data":[1]}]',
])  # fmt: skip
def test_a_hostile_answer_is_wrong_and_raises_nothing(rest: str) -> None:
    body = f'{{"id":"{ID.decode()}",{rest}}}'.encode()
    assert judged(body, answer([1.0])) is Status.WRONG_ANSWER
    assert judged(answer([1.0]), body) is Status.WRONG_ANSWER


def test_an_answer_without_outputs_is_compared_whole() -> None:
    def plain(value: float) -> bytes:
        return json.dumps({"id": ID.decode(), "score": value}).encode()

    assert judged(plain(1.0), plain(1.0)) is None
    assert judged(plain(2.0), plain(1.0)) is Status.WRONG_ANSWER


def test_integers_have_no_tolerance() -> None:
    assert judged(answer([10_000_001], "INT64"), answer([10_000_000], "INT64")) is Status.WRONG_ANSWER


def binary(value: float) -> bytes:
    output = {"name": "y", "datatype": "FP32", "shape": [1], "parameters": {"binary_data_size": 4}}
    return json.dumps({"id": ID.decode(), "outputs": [output]}).encode() + struct.pack("<f", value)


def test_binary_outputs_are_read_too() -> None:
    assert judged(binary(1.0), binary(1.0)) is None
    assert judged(binary(1.0000001), binary(1.0)) is None
    assert judged(binary(1.5), binary(1.0)) is Status.WRONG_ANSWER


def test_messages_of_grpc() -> None:

    def made(value: float, request_id: str = ID.decode()) -> bytes:
        reply = protobuf.message("ModelInfer", "Response")
        reply.model_name, reply.id = "m", request_id
        output = reply.outputs.add()
        output.name, output.datatype = "y", "FP32"
        output.shape.append(1)
        reply.raw_output_contents.append(struct.pack("<f", value))
        return bytes(reply.SerializeToString())

    assert judged(made(1.0), made(1.0)) is None
    assert judged(made(1.0000001), made(1.0)) is None
    assert judged(made(2.0), made(1.0)) is Status.WRONG_ANSWER
    assert judged(made(1.0, "fedcba9876543210"), made(1.0)) is Status.WRONG_ID
