"""The REST client: what goes over the wire, what it never does, and the budget."""

from __future__ import annotations

import base64
import gzip
import socket
import threading
import zlib
from pathlib import Path

import pytest

from harness.budget import BudgetExhausted, Limits
from harness.record.coding import Undecodable, decoded_body
from harness.wire import strictjson
from harness.wire.access import Access
from harness.wire.messages import InferRequest
from harness.wire.rest import RestClient, json_of
from harness.wire.tensor import Tensor

from .clients import client_for, every_byte
from .hostile import GOOD, GoodServer, HostileServer, ok

SECRET = "s3cr3t/token+0123456789"


def test_only_the_announced_headers_are_sent(tmp_path: Path) -> None:
    server = GoodServer()
    with server as url:
        client, _ = client_for(url, tmp_path)
        get, post = client.server_live(), client.infer("m", b"{}")
        client.close()
    host = url.removeprefix("http://").encode()
    common = b"Host: " + host + b"\r\nUser-Agent: " + client.user_agent.encode()
    common += b"\r\nAccept: */*\r\nAccept-Encoding: identity\r\n"
    assert server.requests == [
        b"GET /v2/health/live HTTP/1.1\r\n" + common + b"\r\n",
        b"POST /v2/models/m/infer HTTP/1.1\r\n"
        + common
        + b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    ]
    assert get.ok
    assert get.sent == len(server.requests[0])
    assert post.received == len(GOOD)
    assert post.header("content-type") == post.media_type == "application/json"


def test_given_headers_replace_defaults_and_may_repeat(tmp_path: Path) -> None:
    server = GoodServer()
    with server as url:
        client, _ = client_for(Access(url, headers=(("Accept", "a/b"), ("X-A", "1")), token="tok-1234"), tmp_path)
        client.send("POST", "v2/x", b"", headers=(("X-A", "2"), ("x-a", "3"), ("content-type", "text/plain")))
        client.send("GET", "/v2", credentials=False)
        client.close()
    head = server.requests[0]
    assert head.startswith(b"POST /v2/x HTTP/1.1\r\n")
    assert b"Accept: a/b" in head
    assert b"X-A: 2\r\nx-a: 3\r\ncontent-type: text/plain\r\nContent-Length: 0" in head
    assert b"X-A: 1" not in head
    assert b"Authorization: Bearer tok-1234" in head
    assert b"Authorization" not in server.requests[1]
    assert b"X-A" not in server.requests[1]


@pytest.mark.parametrize(
    "path", ["/v2/models/a%2Fb%00/../x?q=[1]&&=", "/v2//models/./m", "/%zz", "/v2/models/$&'()*+,;="]
)
def test_the_path_is_sent_verbatim_behind_the_prefix(path: str, tmp_path: Path) -> None:
    server = GoodServer()
    with server as url:
        client, _ = client_for(f"{url}/pre%20fix/", tmp_path)
        exchange = client.send("GET", path)
        client.close()
    assert server.requests[0].split(b" ")[1] == b"/pre%20fix" + path.encode()
    assert exchange.url == f"{url}/pre%20fix{path}"


def test_model_paths_are_one_segment_per_name() -> None:
    assert RestClient.model_path("a/b:c é", "1/2", "infer") == "/v2/models/a%2Fb%3Ac%20%C3%A9/versions/1%2F2/infer"
    assert RestClient.model_path("m") == "/v2/models/m"


def test_what_is_no_request_is_refused_before_it_counts(tmp_path: Path) -> None:
    client, events = client_for("http://127.0.0.1:1", tmp_path)
    for path, headers in (("/a b", ()), ("/é", ()), ("/", (("X", "a\r\nb"),)), ("/", (("X\n", "a"),))):
        with pytest.raises(ValueError, match=r"percent-encoded|line break"):
            client.send("GET", path, headers=headers)
    assert (events, client.budget.used) == ([], 0)


def test_redirects_are_not_followed_and_cookies_not_kept(tmp_path: Path) -> None:
    reply = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nSet-Cookie: id=1\r\nSet-Cookie: b=2\r\n"
    reply += b"Content-Length: 0\r\n\r\n"
    server = GoodServer(reply)
    with server as url:
        client, _ = client_for(url, tmp_path)
        exchanges = [client.server_live() for _ in range(2)]
        client.close()
    assert [exchange.status for exchange in exchanges] == [302, 302]
    assert exchanges[0].headers_all("set-cookie") == ("id=1", "b=2")
    assert len(server.requests) == 2
    assert b"ookie" not in server.requests[1]


def test_connections_are_used_again_unless_fresh(tmp_path: Path) -> None:
    server = GoodServer()
    with server as url:
        client, _ = client_for(url, tmp_path)
        found = [client.server_live(), client.send("GET", "/v2", fresh=True), client.server_live()]
        client.close()
    facts = [exchange.connection for exchange in found]
    assert [each and (each.id, each.request_index) for each in facts] == [(1, 1), (2, 1), (1, 2)]
    assert b"Connection: close" in server.requests[1]
    assert facts[0] is not None
    assert facts[0].peer == url.removeprefix("http://")


def test_an_inference_may_have_a_connection_of_its_own(tmp_path: Path) -> None:
    server = GoodServer()
    with server as url:
        client, _ = client_for(url, tmp_path)
        found = [client.infer("m", b"{}"), client.infer("m", b"{}", fresh=True), client.infer("m", b"{}")]
        client.close()
    facts = [exchange.connection for exchange in found]
    assert [each and (each.id, each.request_index) for each in facts] == [(1, 1), (2, 1), (1, 2)]
    assert all(exchange.request_body == b"{}" for exchange in found)


def test_an_inference_may_be_given_less_time(tmp_path: Path) -> None:
    with GoodServer() as url:
        client, _ = client_for(url, tmp_path)
        exchange = client.infer("m", b"{}", timeout=0.000001)
        client.close()
    assert exchange.error is not None
    assert exchange.error.kind in ("timeout", "connect")


def test_no_environment_proxy_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with GoodServer() as url:
        client, _ = client_for(url, tmp_path)
        assert client.server_live().ok
        client.close()


def test_a_proxy_is_given_the_whole_url_and_its_credentials(tmp_path: Path) -> None:
    proxy = GoodServer()
    with proxy as url:
        access = Access("http://example.invalid:8080/p", proxy=url.replace("http://", "http://me:proxy-pass@"))
        client, _ = client_for(access, tmp_path)
        exchange = client.server_live()
        client.close()
    assert exchange.ok
    basic = base64.b64encode(b"me:proxy-pass")
    assert proxy.requests[0].startswith(b"GET http://example.invalid:8080/p/v2/health/live HTTP/1.1\r\n")
    assert b"Host: example.invalid:8080\r\n" in proxy.requests[0]
    assert b"Proxy-Authorization: Basic " + basic in proxy.requests[0]
    assert b"proxy-pass" not in every_byte(tmp_path)


def test_a_proxy_that_refuses_a_tunnel(tmp_path: Path) -> None:
    with GoodServer(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n") as url:
        client, _ = client_for(Access("https://example.invalid", proxy=url), tmp_path)
        exchange = client.server_live()
    assert exchange.error is not None
    assert exchange.error.kind == "connect"
    assert "403" in exchange.error.message


def test_nobody_listens_and_no_such_name(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}", "http://no-such-host.invalid"):
        client, events = client_for(url, tmp_path, limits=Limits(request_seconds=3.0))
        exchange = client.server_live()
        assert exchange.error is not None
        assert exchange.error.kind == "connect"
        assert exchange.connection is None
        assert events[0].error_kind == "connect"


def test_tls_to_a_plain_server_is_a_tls_failure(tmp_path: Path) -> None:
    for behaviour in ("http-0.9", "never-answers", "garbage-text-held"):
        with HostileServer(behaviour) as url:
            client, _ = client_for(url.replace("http", "https"), tmp_path, limits=Limits(request_seconds=1.0))
            exchange = client.server_live()
        assert exchange.error is not None
        assert exchange.error.kind == "tls"


def test_the_budget_binds_all_threads(tmp_path: Path) -> None:
    server = GoodServer()
    refused: list[BudgetExhausted] = []
    with server as url:
        client, events = client_for(url, tmp_path, limits=Limits(requests=20, request_seconds=5.0))

        def work() -> None:
            for _ in range(10):
                try:
                    client.server_live()
                except BudgetExhausted as error:
                    refused.append(error)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        client.close()
    assert (len(server.requests), len(events), len(refused)) == (20, 20, 20)


def test_a_shorter_timeout_than_the_budget_grants(tmp_path: Path) -> None:
    with HostileServer("never-answers") as url:
        client, _ = client_for(url, tmp_path, limits=Limits(request_seconds=60.0))
        exchange = client.send("GET", "/v2", timeout=0.2)
    assert exchange.error is not None
    assert exchange.error.kind == "timeout"
    assert exchange.error.message == "no complete response within 0.2 s"


def test_the_running_check_is_stamped_in_every_thread(tmp_path: Path) -> None:
    with GoodServer() as url:
        client, events = client_for(url, tmp_path)
        client.recorder.current_check = "first"
        client.server_live()

        def other() -> None:
            client.server_live()
            client.recorder.current_check = "second"
            client.server_live()

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        client.server_live()
        client.close()
    assert [event.check for event in events] == ["first", "first", "second", "first"]


def test_credentials_are_never_written_even_when_echoed(tmp_path: Path) -> None:
    def echo(request: bytes) -> bytes:
        encoded = base64.b64encode(SECRET.encode())
        return ok(
            b'{"error":"' + request.replace(b"\r\n", b" ") + b'"}', b"X-Seen: " + encoded, b"X-Also: " + SECRET.encode()
        )

    with GoodServer(echo) as url:
        access = Access(url, headers=(("X-Custom-Key", SECRET),), token=f"bearer-{SECRET}")
        client, events = client_for(access, tmp_path)
        exchange = client.infer("m", f'{{"k":"{SECRET}"}}'.encode())
        client.close()
    assert SECRET.encode() in exchange.response_body, "a check sees what was sent"
    everything = every_byte(tmp_path) + repr(events).encode()
    assert SECRET.encode() not in everything
    assert base64.b64encode(SECRET.encode()) not in everything
    assert isinstance(events[0].redactions, int)
    assert events[0].redactions >= 5


def test_a_token_is_renewed_after_a_401(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.wire.access.TOKEN_PATIENCE", -1.0)
    tokens = iter(["token-old-0123", "token-new-0123"])
    monkeypatch.setattr("harness.wire.access._run", lambda _: next(tokens))
    server = GoodServer(lambda request: GOOD if b"new" in request else b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
    with server as url:
        client, _ = client_for(Access(url, token_command="get-token"), tmp_path)
        statuses = [client.server_live().status for _ in range(3)]
        client.close()
    assert statuses == [401, 200, 200], "no retry: the next request has the new token"
    assert b"token-old-0123" not in every_byte(tmp_path)
    assert b"token-new-0123" not in every_byte(tmp_path)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        (b"gzip", gzip.compress(b"{}", mtime=0)),
        (b"x-gzip", gzip.compress(b"{", mtime=0) + gzip.compress(b"}", mtime=0)),
        (b"deflate", zlib.compress(b"{}")),
        (b"deflate", zlib.compress(b"{}", wbits=-15)),
        (b"gzip, deflate", zlib.compress(gzip.compress(b"{}", mtime=0))),
        (b"identity", b"{}"),
    ],
)
def test_bodies_are_kept_as_sent_and_decoded_on_demand(coding: bytes, body: bytes, tmp_path: Path) -> None:
    with GoodServer(ok(body, b"Content-Encoding: " + coding)) as url:
        client, _ = client_for(url, tmp_path)
        exchange = client.server_live()
        client.close()
    assert exchange.response_body == body
    assert decoded_body(exchange) == b"{}"
    assert json_of(exchange).value == {}


@pytest.mark.parametrize("coding", [b"br", b"gzip", b"deflate", b"gzip," * 9])
def test_bodies_that_cannot_be_decoded(coding: bytes, tmp_path: Path) -> None:
    with GoodServer(ok(gzip.compress(b"{}", mtime=0)[:-3], b"Content-Encoding: " + coding)) as url:
        client, _ = client_for(url, tmp_path)
        exchange = client.server_live()
        client.close()
    with pytest.raises(Undecodable) as refusal:
        decoded_body(exchange)
    assert refusal.value.failure.kind == "encoding"
    with pytest.raises(strictjson.NotJson):
        json_of(exchange)


def test_operations_have_the_paths_of_the_protocol(tmp_path: Path) -> None:
    server = GoodServer()
    request = InferRequest((Tensor("x", "FP32", (1,), (1.0,)),))
    with server as url, client_for(url, tmp_path)[0] as client:
        client.server_ready()
        client.server_metadata()
        client.server_metadata(slash=True)
        client.model_metadata("m", "1")
        client.model_ready("m")
        client.infer("m", request, "2")
    lines = [each.split(b" HTTP")[0].decode() for each in server.requests]
    assert lines == [
        "GET /v2/health/ready",
        "GET /v2",
        "GET /v2/",
        "GET /v2/models/m/versions/1",
        "GET /v2/models/m/ready",
        "POST /v2/models/m/versions/2/infer",
    ]
    assert server.requests[-1].endswith(request.to_bytes())
