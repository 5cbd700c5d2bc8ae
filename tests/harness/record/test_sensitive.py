"""What is kept of an exchange where samples are sensitive: size, status, times, and what only asks about a model."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.bundle.exchange import IN_HEAD, NOT_KEPT, SENSITIVE
from harness.probing.replaying import CannotReplay, Clients, send_again
from harness.record.exchange import ConnectionFacts, Exchange, Failure, RpcStatus
from harness.record.sensitive import Withholding
from harness.record.store import ExchangeStore
from harness.run.bundles.recordings import read_recording

CANARY = "61234.578125"
URL = "http://127.0.0.1:8080/v2/models/m/infer"
OF_MODEL = "http://127.0.0.1:8080/v2/models/m"
METRICS = "http://127.0.0.1:8080/metrics"
PLAIN = (("content-type", "text/plain"),)
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


def is_withheld(body: bytes) -> bool:
    return re.fullmatch(rb"\[not kept: \d{1,12} bytes; " + SENSITIVE.encode() + rb"\]", body) is not None


def kept(given: Exchange) -> Exchange:
    return Withholding().exchange(given)[0]


BODY = CANARY.encode()
HEADER = (("x-echo", CANARY),)
ASKED: dict[str, Any] = {"method": "GET", "url": OF_MODEL, "request_body": b""}
OTHERWISE: dict[str, dict[str, Any]] = {
    "inference": {"request_body": BODY, "response_body": BODY},
    "inference without an answer": {"request_body": BODY, "status": None, "error": Failure("protocol", CANARY)},
    "error of what sends nothing": {"method": "GET", "request_body": b"", "status": 404, "response_body": BODY},
    "answer of another request": {**ASKED, "response_body": b'{"data":[%s]}' % BODY},
    "the same, quoted": {**ASKED, "response_body": b'{"a":"\\"data\\":[%s]"}' % BODY},
    "the same, escaped": {**ASKED, "response_body": b'{"name":"m","parameters":{"d\\u0061ta":[%s]}}' % BODY},
    "outputs": {**ASKED, "response_body": b'{"name":"m","outputs":[{"name":"y","data":[%s]}]}' % BODY},
    "outputs, twice": {**ASKED, "response_body": b'{"outputs":[{"y":%s}],"outputs":[]}' % BODY},
    "predictions": {**ASKED, "response_body": b'{"predictions":[%s]}' % BODY},
    "its end": {**ASKED, "response_body": b'[%s]}' % BODY},
    "binary": {**ASKED, "response_body": BODY, "response_headers": (("content-type", "application/octet-stream"),)},
    "compressed": {**ASKED, "response_body": BODY, "response_headers": (("content-encoding", "gzip"),)},
    "another path": {**ASKED, "url": "http://h/.env", "response_body": b'{"name":"%s"}' % BODY},
    "an inference by GET": {**ASKED, "url": URL, "response_body": b'{"name":"%s"}' % BODY},
    "a query": {**ASKED, "url": f"{OF_MODEL}?x", "response_body": b'{"name":"%s"}' % BODY},
    "metrics that are none": {**ASKED, "url": METRICS, "response_headers": PLAIN, "response_body": BODY},
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
    assert {each["where"] for each in done} - {IN_HEAD}
    assert (clean.status, clean.start_ns, clean.end_ns, clean.sent) == (whole.status, 1, 3, whole.sent)
    for before, after in ((whole.request_body, clean.request_body), (whole.response_body, clean.response_body)):
        assert (is_withheld(after) and f"{len(before)} bytes".encode() in after) if before else after == b""


@pytest.mark.parametrize(
    "asked",
    [
        exchange(**ASKED, response_body=METADATA),
        exchange(**ASKED | {"url": "http://h/a/v2/health/ready"}, response_body=b'{"ready": true}'),
        exchange(**ASKED | {"url": "http://h/v2"}, response_body=b'{"name": "s", "version": "1", "extensions": []}'),
        exchange(**ASKED | {"url": METRICS}, response_body=b'# HELP up u\nup{a="b"} 1\n', response_headers=PLAIN),
        exchange(**ASKED | {"url": "http://h:9/m"}, response_body=b"up 1e+06\n", response_headers=PLAIN),
        exchange(**ASKED, status=None, reason="", error=Failure("connect", "refused")),
        exchange(
            http_version="HTTP/2", url=f"{CALL}ModelMetadata", request_body=b"\x0a\x01m\x12\x011", response_body=b"a",
            rpc=RpcStatus(0, "OK", ""),
        ),
    ],
)  # fmt: skip
def test_what_only_asks_about_a_model_is_kept(asked: Exchange) -> None:
    withholding = Withholding("http://h:9/m")
    assert withholding.exchange(asked) == (asked, [])
    assert withholding.exchanges == 0


HEADS: dict[str, dict[str, Any]] = {
    "REST": {**ASKED, "response_body": METADATA},
    "gRPC": {"http_version": "HTTP/2", "url": f"{CALL}ModelMetadata", "request_body": b"\x0a\x01m",
             "response_body": b"a", "rpc": RpcStatus(0, "OK", "")},
}  # fmt: skip


@pytest.mark.parametrize("side", ["response_headers", "response_trailers"])
@pytest.mark.parametrize("way", HEADS)
def test_of_what_describes_only_unknown_headers_are_not_kept(way: str, side: str) -> None:
    whole = exchange(**HEADS[way], **{side: (("x-echo", CANARY), ("content-length", "7"))})
    clean, done = Withholding().exchange(whole)
    assert done == [{"where": IN_HEAD, "rule": "sensitive samples"}]
    assert clean.response_body == whole.response_body
    assert getattr(clean, side) == ((NOT_KEPT, NOT_KEPT), ("content-length", "7"))


def test_words_with_the_status_of_a_call_are_not_kept() -> None:
    clean, done = Withholding().exchange(exchange(**HEADS["gRPC"] | {"rpc": RpcStatus(0, "OK", CANARY)}))
    assert clean.rpc == RpcStatus(0, "OK", NOT_KEPT)
    assert is_withheld(clean.response_body)
    assert "rpc" in {each["where"] for each in done}


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("content-type", "application/json; x=malignant", ("content-type", "application/json")),
        ("content-type", "malignant/json", ("content-type", NOT_KEPT)),
        ("WWW-Authenticate", 'Bearer error_description="malignant"', ("WWW-Authenticate", "Bearer")),
        ("www-authenticate", "malignant", ("www-authenticate", NOT_KEPT)),
        ("server", "uvicorn/malignant", ("server", "uvicorn")),
        ("server", "malignant", ("server", NOT_KEPT)),
        ("x-61234.578125", "1", (NOT_KEPT, NOT_KEPT)),
        ("connection", "close, malignant", ("connection", NOT_KEPT)),
        ("allow", "GET, POST", ("allow", "GET, POST")),
        ("date", "Mon, 30 Nov 2026 10:00:00 GMT", ("date", "Mon, 30 Nov 2026 10:00:00 GMT")),
        ("date", "malignant", ("date", NOT_KEPT)),
        ("keep-alive", "timeout=5, max=100", ("keep-alive", "timeout=5, max=100")),
    ],
)
def test_of_a_head_only_well_known_words_are_kept(name: str, value: str, told: tuple[str, str]) -> None:
    clean = kept(exchange(response_headers=((name, value),), response_trailers=((name, value),)))
    assert clean.response_headers == clean.response_trailers == (told,)


@pytest.mark.parametrize(
    ("status", "reason", "told"),
    [
        (400, "HIV positive", NOT_KEPT), (400, "OK", NOT_KEPT), (400, "BAD REQUEST", "BAD REQUEST"),
        (413, "Content Too Large", "Content Too Large"), (200, "", ""), (799, "Not Found", NOT_KEPT),
    ],
)  # fmt: skip
def test_a_reason_phrase_is_that_of_its_status(status: int, reason: str, told: str) -> None:
    assert kept(exchange(status=status, reason=reason)).reason == told
    assert kept(exchange(**ASKED, status=status, reason=reason)).reason == told


@given(st.binary(min_size=1), st.binary(), st.sampled_from(["POST", "PUT", "GET", "X"]), st.text(max_size=20))
def test_whatever_is_sent_and_answered_is_not_kept(sent: bytes, came: bytes, method: str, path: str) -> None:
    clean = kept(exchange(method=method, url=f"http://h/{path}", request_body=sent, response_body=came))
    assert is_withheld(clean.request_body)
    assert is_withheld(clean.response_body) or not came


def test_an_exchange_without_content_is_not_sent_again(tmp_path: Path) -> None:
    """An answer to nothing could be asked for again, and held against nothing."""
    store = ExchangeStore(tmp_path)
    digest = store.write(*Withholding().exchange(exchange(**ASKED, status=404, response_body=BODY)))
    with pytest.raises(CannotReplay, match=NOT_KEPT):
        send_again(Clients(None, None), read_recording(tmp_path, digest, ""))
    unknown = store.write(*Withholding().exchange(exchange(**ASKED, response_body=METADATA, response_headers=HEADER)))
    assert not read_recording(tmp_path, unknown, "").withheld
