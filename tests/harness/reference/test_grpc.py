"""The gRPC side of a reference server as a child process: what is right, what is refused, when it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
import pytest
from tritonclient.grpc import service_pb2 as pb

from harness.reference.grpc.contents import FIELDS, decode_typed
from harness.reference.grpc.metadata import delimited
from harness.reference.grpc.points import SERVICE
from harness.reference.models.catalogue import BUILDERS, build
from harness.reference.protocol.raw import decode_raw
from harness.reference.protocol.tensors import Tensor
from tests.harness.reference.conftest import Child, Start
from tests.harness.reference.test_grpc_battery import bad, request, tensor

PATIENCE = 20.0
Call = Callable[..., Any]


def caller(channel: Any, metadata: tuple[tuple[str, str], ...] = ()) -> Call:
    """``call(method, message)`` gives the reply, or name and details of the status."""

    def call(name: str, message: Any = b"", path: str = "") -> Any:
        ask = channel.unary_unary(path or f"/{SERVICE}/{name}")
        data = message if isinstance(message, bytes) else message.SerializeToString()
        try:
            found = ask(data, timeout=PATIENCE, metadata=metadata)
        except grpc.RpcError as error:
            return error.code().name, error.details()
        return found if path else getattr(pb, f"{name}Response").FromString(found)

    return call


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    """A server with every model, for the tests that leave it as it was."""
    command = [sys.executable, "-m", "harness.reference", "--exit-with-stdin"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        yield Child(process, line["url"], line)
        process.kill()


@pytest.fixture(scope="module")
def call(child: Child) -> Iterator[Call]:
    """Calls to that server."""
    options = [("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(str(child.line["grpc"]), options=options) as channel:
        yield caller(channel)


def decoded(reply: Any) -> list[Tensor]:
    """The outputs of a reply, in whichever form they are."""
    raw = reply.raw_output_contents
    assert not raw or len(raw) == len(reply.outputs)
    return [
        decode_raw(each.name, each.datatype, list(each.shape), raw[index])
        if raw
        else decode_typed(each.name, each.datatype, list(each.shape), each.contents)
        for index, each in enumerate(reply.outputs)
    ]


def same(left: Tensor, right: Tensor) -> bool:
    """Bit for bit, NaN and all."""
    if (left.name, left.datatype, left.shape) != (right.name, right.datatype, right.shape):
        return False
    if left.datatype == "BYTES":
        return list(left.values) == list(right.values)
    return left.values.tobytes() == right.values.tobytes()


def test_health_and_metadata_say_what_rest_says(child: Child, call: Call) -> None:
    assert call("ServerLive").live
    assert call("ServerReady").ready
    server = httpx.get(f"{child.url}/v2", trust_env=False).json()
    said = call("ServerMetadata")
    assert (said.name, said.version, list(said.extensions)) == (server["name"], server["version"], server["extensions"])
    for name in ("pair", "optional", "echo-cube"):
        rest = httpx.get(f"{child.url}/v2/models/{name}", trust_env=False).json()
        for version in ("", "1"):
            assert call("ModelReady", pb.ModelReadyRequest(name=name, version=version)).ready
        found = call("ModelMetadata", pb.ModelMetadataRequest(name=name))
        assert (found.name, list(found.versions), found.platform) == (name, rest["versions"], rest["platform"])
        for side in ("inputs", "outputs"):
            described = [(each.name, each.datatype, list(each.shape)) for each in getattr(found, side)]
            assert described == [(each["name"], each["datatype"], each["shape"]) for each in rest[side]]


def test_properties_are_on_the_wire_as_field_6(call: Call) -> None:
    found = call("ModelMetadata", pb.ModelMetadataRequest(name="optional")).SerializeToString()
    entry = delimited(1, b"art15.optional_inputs") + delimited(2, b"b")
    assert delimited(6, entry) in found


@pytest.mark.parametrize("name", list(BUILDERS))
def test_both_forms_give_the_same_and_the_reply_is_in_the_form_of_the_request(call: Call, name: str) -> None:
    version = build([name])[name].newest
    # Text models read UTF-8, and a model trained on numbers is not asked about NaN.
    finite = not name.startswith("echo-")
    for rows in (1, 3, 8):
        tensors = [tensor(spec, rows, finite=finite) for spec in version.inputs]
        typed, raw = (call("ModelInfer", request(name, tensors, raw=form, id="7")) for form in (False, True))
        for reply in (typed, raw):
            assert (reply.model_name, reply.model_version, reply.id) == (name, "2", "7")
        assert raw.raw_output_contents
        half = any(each.datatype == "FP16" for each in version.outputs)
        assert bool(typed.raw_output_contents) == half
        assert all(same(left, right) for left, right in zip(decoded(typed), decoded(raw), strict=True))


@pytest.mark.parametrize("name", [name for name in BUILDERS if name.startswith("echo-") and name[5] not in "gc"])
def test_every_value_survives_an_echo(call: Call, name: str) -> None:
    (spec,) = build([name])[name].newest.inputs
    sent = tensor(spec, 8)
    for raw in (False, True):
        (found,) = decoded(call("ModelInfer", request(name, [sent], raw=raw)))
        assert same(found, Tensor("y", sent.datatype, sent.shape, sent.values)), raw


def test_small_things_about_requests(call: Call) -> None:
    tensors = [tensor(spec, 2, finite=True) for spec in build(["pair"])["pair"].newest.inputs]
    plain = call("ModelInfer", request("pair", tensors))
    assert (plain.id, [each.name for each in plain.outputs]) == ("", ["oa", "ob"])
    turned = request("pair", tensors[::-1], raw=True)
    assert [same(*each) for each in zip(decoded(call("ModelInfer", turned)), decoded(plain), strict=True)] == [True] * 2
    asked = request("pair", tensors)
    asked.outputs.add(name="ob")
    assert [each.name for each in call("ModelInfer", asked).outputs] == ["ob"]
    extended = request("pair", tensors)
    extended.MergeFromString(b"\xa0\x1f\x01")
    for holder in (extended, extended.inputs[0], asked.outputs[0]):
        for kind, value in (("bool", False), ("int64", 0), ("string", ""), ("double", 0.0), ("uint64", 0)):
            setattr(holder.parameters[kind], f"{kind}_param", value)
    for message in (extended, asked):
        assert call("ModelInfer", message).model_name == "pair"


def test_empty_tensors_in_both_forms(call: Call) -> None:
    for name in ("echo-fp32", "echo-bytes", "echo-bool"):
        (spec,) = build([name])[name].newest.inputs
        for raw in (False, True):
            reply = call("ModelInfer", request(name, [tensor(spec, 0)], raw=raw))
            assert list(reply.outputs[0].shape) == [0]
            assert list(reply.raw_output_contents) == ([b""] if raw else [])


def test_mistakes_are_refused_with_words_and_the_channel_serves_on(call: Call) -> None:
    for name in ("pair", "echo-bool", "echo-int8", "echo-uint16", "echo-fp16", "echo-bytes", "matrix"):
        tensors = [tensor(spec, 3, finite=True) for spec in build([name])[name].newest.inputs]
        for raw in (False, True):
            for what, message in bad(name, tensors, raw=raw):
                found = call("ModelInfer", message)
                assert isinstance(found, tuple), (name, raw, what)
                assert found[0] == "INVALID_ARGUMENT", (name, raw, what)
                assert found[1], (name, raw, what)
            assert call("ModelInfer", request(name, tensors, raw=raw)).model_name == name


def test_codes_of_the_other_causes(call: Call) -> None:
    tensors = [tensor(spec, 1) for spec in build(["pair"])["pair"].newest.inputs]
    for message in (request("none", tensors), request("pair", tensors, model_version="9")):
        assert call("ModelInfer", message)[0] == "NOT_FOUND"
    for name in ("ModelReady", "ModelMetadata"):
        for model, version in (("none", ""), ("pair", "9")):
            assert call(name, getattr(pb, f"{name}Request")(name=model, version=version))[0] == "NOT_FOUND"
    assert call("ModelInfer", b"\xff\xff\xff")[0] == "INVALID_ARGUMENT"
    assert call("ModelInfer", b"\0" * (9 << 20))[0] == "RESOURCE_EXHAUSTED"
    for path in ("/grpc.health.v1.Health/Check", f"/{SERVICE}/ModelConfig"):
        assert call("", b"", path)[0] == "UNIMPLEMENTED"
    assert call("ModelInfer", request("pair", tensors)).id == ""


def test_a_large_message_is_answered_in_full(call: Call) -> None:
    values = np.arange(1_000_000, dtype=np.int32)
    sent = Tensor("x", "INT32", (len(values),), values)
    (found,) = decoded(call("ModelInfer", request("echo-int32", [sent], raw=True)))
    assert (found.values == values).all()


def test_every_datatype_has_a_field_but_half_precision() -> None:
    names = {field.name for field in pb.InferTensorContents.DESCRIPTOR.fields}
    assert set(FIELDS.values()) == names
    assert "FP16" not in FIELDS


def test_the_repository_loads_and_unloads(start: Start) -> None:
    with grpc.insecure_channel(str(start("--models", "pair").line["grpc"])) as channel:
        call = caller(channel)
        named = pb.RepositoryModelUnloadRequest(model_name="pair")
        tensors = [tensor(spec, 1) for spec in build(["pair"])["pair"].newest.inputs]
        assert {each.state for each in call("RepositoryIndex").models} == {"READY"}
        assert call("RepositoryModelUnload", named) == pb.RepositoryModelUnloadResponse()
        assert {each.state for each in call("RepositoryIndex").models} == {"UNAVAILABLE"}
        assert not call("RepositoryIndex", pb.RepositoryIndexRequest(ready=True)).models
        assert not call("ModelReady", pb.ModelReadyRequest(name="pair")).ready
        assert not call("ServerReady").ready
        assert call("ModelInfer", request("pair", tensors))[0] == "UNAVAILABLE"
        assert call("RepositoryModelLoad", pb.RepositoryModelLoadRequest(model_name="none"))[0] == "NOT_FOUND"
        call("RepositoryModelLoad", pb.RepositoryModelLoadRequest(model_name="pair"))
        assert call("ModelInfer", request("pair", tensors)).model_name == "pair"


def test_token_is_asked_for_but_not_for_health(start: Start) -> None:
    child = start("--models", "pair", "--variant", "auth-required", "--token", "t-1")
    with grpc.insecure_channel(str(child.line["grpc"])) as channel:
        call = caller(channel)
        assert call("ServerLive").live
        assert call("ServerReady").ready
        assert call("ServerMetadata")[0] == "UNAUTHENTICATED"
        assert call("ModelInfer", b"\xff")[0] == "UNAUTHENTICATED"
        assert caller(channel, (("authorization", "Bearer t-1"),))("ServerMetadata").name


def test_variants_of_rest_hold_over_grpc(start: Start) -> None:
    child = start("--models", "pair", *["--variant", "versions-required", "--variant", "no-listing"])
    with grpc.insecure_channel(str(child.line["grpc"])) as channel:
        call = caller(channel)
        assert call("ModelReady", pb.ModelReadyRequest(name="pair")).ready
        assert call("RepositoryIndex")[0] == "UNIMPLEMENTED"
        assert "model_repository" not in call("ServerMetadata").extensions


def test_no_grpc_has_no_address_and_imports_nothing_of_it(start: Start) -> None:
    assert start("--models", "pair", "--no-grpc").line["grpc"] is None
    code = (
        "import sys; from harness.reference.command import main; sys.argv = ['x', '--list']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "import harness.reference.launch\n"
        "assert not {'grpc', 'tritonclient', 'google.protobuf'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=True, timeout=PATIENCE)


@pytest.mark.parametrize("end", ["stdin", "terminate", "interrupt"])
def test_grpc_only_ends_when_it_should(start: Start, end: str) -> None:
    child = start("--models", "pair", "--variant", "grpc-only")
    assert child.url == f"grpc://{child.line['grpc']}"
    with grpc.insecure_channel(str(child.line["grpc"])) as channel:
        assert caller(channel)("ServerLive").live
        assert child.process.stdin is not None
        if end == "stdin":
            child.process.stdin.close()
        else:
            child.process.send_signal(signal.SIGTERM if end == "terminate" else signal.SIGINT)
        assert child.process.wait(PATIENCE) == 0
    assert child.process.stderr is not None
    assert child.process.stderr.read() == ""


def test_ends_although_a_call_is_open(start: Start) -> None:
    child = start("--models", "pair", "--fault", "grpc-server-metadata-slow")
    with grpc.insecure_channel(str(child.line["grpc"])) as channel:
        waiting = channel.unary_unary(f"/{SERVICE}/ServerMetadata").future(b"", timeout=PATIENCE)
        assert caller(channel)("ServerLive").live
        child.process.terminate()
        child.process.wait(PATIENCE / 2)
        assert waiting.exception() is not None


def test_tls(start: Start, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout {key} -out {certificate} -subj /CN=localhost"
    subprocess.run([*command.split(), "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    child = start("--models", "pair", "--tls-cert", str(certificate), "--tls-key", str(key))
    credentials = grpc.ssl_channel_credentials(certificate.read_bytes())
    port = str(child.line["grpc"]).rpartition(":")[2]
    with grpc.secure_channel(f"localhost:{port}", credentials) as channel:
        assert caller(channel)("ServerLive").live


@pytest.mark.parametrize("wrong", [("--tls-cert", __file__), ("--no-grpc", "--variant", "grpc-only")])
def test_options_that_contradict_each_other(wrong: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "harness.reference", *wrong]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout) == (2, "")
