"""Which version answered is read from each inference on record, and from nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.judging.passive.versions import LARGEST_ANSWER, AskedWay, ToldVersions
from harness.record.exchange import Exchange, RpcStatus
from tests.harness.judging.passive.answers import INFER, SERVICE, grpc, rest

REST = AskedWay("rest", "http://127.0.0.1:8080", "iris", None)
GRPC = AskedWay("grpc", SERVICE.removesuffix("/inference.GRPCInferenceService"), "iris", None)


def told(named: Any, *, url: str = INFER, **more: Any) -> Exchange:
    return rest(200, {"model_name": "iris", "model_version": named, "outputs": []}, url=url, **more)


def seen(*exchanges: Exchange, way: AskedWay = REST) -> dict[str, int]:
    versions = ToldVersions()
    for exchange in exchanges:
        versions.look(exchange, "some-check")
    return {name: each.count for name, each in versions.of(way).items()}


def test_versions_are_counted_by_what_was_asked_for() -> None:
    asked = told("2", url=INFER.replace("/infer", "/versions/1/infer"))
    assert seen(told("2"), told("1"), told("2"), asked) == {"2": 2, "1": 1}
    assert seen(told("2"), asked, way=REST._replace(asked="1")) == {"2": 1}


@pytest.mark.parametrize(
    "exchange",
    [
        told(None),
        told(7),
        told(""),
        rest(200, {"outputs": [{"name": "y", "parameters": {"model_version": "9"}}]}),
        rest(200, b'{"outputs": "no end, "model_version": "9"'),
        rest(400, {"error": "no", "model_version": "9"}),
        told("9", url=INFER.replace("iris", "other")),
        told("9", url=INFER.replace("8080", "8081")),
        told("9", url=INFER + "?x=1"),
        told("9", version="HTTP/1.0"),
        told("9", body=b'{"parameters": {"sequence_id": 7}}'),
        rest(200, {"model_version": "9", "more": "n" * LARGEST_ANSWER}),
    ],
)
def test_what_names_no_version_of_an_inference_is_left_out(exchange: Exchange) -> None:
    assert seen(exchange) == {}


def test_a_version_that_is_known_is_read_by_its_place_and_a_new_one_in_full() -> None:
    nested = rest(200, {"model_version": "2", "outputs": [{"parameters": {"model_version": "9"}}]})
    assert seen(told("2"), nested, nested) == {"2": 3}
    text = rest(200, {"model_version": "2", "outputs": [{"data": ['"model_version": "9"']}]})
    assert seen(text) == {"2": 1}


def call(version: str, *, asked: str = "", method: str = "ModelInfer") -> Exchange:
    def field(tag: int, text: str) -> bytes:
        return bytes([tag, len(text)]) + text.encode() if text else b""

    body = field(0x0A, "iris") + field(0x12, asked) + field(0x1A, "id")
    made = replace(grpc("OK", method=method, body=body), rpc=RpcStatus(0, "OK", ""))
    return replace(made, response_body=field(0x0A, "iris") + field(0x12, version))


def test_versions_over_grpc_stand_first_in_a_message() -> None:
    assert seen(call("2"), call("1"), call(""), call("2"), call("1", asked="1"), way=GRPC) == {"2": 2, "1": 1}
    assert seen(call("1", asked="2"), way=GRPC._replace(asked="2")) == {"1": 1}
    assert seen(replace(call("2"), request_body=b"\x0a\xff"), call("2", method="ModelMetadata"), way=GRPC) == {}


def test_what_loading_a_model_changes_is_not_looked_at() -> None:
    load = rest(200, {}, url="http://127.0.0.1:8080/v2/repository/models/iris/load")
    assert seen(told("1"), load, told("2")) == {"1": 1}
    assert seen(told("1"), rest(400, {}, url=load.url), told("2")) == {"1": 1, "2": 1}


def test_turns_are_counted_and_what_is_kept_is_bounded() -> None:
    versions = ToldVersions()
    for name in ("1", "1", "2", "1", "2"):
        versions.look(told(name), None)
    assert versions.turns(REST) == 3
    for number in range(100):
        versions.look(told(f"v{number}"), None)
        versions.look(told("1", body=b"n" * 100_000), None)
    assert len(versions.of(REST)) == 20
    assert versions.of(REST._replace(model="none")) == {}
