"""The gRPC client against servers of Google's own library: what they say arrives as they said it."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from harness.budget import BudgetExhausted, Limits
from harness.record.exchange import Exchange
from harness.wire import protobuf
from harness.wire.access import Access
from harness.wire.client import IMPATIENT_SECONDS, SILENCES
from harness.wire.messages import InferRequest
from harness.wire.rpc import CODES
from harness.wire.tensor import Tensor

from .clients import every_byte, record_of
from .grpc_peer import GrpcPeer, reply
from .grpc_server import CODES as THEIRS
from .grpc_server import DETAILS, METHODS, grpc_server, heard
from .hostile_grpc import HostileGrpc, grpc_client

TOKEN = "tok-5c7c8f3a-" + "\"quo'te\\é"
CASES = [
    ("Echo", b""),
    ("Echo", b"\x00\xff" * 100),
    ("Trailing", b""),
    ("DetailsAndTrailing", b""),
    ("OkWithDetails", b""),
    ("Raises", b""),
    ("NoSuchMethod", b""),
    ("Code16", b""),
    *((f"Code{number}", DETAILS.encode()) for number in range(1, 17)),
    ("Code3", b"a\rb\x00c\x7f %%% %zz +"),
    ("Code13", b"x" * 5000),
]


def trailing(exchange: Exchange) -> list[tuple[str, str | bytes]]:
    """Trailing metadata as the library's client shows it; a trailers-only answer has it in its headers."""
    own = {"grpc-status", "grpc-message", "content-type", "grpc-accept-encoding", "grpc-encoding"}
    found: list[tuple[str, str | bytes]] = []
    for name, value in exchange.response_trailers or exchange.response_headers:
        if name not in own:
            binary = name.endswith("-bin")
            found.append((name, base64.b64decode(value + "=" * (-len(value) % 4)) if binary else value))
    return found


@pytest.mark.parametrize(("method", "message"), CASES)
def test_both_clients_hear_the_same(method: str, message: bytes, tmp_path: Path) -> None:
    with grpc_server() as (port, _), grpc_client(f"http://127.0.0.1:{port}", tmp_path) as (client, events):
        code, details, answer, metadata = heard(port, method, message)
        exchange = client.call(method, message)
    assert exchange.error is None
    assert exchange.rpc is not None
    assert (exchange.rpc.code, exchange.rpc.name) == (code, THEIRS[code].name)
    # Its client keeps to itself what is said beside OK.
    assert exchange.rpc.details == (details if code else {"OkWithDetails": "all is well"}.get(method, ""))
    assert trailing(exchange) == metadata
    assert exchange.response_body == (answer or b"")
    assert exchange.ok == (code == 0)
    assert exchange.status == 200
    record = json.loads(record_of(tmp_path, events[0]))
    assert record["rpc"] == {"code": code, "name": THEIRS[code].name, "details": exchange.rpc.details}
    assert record["http_version"] == "HTTP/2"


def test_the_names_of_the_codes_are_those_of_the_library() -> None:
    assert dict(enumerate(CODES)) == {number: code.name for number, code in THEIRS.items()}


@pytest.mark.parametrize("size", [65_530, 65_535, 65_536, 8 << 20])
def test_large_messages_pass_both_ways(size: int, tmp_path: Path) -> None:
    message = bytes(range(256)) * (size // 256) + b"\x01" * (size % 256)
    with grpc_server() as (port, _), grpc_client(f"http://127.0.0.1:{port}", tmp_path) as (client, _):
        for _ in range(2):
            exchange = client.call("Echo", message)
            assert exchange.ok, exchange.error
            assert exchange.response_body == message
    assert exchange.sent > size
    assert exchange.received > size


def test_a_message_above_the_limit_is_cut(tmp_path: Path) -> None:
    limits = Limits(body_bytes=1 << 20)
    with grpc_server() as (port, _), grpc_client(f"http://127.0.0.1:{port}", tmp_path, limits=limits) as (client, _):
        assert client.call("Size", str((1 << 20) + 1).encode()).error is not None
        exchange = client.call("Size", str(1 << 20).encode())
    assert exchange.ok
    assert len(exchange.response_body) == 1 << 20


def test_calls_share_a_connection_unless_asked_not_to(tmp_path: Path) -> None:
    with grpc_server() as (port, _), grpc_client(f"http://127.0.0.1:{port}", tmp_path) as (client, _):
        exchanges = [client.call("Echo", b"1", fresh=fresh) for fresh in (False, False, True, False)]
    facts = [(each.connection.id, each.connection.request_index) for each in exchanges if each.connection]
    assert facts == [(1, 1), (1, 2), (2, 1), (1, 3)]
    assert all(each.connection and each.connection.peer == f"127.0.0.1:{port}" for each in exchanges)


def test_many_threads_each_get_their_own_answer(tmp_path: Path) -> None:
    messages = [str(number).encode() * 1000 for number in range(60)]
    with (
        grpc_server() as (port, _),
        grpc_client(f"http://127.0.0.1:{port}", tmp_path) as (client, events),
        ThreadPoolExecutor(6) as pool,
    ):
        answers = list(pool.map(lambda message: client.call("Echo", message), messages))
    assert [each.response_body for each in answers] == messages
    assert sorted(event.n for event in events) == list(range(1, 61))
    assert len({each.connection.id for each in answers if each.connection}) <= 6


def test_the_time_left_is_said_and_kept(tmp_path: Path) -> None:
    with grpc_server() as (port, _), grpc_client(f"http://127.0.0.1:{port}", tmp_path) as (client, _):
        said = json.loads(client.call("Metadata", timeout=3.0).response_body)
        late = client.call("Slow", timeout=0.1)
    assert 0 < said["remaining"] <= 3.0
    # The server may end the call at the very moment at which we do.
    assert (late.error and late.error.kind) == "timeout" or (late.rpc and late.rpc.name) == "DEADLINE_EXCEEDED"


def test_a_deadline_of_years_is_still_eight_digits(tmp_path: Path) -> None:
    limits = Limits(request_seconds=1e9)
    with grpc_server() as (port, _), grpc_client(f"http://127.0.0.1:{port}", tmp_path, limits=limits) as (client, _):
        assert client.call("Echo", b"1").ok


def test_metadata_goes_out_and_names_are_replaced(tmp_path: Path) -> None:
    access = ("x-tenant", "one"), ("X-Other", "two"), ("Connection", "keep-alive"), ("User-Agent", "mine/1")
    with (
        grpc_server() as (port, _),
        grpc_client(Access(f"http://127.0.0.1:{port}", headers=access), tmp_path) as (client, _),
    ):
        pairs = json.loads(client.call("Metadata", metadata=[("X-Tenant", "three")]).response_body)["pairs"]
        bare = json.loads(client.call("Metadata", credentials=False).response_body)["pairs"]
        refused = client.call("Echo", metadata=[("content-type", "text/plain")])
    found = dict(pairs)
    assert (found["x-tenant"], found["x-other"]) == ("three", "two")
    assert found["user-agent"].startswith("mine/1")
    assert {"connection", "host"} & found.keys() == set()
    assert "x-other" not in dict(bare)
    assert [pair for pair in refused.request_headers if pair[0] == "content-type"] == [("content-type", "text/plain")]
    assert refused.error is not None or refused.rpc is not None


def test_metadata_that_http_2_cannot_carry_is_refused_here(tmp_path: Path) -> None:
    with grpc_server() as (port, _), grpc_client(f"http://127.0.0.1:{port}", tmp_path) as (client, events):
        with pytest.raises(ValueError, match="not an HTTP/2 request"):
            client.call("Echo", metadata=[(":later", "x")])
        assert client.call("Echo", b"1").ok
    assert len(events) == 1


def test_the_authority_goes_out(tmp_path: Path) -> None:
    seen: list[list[tuple[str, str]]] = []

    def behave(peer: GrpcPeer) -> None:
        peer.settings()
        stream, _ = peer.call()
        seen.append(peer.headers)
        peer.send(reply(stream))
        while peer.connection.recv(65536):  # to close with something unread would reset the connection
            pass

    with HostileGrpc(behave) as url:
        access = Access(url, authority="inference.test:443")
        with grpc_client(access, tmp_path) as (client, _):
            exchange = client.call("ModelReady", service="some.Other")
    assert exchange.ok
    fields = dict(seen[0])
    assert fields[":authority"] == "inference.test:443"
    assert (fields[":method"], fields[":scheme"], fields[":path"]) == ("POST", "http", "/some.Other/ModelReady")
    assert (fields["te"], fields["content-type"]) == ("trailers", "application/grpc")
    assert exchange.url == f"{url}/some.Other/ModelReady"


@pytest.mark.parametrize("token", [TOKEN.encode("ascii", "ignore").decode(), "plain-token-0123456789"])
def test_the_token_is_never_written(token: str, tmp_path: Path) -> None:
    with grpc_server() as (port, _):
        access = Access(f"http://127.0.0.1:{port}", token=token)
        with grpc_client(access, tmp_path) as (client, events):
            pairs = json.loads(client.call("Metadata").response_body)["pairs"]
            client.call("Code7", f"no access for {token}".encode())
            client.model_ready(f"model-{token}")
            client.infer("m", InferRequest((Tensor("x", "BYTES", (1,), (token.encode(),)),)))
            client.infer("m", InferRequest((Tensor("x", "BYTES", (1,), (token.encode(),)),)), form="raw")
    assert ["authorization", f"Bearer {token}"] in pairs
    written = every_byte(tmp_path) + msgspec.json.encode(events)
    escaped = str(protobuf.rendered("ModelReady", "Request", protobuf_name(token)))[7:-2].encode()
    for form in (token.encode(), base64.b64encode(token.encode())[:-4], escaped):
        assert form not in written
    assert all(event.redactions for event in events)


def protobuf_name(text: str) -> bytes:
    """A ModelReadyRequest with that name."""
    made = protobuf.message("ModelReady", "Request")
    made.name = text
    return bytes(made.SerializeToString())


def test_messages_are_rendered_for_people(tmp_path: Path) -> None:
    with grpc_server() as (port, _), grpc_client(f"http://127.0.0.1:{port}", tmp_path) as (client, events):
        exchange = client.model_ready("iris", "2")
    assert exchange.request_text == 'name: "iris"\nversion: "2"\n'
    assert json.loads(record_of(tmp_path, events[0]))["request"]["text"] == exchange.request_text


def test_calls_of_the_protocol(tmp_path: Path) -> None:
    """Each by its name, with the message that is due; the server knows none of them, which is an answer."""
    request = InferRequest((Tensor("x", "FP32", (1,), (1.0,)),), id="7")
    with grpc_server() as (port, _), grpc_client(f"http://127.0.0.1:{port}", tmp_path) as (client, _):
        exchanges = [
            *(client.server_live(), client.server_ready(), client.server_metadata()),
            *(client.model_ready("m"), client.model_metadata("m", "1"), client.infer("m", request)),
        ]
    assert [each.rpc and each.rpc.name for each in exchanges] == ["UNIMPLEMENTED"] * 6
    assert [each.url.rpartition("/")[2] for each in exchanges] == [
        *("ServerLive", "ServerReady", "ServerMetadata", "ModelReady", "ModelMetadata", "ModelInfer")
    ]


def test_a_server_that_says_farewell_still_answers_what_is_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, stopped = threading.Event(), threading.Event()

    def slow(request: bytes, _: object) -> bytes:
        begun.set()
        stopped.wait(10)
        time.sleep(0.1)  # for the farewell to arrive first
        return request

    monkeypatch.setitem(METHODS, "Slow", slow)
    with grpc_server() as (port, server), grpc_client(f"http://127.0.0.1:{port}", tmp_path) as (client, events):
        assert client.call("Echo", b"1").ok

        def stop() -> None:
            begun.wait(10)
            server.stop(10)
            stopped.set()

        thread = threading.Thread(target=stop)
        thread.start()
        exchange = client.call("Slow", b"still here")
        thread.join()
        after = client.call("Echo", b"2")
    assert exchange.ok, exchange.error
    assert exchange.response_body == b"still here"
    assert after.error is not None
    assert after.error.kind in ("connect", "closed", "reset")
    assert [event.rpc for event in events][:2] == ["OK", "OK"]


def test_a_server_that_ends_idle_connections_is_not_blamed(tmp_path: Path) -> None:
    options = (("grpc.max_connection_idle_ms", 200), ("grpc.max_connection_age_ms", 800))
    with (
        grpc_server(options=options) as (port, _),
        grpc_client(f"http://127.0.0.1:{port}", tmp_path) as (client, _),
    ):
        for pause in (0.0, 0.05, 0.2, 0.2, 0.3):
            time.sleep(pause)
            assert client.call("Echo", b"1").ok


def test_ipv6(tmp_path: Path) -> None:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError:
        pytest.skip("no IPv6 here")
    with grpc_server("[::1]:0") as (port, _), grpc_client(f"http://[::1]:{port}", tmp_path) as (client, _):
        exchange = client.call("Echo", b"1")
    assert exchange.ok
    assert (":authority", f"[::1]:{port}") in exchange.request_headers
    assert exchange.connection is not None
    assert exchange.connection.peer == f"[::1]:{port}"


def test_nobody_there(tmp_path: Path) -> None:
    with grpc_client("http://127.0.0.1:1", tmp_path) as (client, _):
        exchange = client.server_live()
    assert exchange.error is not None
    assert (exchange.error.kind, exchange.status, exchange.rpc) == ("connect", None, None)


def test_the_budget_is_kept(tmp_path: Path) -> None:
    limits = Limits(requests=2)
    with grpc_server() as (port, _), grpc_client(f"http://127.0.0.1:{port}", tmp_path, limits=limits) as (client, _):
        client.call("Echo")
        client.call("Echo")
        with pytest.raises(BudgetExhausted):
            client.call("Echo")


def test_impatience_with_a_silent_endpoint_makes_no_verdict(tmp_path: Path) -> None:
    limits = Limits(request_seconds=1.2)
    with HostileGrpc("never-answers") as url, grpc_client(url, tmp_path, limits=limits) as (client, events):
        for _ in range(SILENCES):
            assert client.call("ServerLive", timeout=0.05).error is not None
        for _ in range(SILENCES):
            assert client.call("ServerLive").error is not None
        exchange = client.server_live()
        assert exchange.error is not None
        assert "within 1.2 s" in exchange.error.message
    assert len(events) == 2 * SILENCES + 2
    assert IMPATIENT_SECONDS < 1.2


def test_a_path_is_no_grpc_address(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="without a path"), grpc_client("http://127.0.0.1:1/v2", tmp_path):
        pass


def test_the_running_check_is_stamped(tmp_path: Path) -> None:
    with grpc_server() as (port, _), grpc_client(f"http://127.0.0.1:{port}", tmp_path) as (client, events):
        client.recorder.current_check = "some-check"
        client.call("Echo")
    assert [event.check for event in events] == ["some-check"]
