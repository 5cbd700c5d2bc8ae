"""A model over gRPC: the request it accepts, batches, echoes, and what is said where there are none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.check import NotApplicable, Untestable
from harness.endpoint.grpc_discovery import grpc_route
from harness.endpoint.grpc_route import GrpcRoute, forms_of, grpc_outputs
from harness.wire import protobuf
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor
from tests.harness.wire.hostile_grpc import grpc_client

from .scripted import Answers, Scripted, message


def request_of(data: bytes) -> Any:
    """The ModelInferRequest in these bytes."""
    made = protobuf.message("ModelInfer", "Request")
    made.ParseFromString(data)
    return made


def echo(request: Any) -> bytes:
    """An answer that gives back the inputs, in the form they came in."""
    reply = protobuf.message("ModelInfer", "Response")
    for entry in request.inputs:
        output = reply.outputs.add(name=f"out-{entry.name}", datatype=entry.datatype, shape=entry.shape)
        output.contents.CopyFrom(entry.contents)
    reply.raw_output_contents.extend(request.raw_input_contents)
    return bytes(reply.SerializeToString())


@contextmanager
def model(
    root: Path,
    infer: Any,
    shape: tuple[int, ...] = (-1, 2),
    datatype: str = "FP32",
    samples: tuple[InferRequest, ...] = (),
) -> Iterator[tuple[GrpcRoute, Scripted]]:
    """A model with one input ``x``, whose inferences are answered by ``infer``."""
    inputs = [{"name": "x", "datatype": datatype, "shape": shape}] if shape else []

    def answers(method: str, data: bytes) -> bytes | int:
        if method == "ModelMetadata":
            return message("ModelMetadata", name="m", inputs=inputs)
        found = infer(request_of(data))
        return found if isinstance(found, int) else bytes(found)

    scripted: Answers = answers
    server = Scripted(scripted)
    with server as url, grpc_client(url, root) as (client, _):
        found = grpc_route(client, "m", None)
        found.samples = samples
        yield found, server


def test_typed_contents_come_first_and_the_search_is_made_once(tmp_path: Path) -> None:
    with model(tmp_path, echo) as (found, server):
        accepted = found.accepted()
        assert found.accepted() is accepted
    assert accepted.form == "typed"
    assert [name for name, _ in server.calls] == ["ModelMetadata", "ModelInfer"]
    assert set(grpc_outputs(accepted.exchange)) == {"out-x"}


def test_a_model_that_wants_raw_contents(tmp_path: Path) -> None:
    with model(tmp_path, lambda request: echo(request) if request.raw_input_contents else 3) as (found, _):
        assert found.accepted().form == "raw"
        assert [each.rpc and each.rpc.name for each in found.refusals] == ["INVALID_ARGUMENT"]


def test_half_floats_are_sent_raw_alone(tmp_path: Path) -> None:
    with model(tmp_path, echo, datatype="FP16") as (found, _):
        assert found.accepted().form == "raw"
        assert found.refusals == ()


def test_a_model_that_refuses_everything_is_quoted(tmp_path: Path) -> None:
    with model(tmp_path, lambda _: 9) as (found, server):
        with pytest.raises(Untestable, match="FAILED_PRECONDITION 'these are my words'"):
            found.accepted()
        asked = len(server.calls)
        with pytest.raises(Untestable):
            found.accepted()
        assert len(server.calls) == asked, "it is not asked again"


def test_a_model_without_inputs(tmp_path: Path) -> None:
    with model(tmp_path, echo, shape=()) as (found, _), pytest.raises(Untestable, match="describes no inputs"):
        found.accepted()


def test_samples_come_first_and_bad_ones_are_passed_over(tmp_path: Path) -> None:
    samples = (
        InferRequest((Tensor("x", "INT8", (1,), (300,)),), "too large"),
        InferRequest((Tensor("x", "FP32", (1,), (1.0,)),), "bad parameter", parameters={"p": None}),
        InferRequest((Tensor("x", "FP32", (1, 2), (1.0, 2.0)),), "good"),
    )
    with model(tmp_path, echo, samples=samples) as (found, _):
        accepted = found.accepted()
    assert accepted.request.id in ("too large", "good"), "300 fits the typed field of INT8, which is wider"
    assert accepted.exchange.ok


def test_batches(tmp_path: Path) -> None:
    with model(tmp_path, lambda request: echo(request) if request.inputs[0].shape[0] < 5 else 3) as (found, server):
        assert found.batch(3).request.inputs[0].shape == (3, 2)
        with pytest.raises(NotApplicable, match="no batch of 8"):
            found.batch(8)
        asked = len(server.calls)
        found.batch(3)
        assert len(server.calls) == asked
    with model(tmp_path, echo, shape=(2, 2)) as (found, _), pytest.raises(NotApplicable, match="no batch to speak of"):
        found.batch(3)


def test_echoes_are_seen_not_assumed(tmp_path: Path) -> None:
    with model(tmp_path / "a", echo) as (found, _):
        assert found.echoes() == {"x": "out-x"}
        assert found.steady()
    constant = echo(protobuf.infer_message("m", None, InferRequest((Tensor("x", "FP32", (1,), (5.5,)),)), "typed"))
    with model(tmp_path / "b", lambda _: constant) as (found, _):
        assert found.echoes() == {}
        assert found.steady()


def test_a_model_that_changes_its_mind_is_not_steady(tmp_path: Path) -> None:
    count = iter(range(1000))

    def infer(_: Any) -> bytes:
        tensor = Tensor("x", "INT32", (1,), (next(count),))
        return echo(protobuf.infer_message("m", None, InferRequest((tensor,)), "typed"))

    with model(tmp_path, infer) as (found, _):
        assert not found.steady()


@pytest.mark.parametrize(
    ("answers", "steady"),
    [
        ("aaa", True), ("abaaaaa", True),  # spoilt by the request before: five in a row say so
        ("ababaaa", False), ("abaaaab", False), ("aab", False), ("abb", False), ("abc", False),
    ],
)  # fmt: skip
def test_the_first_answer_after_another_request_alone_decides_nothing(
    tmp_path: Path, answers: str, steady: bool
) -> None:
    # The second call of the server is another one.
    given = iter(f"{answers[0]}-{answers[1:]}")

    def infer(_: Any) -> bytes:
        tensor = Tensor("x", "INT32", (1,), (ord(next(given)),))
        return echo(protobuf.infer_message("m", None, InferRequest((tensor,)), "typed"))

    with model(tmp_path, infer) as (found, _):
        found.accepted()
        found.client.server_live()
        assert found.steady() is steady
        assert found.steady() is steady, "asked once"


def test_a_model_that_varies_with_nothing_between_is_not_steady(tmp_path: Path) -> None:
    given = iter("abaaaaaaa")

    def infer(_: Any) -> bytes:
        tensor = Tensor("x", "INT32", (1,), (ord(next(given)),))
        return echo(protobuf.infer_message("m", None, InferRequest((tensor,)), "typed"))

    with model(tmp_path, infer) as (found, _):
        found.accepted()
        assert not found.steady()


def test_a_message_can_be_edited_before_it_is_sent(tmp_path: Path) -> None:
    with model(tmp_path, echo) as (found, server):
        found.infer(found.accepted().request, edit=lambda made: setattr(made, "id", "edited"))
    assert request_of(server.calls[-1][1]).id == "edited"


@pytest.mark.parametrize(("datatype", "forms"), [("FP32", ["typed", "raw"]), ("BF16", ["raw"]), ("WHAT", ["raw"])])
def test_forms(datatype: str, forms: list[str]) -> None:
    assert list(forms_of(InferRequest((Tensor("x", datatype, (1,), (1,)),)))) == forms


def test_outputs_that_cannot_be_read_are_none(tmp_path: Path) -> None:
    two = protobuf.message("ModelInfer", "Response")
    two.outputs.add(name="y", datatype="INT8", shape=[1])
    two.raw_output_contents.extend([b"\x01", b"\x02"])
    for answer in (two.SerializeToString(), b"\xff\xff", 5):
        with model(tmp_path, lambda _, answer=answer: answer) as (found, _):
            request = InferRequest((Tensor("x", "FP32", (1,), (1.0,)),))
            assert grpc_outputs(found.infer(request)) == {}
