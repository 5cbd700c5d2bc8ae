"""Load cases: a request and its answer taken apart around the id, over each transport."""

from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import Any

import pytest

from harness.load.plan import cases
from harness.load.plan.load_plan import ExpectedAnswer, LoadCase
from harness.wire import protobuf
from harness.wire.access import Access
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor

MARK = "0123456789abcdef"
REQUEST = InferRequest(inputs=(Tensor("x", "FP32", (1,), (1.0,)),))


class Client:
    """Answers each body by ``answer``; None: it is refused."""

    access = Access("http://host/behind")

    def __init__(self, answer: Any) -> None:
        self.answer, self.bodies = answer, list[bytes]()

    def model_path(self, model: str, version: str | None, leaf: str) -> str:
        return f"/v2/models/{model}/{leaf}"

    def send(self, _method: str, _path: str, body: bytes, _headers: object = ()) -> Any:
        self.bodies.append(body)
        found = self.answer(body)
        return SimpleNamespace(ok=found is not None, response_body=found or b"")

    def call(self, method: str, body: bytes) -> Any:
        return self.send(method, "", body)


def sent(transport: str, answer: Any) -> tuple[cases.SentCase, Client]:
    client: Any = Client(answer)
    send: Any = {"rest": cases.send_rest, "binary": cases.send_binary, "grpc": cases.send_grpc}[transport]
    return send(client, "m", None, REQUEST, MARK), client


@pytest.mark.parametrize("transport", ["rest", "binary", "grpc"])
def test_a_case_is_what_was_sent_around_the_id(transport: str) -> None:
    found, client = sent(transport, lambda _: b"<" + MARK.encode() + b">")
    case = found.case()
    assert case.body(MARK.encode()) == client.bodies[-1]
    assert case.has_id
    assert case.answer == ExpectedAnswer(before=b"<", after=b">")
    assert case.path == (cases.GRPC_PATH if transport == "grpc" else "/behind/v2/models/m/infer")
    assert bool(case.content_type) is (transport != "grpc")
    other = b"f" * 16
    found.send(case.body(other))
    assert other in client.bodies[-1]


@pytest.mark.parametrize("answer", [b"no id", MARK.encode() * 2])
def test_an_answer_without_the_id_once_leaves_the_case_whole(answer: bytes) -> None:
    found, client = sent("rest", lambda _: answer)
    assert not found.case().has_id
    assert found.case().body(b"f" * 16) == client.bodies[0]


def test_typed_contents_are_sent_where_raw_ones_are_refused() -> None:
    def typed_only(body: bytes) -> bytes | None:
        asked = protobuf.message("ModelInfer", "Request")
        asked.ParseFromString(body)
        return None if asked.raw_input_contents else MARK.encode()

    found, client = sent("grpc", typed_only)
    assert len(client.bodies) == 2
    assert found.exchange.ok
    assert found.case().body(MARK.encode()) == client.bodies[1]


@pytest.mark.parametrize(("second", "varies"), [(1.0, False), (1.0000001, False), (2.0, True)])
def test_the_same_for_messages_of_grpc(second: float, varies: bool) -> None:
    def reply(value: float, mark: str) -> bytes:
        made = protobuf.message("ModelInfer", "Response")
        made.model_name, made.id = "m", mark
        output = made.outputs.add()
        output.name, output.datatype = "y", "FP32"
        output.shape.append(1)
        made.raw_output_contents.append(struct.pack("<f", value))
        return bytes(made.SerializeToString())

    first, other = reply(1.0, "0" * 16), "f" * 16
    before, _, after = first.partition(b"0" * 16)
    case = LoadCase(name="m", path="/", before=b"", answer=ExpectedAnswer(before=before, after=after))
    assert cases.marked_if_varying(case, other.encode(), first, reply(second, other)).varies is varies


def test_an_answer_without_the_id_is_compared_too() -> None:
    case = LoadCase(name="m", path="/", before=b"", has_id=False)
    body = b'{"outputs":[{"name":"y","datatype":"FP32","shape":[1],"data":[%d]}]}'
    assert not cases.marked_if_varying(case, b"f" * 16, body % 1, body % 1).varies
    assert cases.marked_if_varying(case, b"f" * 16, body % 1, body % 2).varies
