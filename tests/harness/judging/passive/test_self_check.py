"""The tester notices when its own messages are not what they were meant to be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.generate.mutations import mutations
from harness.judging.passive import self_check as module
from harness.judging.passive.rules import LENGTH, grpc_problem, rest_problem
from harness.judging.passive.self_check import SelfChecker
from harness.record.intent import Intent, intended, meant
from harness.wire import protobuf
from harness.wire.binary import binary_request
from harness.wire.messages import InferRequest, ModelMetadata, TensorMetadata
from harness.wire.tensor import Tensor
from tests.harness.judging.passive.answers import INFER, grpc, rest

METADATA = ModelMetadata(
    "iris", ("1",), None, (TensorMetadata("x", "FP32", (-1, 2)),), (TensorMetadata("y", "FP32", (-1,)),), {}
)
MODELS: Any = {"rest": {"iris": METADATA}, "grpc": {"iris": METADATA}}
VALID = InferRequest((Tensor("x", "FP32", (2, 2), (1.0, 2.0, 3.0, 4.0)),))


def entry(**members: Any) -> dict[str, Any]:
    """An input of the valid request with other members; None takes one out."""
    base = {"name": "x", "datatype": "FP32", "shape": [2, 2], "data": [1, 2, 3, 4]}
    return {name: value for name, value in (base | members).items() if value is not None}


def body(*entries: dict[str, Any], **members: Any) -> bytes:
    return json.dumps({"inputs": list(entries), **members}).encode()


RIGHT = {
    "flat": body(entry()),
    "nested": body(entry(data=[[1, 2], [3, 4]])),
    "scalar": body(entry(shape=[], data=[1])),
    "nothing": body(entry(shape=[0, 2], data=[])),
    "with everything": body(entry(parameters={"a": 1}), id="1", parameters={"b": True}, outputs=[{"name": "y"}]),
    "texts": body(entry(datatype="BYTES", data=["a", "b", "c", "d"])),
    "booleans": body(entry(datatype="BOOL", data=[True, False, True, True])),
    "large integers": body(entry(datatype="UINT64", data=[2**64 - 1, 0, 1, 2])),
    "unknown members": body(entry(extra=1), extra=2),
    "shared memory": body(entry(data=None, parameters={"shared_memory_region": "r", "shared_memory_byte_size": 16})),
}
WRONG = {
    "no JSON": b"{",
    "no UTF-8": b'{"inputs": "\xff"}',
    "NaN": body(entry(data=[float("nan"), 2, 3, 4])),
    "a member twice": b'{"inputs": [], "inputs": []}',
    "no inputs": b"{}",
    "no datatype": body(entry(datatype=None)),
    "no data": body(entry(data=None)),
    "unknown datatype": body(entry(datatype="FLOAT")),
    "too few": body(entry(data=[1, 2, 3])),
    "ragged": body(entry(data=[[1, 2, 3], [4]])),
    "too deep": body(entry(data=[[[1, 2], [3, 4]]])),
    "negative": body(entry(shape=[-1, 2])),
    "boolean dimension": body(entry(shape=[True, 4])),
    "null": body(entry(data=[None, 2, 3, 4])),
    "a text for a number": body(entry(data=["1", 2, 3, 4])),
    "out of range": body(entry(datatype="INT8", data=[128, 0, 0, 0])),
    "a fraction for an integer": body(entry(datatype="INT32", data=[1.5, 0, 0, 0])),
    "twice": body(entry(), entry()),
    "an output without a name": body(entry(), outputs=[{}]),
    "id of another type": body(entry(), id=7),
    "binary without a length": body(entry(data=None, parameters={"binary_data_size": 16})),
    "data and binary": body(entry(parameters={"binary_data_size": 16})),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_by_the_protocol(name: str) -> None:
    assert rest_problem(RIGHT[name], {})[0] is None


@pytest.mark.parametrize("name", WRONG)
def test_wrong_by_the_protocol(name: str) -> None:
    assert rest_problem(WRONG[name], {})[0] is not None


def test_binary_sizes() -> None:
    made = binary_request(VALID)
    headers = {name.lower(): value for name, value in made.headers}
    assert rest_problem(made.body, headers)[0] is None
    assert rest_problem(made.body[:-1], headers)[0] is not None
    assert rest_problem(made.body + b"x", headers)[0] is not None
    assert rest_problem(made.body, {LENGTH: "x"})[0] is not None


@pytest.mark.parametrize("form", ["typed", "raw"])
def test_calls(form: protobuf.Form) -> None:
    message = protobuf.infer_message("iris", None, VALID, form)
    assert grpc_problem(message.SerializeToString())[0] is None
    message.inputs[0].shape[0] = 3
    assert "3" in str(grpc_problem(message.SerializeToString())[0])
    assert grpc_problem(b"\xff\xff\xff")[0] is not None


def judged(message: bytes, intent: Intent, *, models: Mapping[Any, Any] = MODELS, url: str = INFER) -> dict[str, Any]:
    """What is said of one message over REST."""
    check = SelfChecker()
    with meant(intent):
        check.note(rest(body=message, url=url), "a-check[iris]")
    return check.judge(models)


def test_all_mutations_are_invalid_and_their_base_is_valid() -> None:
    check = SelfChecker()
    with meant("valid"):
        check.note(rest(body=VALID.to_bytes()), "a")
    for mutation in mutations(VALID):
        with meant("neither" if mutation.permitted else "invalid"):
            check.note(rest(body=mutation.body), mutation.name)
    found = check.judge(MODELS)
    assert found["disagreements"] == []
    assert "Every message meant as valid (1 distinct ones) was valid" in found["text"]


@pytest.mark.parametrize("name", [*WRONG])
def test_a_generator_that_makes_wrong_messages_is_noticed(name: str) -> None:
    found = judged(WRONG[name], "valid")
    assert found["disagreements"][0]["check"] == "a-check[iris]"
    assert "defect of the tester" in found["text"]


def test_a_mutation_that_changes_nothing_is_noticed() -> None:
    found = judged(VALID.to_bytes(), "invalid")
    assert found["disagreements"][0]["text"] == "over rest: meant as invalid, but nothing is wrong with it"


def test_what_metadata_does_not_say_is_no_disagreement() -> None:
    bare = replace(METADATA, inputs=(), outputs=())
    assert judged(VALID.to_bytes(), "invalid", models={"rest": {"iris": bare}})["disagreements"] == []
    assert judged(VALID.to_bytes(), "invalid", models={"rest": {"iris": None}})["disagreements"] == []


@pytest.mark.parametrize(
    "message",
    [body(entry(name="z")), body(entry(datatype="INT32")), body(entry(shape=[4], data=[1, 2, 3, 4])), body(),
     body(entry(), outputs=[{"name": "z"}])],
)  # fmt: skip
def test_invalid_by_the_metadata(message: bytes) -> None:
    assert judged(message, "invalid")["disagreements"] == []


def test_invalid_by_its_address() -> None:
    for url in (INFER.replace("iris", "other"), INFER.replace("/infer", "/versions/9/infer")):
        assert judged(VALID.to_bytes(), "invalid", url=url)["disagreements"] == []


def test_metadata_that_is_wrong_makes_no_valid_message_invalid() -> None:
    other = replace(METADATA, inputs=(TensorMetadata("z", "INT8", (1,)),))
    assert judged(VALID.to_bytes(), "valid", models={"rest": {"iris": other}})["disagreements"] == []


def test_each_message_counts_once_and_beyond_a_number_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAMPLE", 5)
    check = SelfChecker()
    for number in range(40):
        with meant("valid"):
            check.note(rest(body=replace(VALID, id=str(number % 20)).to_bytes()), "a")
    check.note(rest(body=b"raw"), "a")
    check.note(grpc(), "a")
    rows = {(row["transport"], row["meant"]): row for row in check.judge(MODELS)["rows"]}
    assert {name: rows["rest", "valid"][name] for name in ("sent", "distinct", "looked_at")} == {
        "sent": 40, "distinct": 20, "looked_at": 5}  # fmt: skip
    assert (rows["rest", "neither"]["sent"], rows["grpc", "neither"]["sent"]) == (1, 1)


def test_who_said_it_first_has_the_last_word() -> None:
    assert intended() == "neither"
    with meant("invalid"), meant("valid"):
        assert intended() == "invalid"
    assert intended() == "neither"
