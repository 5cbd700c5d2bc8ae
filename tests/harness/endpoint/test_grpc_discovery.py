"""What is found out over gRPC, from the reference server and from servers that say little or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.budget import Limits
from harness.declared.running import EndpointTable
from harness.endpoint.discovery import discover
from harness.endpoint.errors import EndpointError
from harness.endpoint.grpc_discovery import grpc_listing, grpc_route, grpc_server, reach_grpc
from harness.endpoint.listed import Listed
from harness.policy import Policy
from harness.record.exchange import Exchange
from harness.run.embedded import EmbeddedServer
from harness.wire.rpc import GrpcClient
from tests.harness.wire.clients import client_for
from tests.harness.wire.hostile_grpc import HostileGrpc, grpc_client

from .scripted import Scripted, message

LIMITS = Limits(request_seconds=0.5, body_bytes=1 << 20)


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    """A clean reference server with both transports."""
    with EmbeddedServer() as embedded:
        yield embedded


@pytest.fixture
def client(server: EmbeddedServer, tmp_path: Path) -> Iterator[GrpcClient]:
    """A gRPC client of the reference server."""
    with grpc_client(f"http://{server.grpc}", tmp_path) as (found, _):
        yield found


def test_an_endpoint_over_grpc_alone(client: GrpcClient) -> None:
    endpoint = discover(None, client, Policy())
    assert endpoint.rest is None
    assert endpoint.server is not None
    assert endpoint.server.name
    assert endpoint.listed
    assert [model.name for model in endpoint.models] == list(endpoint.listed)
    for model in endpoint.models:
        assert model.grpc is not None
        assert model.metadata is not None
        assert model.metadata == model.grpc.metadata
        assert model.metadata.inputs


def test_both_transports_describe_the_same_models(server: EmbeddedServer, client: GrpcClient, tmp_path: Path) -> None:
    rest, _ = client_for(server.url, tmp_path)
    with rest:
        endpoint = discover(rest, client, Policy())
    assert endpoint.models
    for model in endpoint.models:
        assert model.grpc is not None
        assert model.metadata is not None
        assert model.grpc.metadata is not None
        assert model.grpc.metadata.inputs == model.metadata.inputs
        assert model.grpc.metadata.outputs == model.metadata.outputs
        assert model.grpc.metadata.properties == model.metadata.properties


def test_a_model_that_nobody_knows_is_a_typing_error(client: GrpcClient) -> None:
    with pytest.raises(EndpointError, match=r"no model 'irsi' at this endpoint \(it answered NOT_FOUND"):
        discover(None, client, Policy(), ["irsi"])
    assert [model.name for model in discover(None, client, Policy(), ["digits"]).models] == ["digits"]


def test_every_model_accepts_a_request_and_can_be_asked_again(client: GrpcClient) -> None:
    for model in discover(None, client, Policy()).models:
        assert model.grpc is not None
        accepted = model.grpc.accepted()
        assert accepted.exchange.ok
        assert model.grpc.accepted() is accepted


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [("http-1", "does not speak gRPC"), ("ssh", "does not speak gRPC"), ("garbage", "does not speak gRPC")],
)
def test_something_else_is_named(behaviour: str, words: str, tmp_path: Path) -> None:
    with (
        HostileGrpc(behaviour) as url,
        grpc_client(url, tmp_path) as (found, _),
        pytest.raises(EndpointError) as refusal,
    ):
        discover(None, found, Policy(), ["m"])
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_nobody_there(tmp_path: Path) -> None:
    with (
        grpc_client("http://127.0.0.1:1", tmp_path) as (found, _),
        pytest.raises(EndpointError, match=r"cannot reach 127.0.0.1:1 for gRPC"),
    ):
        reach_grpc(found)


def test_a_rest_endpoint_is_no_grpc_endpoint(server: EmbeddedServer, tmp_path: Path) -> None:
    with (
        grpc_client(server.url, tmp_path) as (found, _),
        pytest.raises(EndpointError, match="does not speak gRPC"),
    ):
        reach_grpc(found)


def test_plain_text_where_tls_was_asked_for(server: EmbeddedServer, tmp_path: Path) -> None:
    with (
        grpc_client(f"https://{server.grpc}", tmp_path) as (found, _),
        pytest.raises(EndpointError, match=r"TLS to .* failed: .*without TLS: write grpc://"),
    ):
        reach_grpc(found)


@pytest.mark.parametrize("behaviour", ["never-answers", "closes-after-request", "http-503", "status-missing", "rst-2"])
def test_an_endpoint_that_does_wrong_is_a_finding_instead(behaviour: str, tmp_path: Path) -> None:
    with HostileGrpc(behaviour) as url, grpc_client(url, tmp_path, limits=LIMITS) as (found, _):
        endpoint = discover(None, found, Policy(endpoint=EndpointTable(warm_up=0.5)), ["m"])
    assert [model.name for model in endpoint.models] == ["m"]
    assert endpoint.models[0].metadata is None
    assert endpoint.server is None


def test_bytes_that_are_no_messages(tmp_path: Path) -> None:
    with (
        Scripted(lambda *_: b"\xff\xff\xff") as url,
        grpc_client(url, tmp_path) as (found, _),
    ):
        exchange: Exchange = found.server_metadata()
        assert exchange.ok
        assert grpc_server(exchange) is None
        assert grpc_listing(found) is None
        assert grpc_route(found, "m", None).metadata is None


def test_the_listing_leaves_out_what_is_unavailable(tmp_path: Path) -> None:
    rows = [
        {"name": "a", "version": "1", "state": "READY"},
        {"name": "b", "version": "", "state": ""},
        {"name": "c", "version": "1", "state": "UNAVAILABLE"},
        {"name": "d", "version": "1", "state": "State.UNAVAILABLE"},
        {"name": "", "version": "1", "state": "READY"},
    ]
    index = message("RepositoryIndex", models=rows)
    with (
        Scripted(lambda method, _: index if method == "RepositoryIndex" else b"") as url,
        grpc_client(url, tmp_path) as (found, _),
    ):
        assert (grpc_listing(found) or [])[:2] == [Listed("a", "1", "READY"), Listed("b")]
        endpoint = discover(None, found, Policy())
    assert endpoint.listed == ("a", "b")
    assert endpoint.unloaded == ("c", "d")


def test_an_endpoint_that_lists_nothing_asks_for_a_name(tmp_path: Path) -> None:
    silent = Scripted(lambda method, _: b"" if method.startswith("Server") else 12)
    with silent as url, grpc_client(url, tmp_path) as (found, _), pytest.raises(EndpointError, match="--oip-model"):
        discover(None, found, Policy(endpoint=EndpointTable(warm_up=0.5)))


def test_where_nothing_is_implemented_it_is_said_what_to_try(tmp_path: Path) -> None:
    """So a gateway answers that routes calls by name, and was given another one."""
    silent = Scripted(lambda _, __: 12)
    with silent as url, grpc_client(url, tmp_path) as (found, _), pytest.raises(EndpointError, match="--oip-authority"):
        discover(None, found, Policy())
