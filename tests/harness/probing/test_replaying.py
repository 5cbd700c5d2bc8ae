"""Recorded exchanges sent again: the same bytes, today's credentials, and what counts as the same answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.probing.replaying import CannotReplay, Clients, Recording, send_again, unlike
from harness.record.exchange import Exchange, Failure, RpcStatus
from harness.wire.rawhttp import RAW

from .flawed import flawed, target_of

RECORDED = Exchange(
    n=1, method="POST", url="http://h/v2/models/m/infer", http_version="HTTP/1.1", request_headers=(),
    request_body=b"{}", status=200, reason="OK", response_http_version="HTTP/1.1", response_headers=(),
    response_body=b"{}", truncated=False, error=None, started="", start_ns=0, headers_ns=None, end_ns=0,
    connection=None,
)  # fmt: skip


def json_answer(body: bytes, status: int = 200) -> Exchange:
    return replace(RECORDED, status=status, response_body=body)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (json_answer(b"\xff"), json_answer(b"\xff")),
        (json_answer(b'{"id":"1","outputs":[{"data":[1,NaN]}]}'), json_answer(b'{"outputs": [{"data":[1, NaN]}]}')),
        (json_answer(b'{"error":"x"}', 400), json_answer(b'{"error": "x", "time": 5}', 400)),
        (
            replace(RECORDED, status=None, error=Failure("reset", "a")),
            replace(RECORDED, status=None, error=Failure("closed", "b")),
        ),
        (replace(RECORDED, rpc=RpcStatus(5, "NOT_FOUND", "x")), replace(RECORDED, rpc=RpcStatus(5, "NOT_FOUND", "x"))),
    ],
)
def test_the_same(first: Exchange, second: Exchange) -> None:
    assert unlike(first, second) is None
    assert unlike(second, first) is None


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (json_answer(b"{}"), json_answer(b"{}", 500), "status 500 instead of status 200"),
        (json_answer(b'{"outputs":[1]}'), json_answer(b'{"outputs":[1.0]}'), "with another body"),
        (json_answer(b'{"error":"x"}', 400), json_answer(b'{"error":"y"}', 400), "with another body"),
        (json_answer(b"a"), json_answer(b"b"), "with another body"),
        (replace(RECORDED, status=None, error=Failure("timeout", "a")), RECORDED, "status 200 where no answer"),
        (
            replace(RECORDED, status=None, error=Failure("timeout", "a")),
            replace(RECORDED, status=None, error=Failure("reset", "a")),
            "no answer (reset) instead of no answer (timeout)",
        ),
        (
            replace(RECORDED, rpc=RpcStatus(5, "NOT_FOUND", "x")),
            replace(RECORDED, rpc=RpcStatus(13, "INTERNAL", "x")),
            "INTERNAL (x) instead of NOT_FOUND (x)",
        ),
    ],
)
def test_not_the_same(first: Exchange, second: Exchange, words: str) -> None:
    found = unlike(first, second)
    assert found is not None
    assert words in found


def test_what_was_sent_is_sent_again(tmp_path: Path) -> None:
    seen: list[bytes] = []

    def answer(body: bytes, _: int) -> tuple[int, bytes]:
        seen.append(body)
        return 200, b"{}"

    with flawed(answer) as url, target_of(url, tmp_path) as endpoint:
        headers = [("Content-Type", "text/odd"), ("X-Two", "a"), ("X-Two", "b")]
        first = endpoint.client.send("POST", "/v2/a%2Fb/../c?q=1", b"\0{", headers)
        again = send_again(Clients(endpoint.client, None), Recording(first, frozenset(), url))
        assert seen[-1] == b"\0{"
        assert (again.method, again.url) == (first.method, first.url)
        left = [header for header in again.request_headers if header != ("Connection", "close")]
        assert sorted(left) == sorted(first.request_headers)


def test_redacted_headers_have_the_value_of_today(tmp_path: Path) -> None:
    with flawed(lambda body, _: (200, body)) as url, target_of(url, tmp_path, token="new-token") as endpoint:
        first = replace(endpoint.client.send("POST", "/", b"{}"), request_headers=(("Authorization", "[redacted]"),))
        where = frozenset({"request.header.authorization"})
        again = send_again(Clients(endpoint.client, None), Recording(first, where, url))
        assert ("Authorization", "Bearer new-token") in again.request_headers
        bare = send_again(Clients(endpoint.client, None), Recording(replace(first, request_headers=()), where, url))
        assert "authorization" not in {name.lower() for name, _ in bare.request_headers}


@pytest.mark.parametrize(
    ("change", "redacted", "base", "words"),
    [
        ({}, {"request.body"}, "http://h", "body was redacted"),
        ({}, {"url"}, "http://h", "URL was redacted"),
        ({"request_headers": (("X-Key", ""),)}, {"request.header.x-key"}, "http://h", "--oip-header 'X-Key: ...'"),
        ({"request_headers": (("Authorization", ""),)}, {"request.header.authorization"}, "http://h", "ART15_TOKEN"),
        ({}, set(), "http://other", "not below the base URL"),
        ({"http_version": "HTTP/2"}, set(), "http://h", "--oip-grpc"),
        ({"http_version": RAW, "request_body": b""}, set(), "http://h", "later answer"),
    ],
)
def test_what_cannot_be_sent_again(
    tmp_path: Path, change: dict[str, object], redacted: set[str], base: str, words: str
) -> None:
    with flawed(lambda body, _: (200, body)) as url, target_of(url, tmp_path) as endpoint:
        used = endpoint.client.budget.used
        recording = Recording(replace(RECORDED, **change), frozenset(redacted), base)  # type: ignore[arg-type]
        with pytest.raises(CannotReplay, match=words.replace(".", r"\.")):
            send_again(Clients(endpoint.client, None), recording)
        assert endpoint.client.budget.used == used


def test_raw_bytes_are_sent_as_they_were(tmp_path: Path) -> None:
    with flawed(lambda body, _: (200, body)) as url, target_of(url, tmp_path) as endpoint:
        request = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcdPOST"
        raw = replace(RECORDED, http_version=RAW, request_body=request)
        again = send_again(Clients(endpoint.client, None), Recording(raw, frozenset(), url))
        assert (again.status, again.response_body) == (200, b"abcd")
