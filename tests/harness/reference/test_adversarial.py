"""Faults of hostile input, transport, state, concurrency and security: each shows, and each ends."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from urllib.parse import urlsplit

import grpc
import httpx
import pytest

from harness.reference.faults import FAULTS
from harness.reference.variants import VARIANTS
from harness.run.checks import load_checks
from tests.harness.reference.conftest import Child, Start
from tests.harness.reference.hostile_battery import Answer, answers, without_credentials

PATIENCE = 20.0


# Faults of a connection that show when a client leaves, is slow or sends much; others show on the bytes of one request.
LEAVING = {"disconnects-use-up-workers", "disconnect-ends-process", "disconnect-poisons-next",
           "slow-sender-blocks-everybody", "body-is-its-first-piece", "body-is-its-first-64-kib"}  # fmt: skip
FRAMING = {name for name, each in FAULTS.items() if each.effect == "connection"} - LEAVING
NAMED = {name for check in load_checks()[0] for name in check.faults}
# That faults named by a check show, is what `art15 validate` is for.
UNNAMED = sorted(name for name, each in FAULTS.items() if each.place.startswith(("adversarial/", "security/"))
                 and name not in NAMED and each.effect != "connection" and each.transport == "rest")  # fmt: skip
ACCESS = sorted(name for name, each in FAULTS.items() if each.effect == "access" and each.transport == "rest")
SAMPLE = ("denormal-ends-process", "one-in-200-wrong", "ids-swapped-above-31-at-once", "shape-product-wraps",
          "short-data-filled-from-previous", "gzip-bomb-hangs", "traversal-reads-file", "stack-trace-in-errors",
          "second-row-of-previous-request", "wrong-above-16-at-once")  # fmt: skip
BENIGN = ("closes-after-errors", "small-limits", "members-any-order", "overloaded-503", "security-headers",
          "errors-quote-own-request", "last-of-equal-keys", "gzip-requests-with-limit", "odd-methods-501")  # fmt: skip


@cache
def clean(model: str) -> list[Answer]:
    return answers(model=model)


def shows(name: str, model: str) -> bool:
    return answers(fault=name, model=model) != clean(model)


def test_the_battery_gets_the_same_answers_twice() -> None:
    assert answers() == answers()


def test_the_right_server_refuses_what_is_hostile_and_stays() -> None:
    statuses = [answer[0] if isinstance(answer, tuple) else answer for _, answer in clean("echo-fp32")]
    assert set(statuses) <= {200, 400, 404, 405, 413, 415, 503, False}


@pytest.mark.parametrize("name", SAMPLE)
def test_effect_of_a_sample(name: str) -> None:
    assert shows(name, (FAULTS[name].models or ("echo-fp32",))[0])


@pytest.mark.parametrize("name", UNNAMED)
def test_effect_of_what_no_check_names(name: str) -> None:
    assert shows(name, (FAULTS[name].models or ("echo-fp32",))[0])


@pytest.mark.parametrize("name", ACCESS)
def test_hole_in_what_credentials_guard(name: str) -> None:
    assert without_credentials(fault=name) != without_credentials()


@pytest.mark.slow
@pytest.mark.battery
@pytest.mark.parametrize("name", BENIGN)
def test_effect_of_variants(name: str) -> None:
    found = answers(variant=name)
    assert found != clean("echo-fp32")
    assert not [answer for _, answer in found if isinstance(answer, str)]


def test_variants_have_names_of_their_own() -> None:
    assert not set(VARIANTS) & set(FAULTS)


BODY = json.dumps({"id": "a", "inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1]}]}).encode()
HEAD = "{} {} HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\n"
INFER = "/v2/models/echo-fp32/infer"
LIVE = b"GET /v2/health/live HTTP/1.1\r\nhost: h\r\n\r\n"
META = b"GET /v2 HTTP/1.1\r\nhost: h\r\n\r\n"


def post(body: bytes = BODY, *more: str, path: str = INFER, method: str = "POST", length: bool = True) -> bytes:
    """A request as bytes."""
    lines = [*([f"content-length: {len(body)}"] if length else []), *more]
    return (HEAD.format(method, path) + "".join(f"{line}\r\n" for line in lines) + "\r\n").encode() + body


def chunked(*parts: bytes, extension: str = "") -> bytes:
    """A request of one chunk for each part."""
    body = b"".join(f"{len(part):x}{extension}\r\n".encode() + part + b"\r\n" for part in parts) + b"0\r\n\r\n"
    return post(body, "transfer-encoding: chunked", length=False)


EMPTY = post(b"0\r\n\r\n" + LIVE, "transfer-encoding: chunked")
RAW: dict[str, bytes] = {
    "pipelined-answer-lost": META + LIVE,
    "pipelined-answers-swapped": META + LIVE,
    "pipelined-quick-routes-first": post(BODY) + LIVE,
    "inference-answered-twice": post(BODY) + LIVE,
    "length-wins-over-chunks": post(b"%x\r\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n", "transfer-encoding: chunked"),
    "chunks-win-and-connection-lives": EMPTY,
    "first-of-two-lengths": post(BODY + LIVE, f"content-length: {len(BODY)}", f"content-length: {len(BODY + LIVE)}",
                                 length=False),
    "body-of-get-is-next-request": post(LIVE, path="/v2", method="GET"),
    "body-of-unknown-path-is-next-request": post(LIVE, path="/v2/none"),
    "bare-carriage-return-ends-header": post(BODY, f"x-a: b\rcontent-length: {len(BODY)}", length=False),
    "signed-length-ends-process": post(BODY, "content-length: +5", length=False),
    "long-head-ends-process": post(BODY, f"x-a: {'b' * 60_000}"),
    "long-target-ends-process": post(path="/v2/" + "m" * 50_000),
    "space-before-colon-ignored": post(BODY, f"content-length : {len(BODY)}", length=False),
    "chunk-sizes-decimal": chunked(BODY[:16], BODY[16:]),
    "chunk-extension-is-data": chunked(BODY, extension=";a=b"),
    "last-of-many-chunks-lost": chunked(BODY[:5], BODY[5:9], BODY[9:]),
    "id-splits-header": post(BODY.replace(b'"a"', b'"a\\r\\nx-split: 1"')),
    "model-name-splits-header": post(path="/v2/models/a%0d%0ax-split:%201/infer"),
}  # fmt: skip


def raw(child: Child, data: bytes, seconds: float = 5.0) -> bytes:
    """What comes back, if it begins within a time; dates differ from run to run, so their lines are left out."""
    with connected(child) as connection:
        connection.sendall(data)
        connection.settimeout(seconds)
        found = b""
        try:
            while piece := connection.recv(65536):
                found += piece
                connection.settimeout(1.0)
        except (TimeoutError, ConnectionError):
            pass
    return b"\r\n".join(line for line in found.split(b"\r\n") if not line.startswith(b"date:"))


@contextmanager
def connected(child: Child) -> Iterator[socket.socket]:
    address = urlsplit(child.url)
    with socket.create_connection((address.hostname, address.port), timeout=PATIENCE) as connection:
        yield connection


@pytest.mark.slow
@pytest.mark.battery
@pytest.mark.parametrize("name", sorted(RAW))
def test_effect_over_a_real_connection(name: str, start: Start) -> None:
    arguments = ("--models", "echo-fp32", "--no-grpc")
    right, faulty = start(*arguments), start(*arguments, "--fault", name)
    expected = raw(right, RAW[name])
    assert raw(faulty, RAW[name]) != expected
    # In between it is the same server.
    if not name.endswith("-ends-process"):
        assert raw(faulty, LIVE) == raw(right, LIVE)


def test_every_fault_of_framing_is_asked_for() -> None:
    assert set(RAW) == FRAMING


def leave(child: Child, times: int) -> None:
    """Begin a request and go away."""
    for _ in range(times):
        with connected(child) as connection:
            connection.sendall(post(BODY[:-9], f"content-length: {len(BODY)}", length=False))


def infer(child: Child, seconds: float = PATIENCE) -> int:
    return httpx.post(
        child.url + INFER, content=BODY, headers={"content-type": "application/json"}, trust_env=False, timeout=seconds
    ).status_code


def infers(child: Child) -> None:
    """Again and again, since the server notices in its own time."""
    for _ in range(40):
        infer(child, 2.0)


def test_leaving_ends_the_process_only_where_seeded(start: Start) -> None:
    right, faulty = start("--no-grpc"), start("--no-grpc", "--fault", "disconnect-ends-process")
    for child in (right, faulty):
        leave(child, 1)
    assert faulty.process.wait(PATIENCE) == 139
    assert infer(right) == 200


def test_leaving_poisons_the_next(start: Start) -> None:
    child = start("--no-grpc", "--fault", "disconnect-poisons-next")
    leave(child, 1)
    # The server notices in its own time.
    assert 500 in [infer(child) for _ in range(40)]


@pytest.mark.slow
def test_leaving_uses_up_workers(start: Start) -> None:
    child = start("--no-grpc", "--fault", "disconnects-use-up-workers")
    assert infer(child) == 200
    leave(child, 12)
    assert httpx.get(child.url + "/v2/health/live", trust_env=False).status_code == 200
    with pytest.raises(httpx.TimeoutException):
        infers(child)


def test_a_slow_sender_blocks_everybody(start: Start) -> None:
    child = start("--no-grpc", "--fault", "slow-sender-blocks-everybody")
    assert infer(child) == 200
    with connected(child) as connection:
        connection.sendall(post(BODY[:-9], f"content-length: {len(BODY)}", length=False))
        with pytest.raises(httpx.TimeoutException):
            infers(child)
    assert infer(child) == 200


def test_a_server_that_hangs_still_ends_with_its_parent(start: Start) -> None:
    child = start("--models", "echo-fp32", "--no-grpc", "--fault", "big-number-hangs")
    assert raw(child, post(b'{"id": ' + b"1" * 400 + b"}"), 1.0) == b""
    assert child.process.stdin is not None
    child.process.stdin.close()
    child.process.wait(PATIENCE)


@pytest.mark.parametrize("name", ["auth-grpc-open", "auth-grpc-metadata-open"])
def test_grpc_without_credentials(name: str, start: Start) -> None:
    child = start("--models", "echo-fp32", "--fault", name)
    with grpc.insecure_channel(str(child.line["grpc"])) as channel:
        ask = channel.unary_unary("/inference.GRPCInferenceService/ServerMetadata")
        assert ask(b"", timeout=PATIENCE)
    assert httpx.get(f"{child.url}/v2", trust_env=False).status_code == 401


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("stack-trace-in-grpc-details", "Traceback"),
        ("file-path-in-grpc-details", "/opt/models/none"),
        ("token-in-grpc-trailers", "Bearer t"),
    ],
)
def test_disclosure_over_grpc(name: str, word: str, start: Start) -> None:
    child = start("--models", "echo-fp32", "--fault", name)
    with grpc.insecure_channel(str(child.line["grpc"])) as channel:
        ask = channel.unary_unary("/inference.GRPCInferenceService/ModelMetadata")
        with pytest.raises(grpc.RpcError) as failed:
            ask(b"\x0a\x04none", timeout=PATIENCE, metadata=(("authorization", "Bearer t"),))
    assert word in f"{failed.value.details()} {failed.value.trailing_metadata()}"


@pytest.mark.parametrize("variant", ["no-pipelining", "http-1-0"])
def test_variants_of_the_wire(variant: str, start: Start) -> None:
    child = start("--models", "echo-fp32", "--no-grpc", "--variant", variant)
    assert infer(child) == 200
    found = raw(child, META + LIVE)
    assert found.startswith(b"HTTP/1.0 200" if variant == "http-1-0" else b"HTTP/1.1 200")
    assert (b"HTTP/1.1 400" in found) == (variant == "no-pipelining")
