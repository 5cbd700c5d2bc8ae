"""Endpoints that say little, are slow to start, or stand at another address than the one that was given."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from harness.declared.judged import SampleTable
from harness.declared.running import EndpointTable
from harness.endpoint.discovery import discover
from harness.endpoint.errors import EndpointError
from harness.endpoint.warming import warm_up
from harness.policy import Policy
from harness.run.embedded import EmbeddedServer
from harness.wire.rest import RestClient
from tests.harness.wire.clients import client_for
from tests.harness.wire.hostile_grpc import grpc_client

Answer = tuple[int, object]
Handler = Callable[[str, str, bytes], Answer]
SHORT = EndpointTable(warm_up=5.0)
BODY = {"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]}
OUTPUTS = {"model_name": "iris", "outputs": [{"name": "y", "shape": [1], "datatype": "FP32", "data": [1]}]}


@contextmanager
def serving(handle: Handler) -> Iterator[str]:
    """An HTTP server that answers ``(status, document)`` of ``handle(method, path, body)``; gives its URL."""

    class Handling(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, document = handle(self.command, self.path, body)
            text = document if isinstance(document, str) else json.dumps(document)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(text.encode())

        do_GET = do_POST = _answer  # noqa: N815 -- the names are the library's

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the names are the library's
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handling) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@contextmanager
def asking(url: str, tmp_path: Path) -> Iterator[RestClient]:
    """A recording client of a URL."""
    client, _ = client_for(url, tmp_path)
    with client:
        yield client


def with_samples(tmp_path: Path, **tables: SampleTable) -> Policy:
    """A policy with a sample for model iris, and whatever else is given."""
    (tmp_path / "iris.jsonl").write_text(json.dumps(BODY))
    samples = {"iris": SampleTable(requests=str(tmp_path / "iris.jsonl")), **tables}
    return Policy(samples=samples, endpoint=SHORT)


def infer_alone(method: str, path: str, body: bytes) -> Answer:
    """Inference of model iris and nothing else."""
    if method != "POST" or path != "/v2/models/iris/infer":
        return (501 if "/versions/" in path else 404), {"error": "no such thing"}
    return (200, OUTPUTS) if b"inputs" in body else (400, {"error": "no inputs"})


@pytest.mark.parametrize("named", [["iris"], []])
def test_inference_alone_is_enough_with_a_sample(tmp_path: Path, named: list[str]) -> None:
    with serving(infer_alone) as url, asking(url, tmp_path / "a") as client:
        endpoint = discover(client, None, with_samples(tmp_path), named)
        assert [model.name for model in endpoint.models] == ["iris"]
        assert endpoint.models[0].rest.accepted().exchange.ok
    assert any("no metadata" in text for text in endpoint.remarks)


def test_inference_alone_is_enough_without_a_sample(tmp_path: Path) -> None:
    with serving(infer_alone) as url, asking(url, tmp_path / "a") as client:
        assert discover(client, None, Policy(endpoint=SHORT), ["iris"]).models
        with pytest.raises(EndpointError, match="nothing of the protocol"):
            discover(client, None, Policy(endpoint=SHORT), ["irsi"])


def test_a_version_that_is_not_implemented_is_not_believed(tmp_path: Path) -> None:
    refused = pytest.raises(EndpointError, match="501")
    with serving(infer_alone) as url, asking(url, tmp_path / "a") as client, refused:
        discover(client, None, with_samples(tmp_path), ["iris:1.0"])


def test_a_version_that_a_listed_model_has_not(server: EmbeddedServer, tmp_path: Path) -> None:
    with asking(server.url, tmp_path / "a") as client, pytest.raises(EndpointError, match="no version '77'"):
        discover(client, None, Policy(), ["pair:77"])


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    """A clean reference server with both transports."""
    with EmbeddedServer() as embedded:
        yield embedded


def test_a_table_for_a_model_that_is_not_there(server: EmbeddedServer, tmp_path: Path) -> None:
    policy = with_samples(tmp_path, pari=SampleTable(requests="x"))
    with asking(server.url, tmp_path / "a") as client:
        with pytest.raises(EndpointError, match="table for model 'iris'"):
            discover(client, None, policy, ["pair"])
        with pytest.raises(EndpointError, match=r"'pari'.*did you mean 'pair'"):
            discover(client, None, Policy(samples={"pari": SampleTable(requests="x")}), ["pair"])


def prefixed(method: str, path: str, body: bytes) -> Answer:
    """A right server below /serving, and metrics at the root."""
    if path == "/metrics":
        return 200, "# HELP up Whether it is up.\nup 1\n"
    if path == "/serving/v2":
        return 200, {"name": "s", "version": "1", "extensions": []}
    return (200, "") if path == "/serving/v2/health/live" else (404, "not here")


@pytest.mark.parametrize("wrong", ["/serving/v2", "/serving/v2/models/iris", "/serving/too/much"])
def test_an_address_with_too_much_path(tmp_path: Path, wrong: str) -> None:
    with serving(prefixed) as url, asking(url + wrong, tmp_path) as client:
        with pytest.raises(EndpointError, match=f"write --endpoint {url}/serving$"):
            discover(client, None, Policy(endpoint=SHORT), ["iris"])
        with pytest.raises(EndpointError, match=f"write --endpoint {url}/serving$"):
            discover(client, None, Policy(endpoint=SHORT))


def test_a_port_for_metrics(tmp_path: Path) -> None:
    refused = pytest.raises(EndpointError, match="port for metrics")
    with serving(prefixed) as url, asking(url, tmp_path) as client, refused:
        discover(client, None, Policy(endpoint=SHORT), ["iris"])


def test_ports_of_the_other_transport(server: EmbeddedServer, tmp_path: Path) -> None:
    wrong_rest, wrong_grpc = f"http://{server.grpc}", server.url
    with (
        asking(wrong_rest, tmp_path / "a") as rest,
        grpc_client(wrong_grpc, tmp_path / "b") as (grpc, _),
        pytest.raises(EndpointError) as refusal,
    ):
        discover(rest, grpc, Policy(endpoint=SHORT))
    text = str(refusal.value)
    assert f"--oip-grpc {server.grpc}" in text
    assert f"--endpoint {server.url}" in text, "both addresses are named"


def test_tls_to_a_plain_port(server: EmbeddedServer, tmp_path: Path) -> None:
    refused = pytest.raises(EndpointError, match=f"speaks plain HTTP: write {server.url}")
    with asking(server.url.replace("http://", "https://"), tmp_path) as client, refused:
        discover(client, None, Policy(endpoint=SHORT))


def starting(times: int) -> Handler:
    """A server that says so many times that it is not ready, and knows nothing of its model until then."""
    left = [times]

    def handle(method: str, path: str, body: bytes) -> Answer:
        if path == "/v2/health/live":
            return 200, ""
        if left[0]:
            left[0] -= path == "/v2/health/ready"
            return 503, {"error": "loading"}
        if path == "/v2/models/iris":
            tensor = {"name": "x", "datatype": "FP32", "shape": [-1, 2]}
            return 200, {"name": "iris", "platform": "p", "inputs": [tensor], "outputs": [{**tensor, "name": "y"}]}
        if path == "/v2/repository/index":
            return 200, [{"name": "iris", "state": "READY"}]
        return (200, OUTPUTS) if path.endswith("/infer") else (200, {"name": "s", "version": "1", "extensions": []})

    return handle


@pytest.mark.parametrize("named", [["iris"], []])
def test_a_server_that_is_not_ready_is_waited_for(tmp_path: Path, named: list[str]) -> None:
    told: list[str] = []
    with serving(starting(2)) as url, asking(url, tmp_path) as client:
        client.waits = False
        endpoint = discover(client, None, Policy(endpoint=EndpointTable(warm_up=30.0)), named, told.append)
        assert endpoint.models[0].metadata is not None
    assert told == ["the server is not ready; waiting up to 30 s"]


def sleeping(first: float, later: float) -> Handler:
    """A right server whose first inference takes ``first`` seconds, and any other ``later``."""
    right = starting(0)
    seen = [0]

    def handle(method: str, path: str, body: bytes) -> Answer:
        if path.endswith("/infer"):
            seen[0] += 1
            time.sleep(first if seen[0] == 1 else later)
        return right(method, path, body)

    return handle


def test_a_slow_first_answer_is_no_slow_model(tmp_path: Path) -> None:
    with serving(sleeping(1.2, 0.0)) as url, asking(url, tmp_path) as client:
        endpoint = discover(client, None, Policy(endpoint=SHORT))
        usual, client.budget.request_seconds = client.budget.request_seconds, 0.5
        warm_up(endpoint, 5.0, fixed=False, tell=lambda _: None)
        assert client.budget.request_seconds == 0.5
        client.budget.request_seconds = usual
        assert endpoint.models[0].rest.accepted().exchange.ok
    assert not endpoint.remarks


def test_a_slow_model_gets_the_time_it_needs_unless_somebody_said_otherwise(tmp_path: Path) -> None:
    with serving(sleeping(1.2, 1.2)) as url, asking(url, tmp_path) as client:
        endpoint = discover(client, None, Policy(endpoint=SHORT))
        client.budget.request_seconds = 0.5
        warm_up(endpoint, 5.0, fixed=True, tell=lambda _: None)
        assert client.budget.request_seconds == 0.5
        assert "--oip-timeout" in endpoint.remarks[-1]
        warm_up(endpoint, 5.0, fixed=False, tell=lambda _: None)
        assert client.budget.request_seconds > 3
        assert "--oip-time-budget" in endpoint.remarks[-1]


def test_a_time_out_is_asked_again_and_never_a_refusal(tmp_path: Path) -> None:
    with serving(sleeping(0.8, 0.0)) as url, asking(url, tmp_path) as client:
        model = discover(client, None, Policy(endpoint=SHORT)).models[0]
        client.budget.request_seconds = 0.3
        assert model.rest.accepted().exchange.ok
        assert not model.rest.refusals
