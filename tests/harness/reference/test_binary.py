"""Binary tensor data: the bytes are exactly those of the extension, and what contradicts itself is refused."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Sequence
from typing import Any

import httpx
import numpy as np
import pytest

from harness.reference.extensions.binary import HEADER, split_body
from harness.reference.hooks import Hooks
from harness.reference.http.app import build_app
from harness.reference.http.server import Server
from harness.reference.models.catalogue import build
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.raw import decode_raw, encode_raw
from harness.reference.variants import VARIANTS

# The layout by example: elements, bytes.
LAYOUT = [
    ("BOOL", [True, False, True], "010001"),
    ("UINT8", [255], "ff"),
    ("INT8", [-128], "80"),
    ("UINT16", [258], "0201"),
    ("INT16", [-2], "feff"),
    ("UINT32", [1], "01000000"),
    ("INT32", [-2], "feffffff"),
    ("UINT64", [2**64 - 1], "ff" * 8),
    ("INT64", [-2], "fe" + "ff" * 7),
    ("FP16", [1.5, -2.0], "003e00c0"),
    ("FP32", [1.0, -2.5], "0000803f000020c0"),
    ("FP64", [1.5], "000000000000f83f"),
    ("BYTES", [b"ab", b"", b"\xe2\x82\xac"], "0200000061620000000003000000e282ac"),
]


def post(
    model: str, body: bytes, length: object = None, variant: str | None = None, **headers: str
) -> tuple[int, dict[str, str], Any, bytes]:
    """Status, headers, JSON and bytes of one inference."""
    hooks = Hooks()
    if variant is not None:
        VARIANTS[variant].install(hooks)
    given = headers if length is None else {**headers, HEADER: str(length)}

    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(build_app(Server(build([model]), hooks)))
        async with httpx.AsyncClient(transport=transport, base_url="http://reference") as client:
            return await client.post(f"/v2/models/{model}/infer", content=body, headers=given)

    reply = asyncio.run(run())
    end = int(reply.headers.get(HEADER, len(reply.content)))
    return reply.status_code, dict(reply.headers), json.loads(reply.content[:end]), reply.content[end:]


def framed(document: Any, *parts: bytes) -> tuple[bytes, int]:
    head = json.dumps(document, ensure_ascii=False).encode()
    return head + b"".join(parts), len(head)


def given(name: str, datatype: str, shape: Sequence[int], size: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": list(shape), "parameters": {"binary_data_size": size}, **more}


ALL = {"parameters": {"binary_data_output": True}}
TWO = struct.pack("<2f", 1.0, -2.5)


@pytest.mark.parametrize(("datatype", "elements", "written"), LAYOUT)
def test_layout_both_ways(datatype: str, elements: list[Any], written: str) -> None:
    data = bytes.fromhex(written)
    tensor = decode_raw("x", datatype, [len(elements)], data)
    assert tensor.values.tolist() == elements
    assert encode_raw(tensor) == data
    document = {"inputs": [given("x", datatype, [len(elements)], len(data))], **ALL}
    status, headers, answer, part = post(f"echo-{datatype.lower()}", *framed(document, data))
    assert (status, part, headers["content-type"]) == (200, data, "application/octet-stream")
    output = answer["outputs"][0]
    assert output["parameters"] == {"binary_data_size": len(data)}
    assert (output["datatype"], output["shape"], "data" in output) == (datatype, [len(elements)], False)


@pytest.mark.parametrize(
    ("datatype", "shape", "data"),
    [
        ("INT32", [1], b"123"), ("INT32", [1], b"12345"), ("BOOL", [1], b"\2"), ("BYTES", [1], b"\5\0\0\0ab"),
        ("BYTES", [1], b"\5\0"), ("BYTES", [2], b"\0\0\0\0"), ("BYTES", [1], b"\0\0\0\0\0\0\0\0"),
        ("FP64", [2**62, 2**62], b""),
    ],
)  # fmt: skip
def test_bytes_that_are_no_tensor(datatype: str, shape: list[int], data: bytes) -> None:
    with pytest.raises(Refusal):
        decode_raw("x", datatype, shape, data)


def test_special_values_keep_their_bits() -> None:
    bits = np.array([0x80000000, 1, 0x7F800000, 0x7FC00001, 0xFFFFFFFF], dtype="<u4").tobytes()
    document = {"inputs": [given("x", "FP32", [5], len(bits))], **ALL}
    assert post("echo-fp32", *framed(document, bits))[3] == bits


def test_parts_follow_the_order_of_the_request_and_of_the_reply() -> None:
    numbers = struct.pack("<2i", -2, 5)
    document: dict[str, Any] = {
        "id": "é",
        "inputs": [given("b", "INT32", [2], 8), given("a", "FP32", [2], 8)],
        "outputs": [{"name": "ob"}, {"name": "oa"}],
        **ALL,
    }
    status, headers, answer, parts = post("pair", *framed(document, numbers, TWO))
    assert (status, answer["id"], answer["model_name"], parts) == (200, "é", "pair", numbers + TWO)
    assert int(headers[HEADER]) == len(json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode())
    document["inputs"] = [{"name": "a", "datatype": "FP32", "shape": [2], "data": [1, -2.5]}, document["inputs"][0]]
    assert post("pair", *framed(document, numbers))[3] == numbers + TWO


@pytest.mark.parametrize(
    ("general", "own", "binary"),
    [(None, None, False), (True, None, True), (True, False, False), (False, True, True), (None, True, True)],
)
def test_which_outputs_are_binary(general: bool | None, own: bool | None, binary: bool) -> None:
    document: dict[str, Any] = {"inputs": [given("x", "FP32", [2], 8)], "outputs": [{"name": "y"}]}
    if general is not None:
        document["parameters"] = {"binary_data_output": general}
    if own is not None:
        document["outputs"][0]["parameters"] = {"binary_data": own}
    _, headers, answer, part = post("echo-fp32", *framed(document, TWO))
    assert (part == TWO) is binary
    assert (HEADER in headers) is binary
    assert answer["outputs"][0].get("data") == (None if binary else [1.0, -2.5])


def test_a_plain_request_may_ask_for_bytes_and_an_empty_output_has_the_header() -> None:
    entry = {"name": "x", "datatype": "FP32", "shape": [0], "data": []}
    body = json.dumps({"inputs": [entry], **ALL}).encode()
    _, headers, answer, part = post("echo-fp32", body)
    assert (part, answer["outputs"][0]["parameters"]) == (b"", {"binary_data_size": 0})
    assert HEADER in headers
    _, headers, _, _ = post("echo-fp32", body, variant="binary-empty-plain")
    assert HEADER not in headers
    assert headers["content-type"] == "application/json"


RIGHT = given("x", "FP32", [2], 8)


@pytest.mark.parametrize(
    ("entry", "tail", "length"),
    [
        (RIGHT, TWO + b"1", 0), (RIGHT, TWO[:-1], 0), (RIGHT, b"", 0), ({**RIGHT, "data": [1, 2]}, TWO, 0),
        (given("x", "FP32", [2], 12), TWO + b"1234", 0), (given("x", "FP32", [2], 4), TWO[:4], 0),
        (given("x", "FP32", [2], "8"), TWO, 0), (given("x", "FP32", [2], 8.0), TWO, 0),
        (given("x", "FP32", [2], True), TWO, 0), (given("x", "FP32", [2], -8), TWO, 0),
        (given("x", "INT32", [2], 8), TWO, 0), (RIGHT, TWO, 1), (RIGHT, TWO, -1), (RIGHT, TWO, 10**6),
        (RIGHT, TWO, "x"), (RIGHT, TWO, "+5"), (RIGHT, TWO, "9" * 5000), (RIGHT, TWO, None),
    ],
)  # fmt: skip
def test_contradictions_are_refused(entry: dict[str, Any], tail: bytes, length: Any) -> None:
    body, end = framed({"inputs": [entry]}, tail)
    header = end + length if isinstance(length, int) and abs(length) < 2 else length
    status, _, answer, _ = post("echo-fp32", body, header)
    assert (status, type(answer["error"])) == (400, str)


@pytest.mark.parametrize(
    "wish",
    [{"parameters": {"binary_data_output": 1}}, {"outputs": [{"name": "y", "parameters": {"binary_data": "true"}}]}],
)
def test_a_wish_that_is_no_boolean_is_refused(wish: dict[str, Any]) -> None:
    assert post("echo-fp32", *framed({"inputs": [RIGHT], **wish}, TWO))[0] == 400


def test_two_different_lengths_are_no_length() -> None:
    with pytest.raises(Refusal):
        split_body(b"{}", "2, 2")


def test_encoded_bodies_stay_refused() -> None:
    body, length = framed({"inputs": [RIGHT]}, TWO)
    assert post("echo-fp32", body, length, **{"content-encoding": "gzip"})[0] == 415


@pytest.mark.parametrize(
    ("model", "body", "shape", "part"),
    [
        ("echo-fp32", TWO, [2], TWO), ("echo-bytes", b"a\xff\0", [1], b"\3\0\0\0a\xff\0"), ("echo-fp32", b"", [0], b""),
        ("echo-grid", TWO, [1, 2], TWO), ("fixed", bytes(16), [1, 4], bytes(32)),
    ],
)  # fmt: skip
def test_raw_mode(model: str, body: bytes, shape: list[int], part: bytes) -> None:
    status, headers, answer, parts = post(model, body, 0)
    assert (status, answer["outputs"][0]["shape"], parts) == (200, shape, part)
    assert HEADER in headers


@pytest.mark.parametrize(
    ("model", "body"), [("pair", TWO), ("echo-fp32", TWO[:-1]), ("echo-cube", TWO), ("digits", TWO)]
)
def test_raw_mode_refused(model: str, body: bytes) -> None:
    assert post(model, body, 0)[0] == 400


def test_fp16_and_values_that_json_cannot_express() -> None:
    infinite = struct.pack("<2e", float("inf"), float("nan"))
    document = {"inputs": [given("x", "FP16", [2], 4)]}
    assert post("echo-fp16", *framed({**document, **ALL}, infinite))[3] == infinite
    assert post("echo-fp16", *framed(document, infinite))[0] == 400


def test_without_the_extension_bytes_are_refused_and_wishes_ignored() -> None:
    assert post("echo-fp32", *framed({"inputs": [RIGHT]}, TWO), variant="no-binary")[0] == 400
    entry = {"name": "x", "datatype": "FP32", "shape": [1], "data": [1]}
    status, headers, answer, _ = post("echo-fp32", json.dumps({"inputs": [entry], **ALL}).encode(), variant="no-binary")
    assert (status, HEADER in headers, answer["outputs"][0]["data"]) == (200, False, [1.0])
