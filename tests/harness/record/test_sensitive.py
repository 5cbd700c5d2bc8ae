"""What is kept of an exchange where samples are sensitive: size, status, times, and what only asks about a model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.record.exchange import ConnectionFacts, Exchange, Failure, RpcStatus
from harness.record.sensitive import Withholding, is_withheld

CANARY = "61234.578125"
URL = "http://127.0.0.1:8080/v2/models/m/infer"
CALL = "http://127.0.0.1:8081/inference.GRPCInferenceService/"
METADATA = b'{"name": "m", "inputs": [{"name": "x", "datatype": "FP32", "shape": [1]}]}'


def exchange(**changes: Any) -> Exchange:
    base = Exchange(
        n=1, method="POST", url=URL, http_version="HTTP/1.1", request_headers=(("Content-Type", "application/json"),),
        request_body=b"{}", status=200, reason="OK", response_http_version="HTTP/1.1",
        response_headers=(("content-type", "application/json"),), response_body=b"{}", truncated=False, error=None,
        started="2026-11-30T10:00:00.000000Z", start_ns=1, headers_ns=2, end_ns=3,
        connection=ConnectionFacts(1, 1, "a:1", "b:2"),
    )  # fmt: skip
    return replace(base, **changes)


def kept(given: Exchange) -> Exchange:
    return Withholding().exchange(given)[0]


BODY = CANARY.encode()
HEADER = (("x-echo", CANARY),)
OTHERWISE: dict[str, dict[str, Any]] = {
    "inference": {"request_body": BODY, "response_body": BODY},
    "inference without an answer": {"request_body": BODY, "status": None, "error": Failure("protocol", CANARY)},
    "error of what sends nothing": {"method": "GET", "request_body": b"", "status": 404, "response_body": BODY},
    "answer of another request": {"method": "GET", "request_body": b"", "response_body": b'{"data":[%s]}' % BODY},
    "the same, quoted": {"method": "GET", "request_body": b"", "response_body": b'{"a":"\\"data\\":[%s]"}' % BODY},
    "its end": {"method": "GET", "request_body": b"", "response_body": b'[%s]}' % BODY},
    "compressed": {"method": "GET", "request_body": b"", "response_body": BODY,
                   "response_headers": (("content-encoding", "gzip"),)},
    "bytes": {"http_version": "raw", "request_body": b"GET / HTTP/1.1\r\n\r\n" + BODY, "request_headers": ()},
    "headers": {"request_headers": HEADER, "response_headers": HEADER, "reason": CANARY},
    "call": {"http_version": "HTTP/2", "url": f"{CALL}ModelInfer", "request_body": BODY, "request_text": CANARY,
             "response_body": BODY, "response_text": CANARY, "rpc": RpcStatus(0, "OK", CANARY),
             "response_trailers": HEADER},
    "a sample in another call": {"http_version": "HTTP/2", "url": f"{CALL}ModelReady", "rpc": RpcStatus(0, "OK", ""),
                                 "request_body": b"\x0a\x01m\x2a\x0c" + BODY, "request_text": CANARY},
    "refused call": {"http_version": "HTTP/2", "url": f"{CALL}ModelReady", "request_body": b"\x0a\x01m",
                     "rpc": RpcStatus(5, "NOT_FOUND", CANARY)},
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERWISE)
def test_nothing_of_its_content_is_kept(name: str) -> None:
    whole = exchange(**OTHERWISE[name])
    clean, done = Withholding().exchange(whole)
    assert CANARY in repr(whole)
    assert CANARY not in repr(clean)
    assert {each["rule"] for each in done} == {"sensitive samples"}
    assert (clean.status, clean.start_ns, clean.end_ns, clean.sent) == (whole.status, 1, 3, whole.sent)
    for before, after in ((whole.request_body, clean.request_body), (whole.response_body, clean.response_body)):
        assert (is_withheld(after) and f"{len(before)} bytes".encode() in after) if before else after == b""


@pytest.mark.parametrize(
    "asked",
    [
        exchange(method="GET", request_body=b"", response_body=METADATA),
        exchange(method="GET", request_body=b"", response_body=b"up 1\n", response_headers=(("content-type", "text"),)),
        exchange(method="GET", request_body=b"", status=None, error=Failure("connect", "refused")),
        exchange(
            http_version="HTTP/2", url=f"{CALL}ModelMetadata", request_body=b"\x0a\x01m\x12\x011", response_body=b"a",
            rpc=RpcStatus(0, "OK", ""),
        ),
    ],
)  # fmt: skip
def test_what_only_asks_about_a_model_is_kept(asked: Exchange) -> None:
    withholding = Withholding()
    assert withholding.exchange(asked) == (asked, [])
    assert withholding.exchanges == 0


@given(st.binary(min_size=1), st.binary(), st.sampled_from(["POST", "PUT", "GET", "X"]), st.text(max_size=20))
def test_whatever_is_sent_and_answered_is_not_kept(sent: bytes, came: bytes, method: str, path: str) -> None:
    clean = kept(exchange(method=method, url=f"http://h/{path}", request_body=sent, response_body=came))
    assert is_withheld(clean.request_body)
    assert is_withheld(clean.response_body) or not came
