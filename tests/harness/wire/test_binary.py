"""The binary tensor extension: worked examples, there and back, and answers that are not as it says."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.record.exchange import Exchange, Failure
from harness.wire.binary import (
    LENGTH_HEADER,
    MEDIA_TYPE,
    SIZE,
    NotBinary,
    binary_request,
    framed,
    read_binary_reply,
)
from harness.wire.messages import InferRequest
from harness.wire.raw import to_raw
from harness.wire.tensor import Tensor
from tests.costs import cost
from tests.harness.record.test_redact import EXCHANGE

A = Tensor("a", "FP32", (2,), (1.0, -2.5))
T = Tensor("t", "BYTES", (3,), (b"ab", b"", "€".encode()))
PARTS = bytes.fromhex("0000803f000020c00200000061620000000003000000e282ac")
REPLY = (
    b'{"id":"7","model_name":"m","outputs":[{"name":"y","datatype":"INT16","shape":[1,3],'
    b'"parameters":{"binary_data_size":6}}]}'
)


def answered(body: bytes, length: str | None) -> Exchange:
    """An answer with that length header."""
    headers = (("Content-Type", MEDIA_TYPE), *(((LENGTH_HEADER.lower(), length),) if length is not None else ()))
    return replace(EXCHANGE, response_headers=headers, response_body=body)


def output(name: str, datatype: str, shape: list[int], **more: Any) -> dict[str, Any]:
    """An entry of outputs; ``size`` is its binary size."""
    entry: dict[str, Any] = {"name": name, "datatype": datatype, "shape": shape}
    if "size" in more:
        entry["parameters"] = {SIZE: more.pop("size")}
    return {**entry, **more}


def reply(outputs: list[Any], rest: bytes = b"") -> Exchange:
    """An answer whose length header is right."""
    made = framed({"model_name": "m", "outputs": outputs}, [rest])
    return answered(made.body, dict(made.headers)[LENGTH_HEADER])


def test_the_worked_request() -> None:
    request = InferRequest((A, T), id="7", outputs=({"name": "y", "parameters": {"binary_data": True}},))
    made = binary_request(request)
    length = int(dict(made.headers)[LENGTH_HEADER])
    assert (length, len(made.body)) == (240, 265)
    assert made.body[length:] == PARTS
    value = json.loads(made.body[:length])
    assert [entry["parameters"] for entry in value["inputs"]] == [{SIZE: 8}, {SIZE: 17}]
    assert not any("data" in entry for entry in value["inputs"])
    assert dict(made.headers)["Content-Type"] == MEDIA_TYPE


def test_only_named_inputs_are_binary_and_the_order_stays() -> None:
    text = Tensor("t", "BYTES", (1,), (b"x",))
    made = binary_request(InferRequest((text, A)), {"a"})
    length = int(dict(made.headers)[LENGTH_HEADER])
    value = json.loads(made.body[:length])
    assert [entry["name"] for entry in value["inputs"]] == ["t", "a"]
    assert value["inputs"][0]["data"] == ["x"]
    assert made.body[length:] == PARTS[:8]


def test_bytes_that_are_no_text_can_be_sent() -> None:
    made = binary_request(InferRequest((Tensor("t", "BYTES", (1,), (b"\xff\xfe",)),)))
    assert made.body.endswith(b"\x02\x00\x00\x00\xff\xfe")


def test_the_length_counts_bytes_and_can_be_wrong_or_missing() -> None:
    made = framed({"id": "€"})
    assert dict(made.headers)[LENGTH_HEADER] == str(len('{"id":"€"}'.encode()))
    assert dict(framed({}, announced="abc").headers)[LENGTH_HEADER] == "abc"
    assert LENGTH_HEADER not in dict(framed({}, announced="").headers)


def test_the_worked_reply() -> None:
    body = REPLY + bytes.fromhex("0100feff2c01")
    assert (len(REPLY), len(body)) == (121, 127)
    found = read_binary_reply(answered(body, "121"))
    assert found.outputs["y"] == Tensor("y", "INT16", (1, 3), (1, -2, 300))
    assert found.parts == {"y": bytes.fromhex("0100feff2c01")}
    assert (found.announced, found.left) == (121, b"")


def test_a_reply_in_json_alone() -> None:
    body = b'{"outputs":[{"name":"y","datatype":"BYTES","shape":[2],"data":["a",["b"]]}]}'
    found = read_binary_reply(answered(body, None))
    assert found.announced is None
    assert found.outputs["y"].elements == ("a", "b")
    assert found.parts == {}


def test_both_forms_in_one_reply_and_bytes_that_nobody_claims() -> None:
    outputs = [
        output("a", "UINT8", [1], size=1),
        output("j", "INT8", [1], data=[5]),
        output("b", "BYTES", [1], size=6),
    ]
    found = read_binary_reply(reply(outputs, b"\x07" + b"\x02\x00\x00\x00\xff\xfe" + b"left"))
    assert [found.outputs[name].elements for name in "ajb"] == [(7,), (5,), (b"\xff\xfe",)]
    assert found.left == b"left"


@given(st.lists(st.tuples(st.sampled_from(["FP32", "INT64", "BF16", "BOOL"]), st.integers(0, 5)), max_size=5))
def test_parts_come_back_in_their_order(tensors: list[tuple[str, int]]) -> None:
    parts = [to_raw(datatype, [n % 2 for n in range(count)]) for datatype, count in tensors]
    outputs = [
        output(str(position), datatype, [count], size=len(parts[position]))
        for position, (datatype, count) in enumerate(tensors)
    ]
    found = read_binary_reply(reply(outputs, b"".join(parts)))
    assert list(found.parts.values()) == parts
    assert found.left == b""


BROKEN: dict[str, Exchange] = {
    "no body": replace(answered(REPLY, "121"), error=Failure("timeout", "late")),
    "longer than the body": answered(REPLY, "122"),
    "far longer": answered(REPLY, "9" * 30),
    "negative": answered(REPLY, "-1"),
    "no number": answered(REPLY, "abc"),
    "superscript": answered(REPLY, "\xb2"),
    "empty": answered(REPLY, ""),
    "zero": answered(REPLY, "0"),
    "cuts the JSON": answered(REPLY, "100"),
    "too long for the JSON": answered(REPLY + bytes.fromhex("0100feff2c01"), "123"),
    "no object": answered(b"[1]", "3"),
    "not UTF-8": answered(b'{"a":"\xff"}', "10"),
    "coding": replace(answered(REPLY, "121"), response_headers=((LENGTH_HEADER, "121"), ("Content-Encoding", "gzip"))),
    "size too large": reply([output("y", "INT16", [1], size=2)], b"\x01"),
    "size negative": reply([output("y", "INT16", [1], size=-2)], b"\x01\x02"),
    "size true": reply([output("y", "UINT8", [1], size=True)], b"\x01"),
    "size a text": reply([output("y", "UINT8", [1], size="1")], b"\x01"),
    "size missing": reply([output("y", "UINT8", [1])], b"\x01"),
    "half an element": reply([output("y", "INT16", [1], size=3)], b"\x01\x02\x03"),
    "broken BYTES": reply([output("y", "BYTES", [1], size=3)], b"\x01\x02\x03"),
    "unknown data type": reply([output("y", "FP8", [1], size=1)], b"\x01"),
    "output no object": reply([1]),
    "name a number": reply([{"name": 1, "datatype": "INT8", "shape": [1], "data": [1]}]),
    "shape no list": reply([{"name": "y", "datatype": "INT8", "shape": 1, "data": [1]}]),
}


@pytest.mark.parametrize("how", BROKEN)
def test_an_answer_that_is_not_as_the_extension_says(how: str) -> None:
    with pytest.raises(NotBinary, match=r"."):
        read_binary_reply(BROKEN[how])


@given(st.binary(max_size=60), st.one_of(st.none(), st.integers(-1, 70).map(str), st.text(max_size=5)))
def test_no_answer_at_all_raises_anything_else(body: bytes, length: str | None) -> None:
    try:
        read_binary_reply(answered(body, length))
    except NotBinary:
        return


def test_a_great_many_small_outputs_take_no_quadratic_time() -> None:
    outputs = [output("y", "INT8", [1], size=1)] * 40_000
    exchange = reply(outputs, b"\0" * (8 << 20))
    found = []
    assert cost(lambda: found.append(read_binary_reply(exchange))) < 10.0
    assert len(found[0].left) == (8 << 20) - 40_000
