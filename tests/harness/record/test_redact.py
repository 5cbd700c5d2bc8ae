"""A secret never reaches a file, in whatever form and place it comes back."""

from __future__ import annotations

import base64
import gzip
import json
import tempfile
import zlib
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, quote_plus

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.bundle.events import ExchangeSeen
from harness.record.bodies import REPLACEMENT
from harness.record.exchange import Exchange, Failure, RpcStatus
from harness.record.redact import Redactor
from harness.record.store import ExchangeStore, Recorder
from harness.wire import protobuf
from tests.packs import read

# What tokens, keys and passwords are made of.
SECRETS = st.text(alphabet="abcXYZ0189-._~+/=!$&'\"<>@: \\%é€", min_size=8, max_size=24).filter(
    lambda text: text.strip() == text and len(set(text)) > 5
)

EXCHANGE = Exchange(
    n=1,
    method="POST",
    url="http://host/v2/models/m/infer",
    http_version="HTTP/1.1",
    request_headers=(("Host", "host"),),
    request_body=b"{}",
    status=200,
    reason="OK",
    response_http_version="HTTP/1.1",
    response_headers=(("Content-Type", "application/json"),),
    response_body=b"{}",
    truncated=False,
    error=None,
    started="2026-01-01T00:00:00.000000Z",
    start_ns=1,
    headers_ns=2,
    end_ns=3,
    connection=None,
)


def forms(secret: str) -> list[bytes]:
    """The secret as an endpoint may echo it."""
    raw = secret.encode()
    return [
        raw,
        quote(secret, safe="").encode(),
        quote(secret, safe="").lower().encode() if secret.islower() else quote(secret).encode(),
        quote_plus(secret).encode(),
        json.dumps(secret).encode()[1:-1],
        json.dumps(secret, ensure_ascii=False).encode()[1:-1],
        base64.b64encode(raw),
        base64.urlsafe_b64encode(raw),
        base64.b64encode(b"user:" + raw + b":more"),
        base64.b64encode(b"us:" + raw + b"!"),
        quote(base64.b64encode(b"u:" + raw), safe="").encode(),
    ]


def written(exchange: Exchange, redactor: Redactor) -> tuple[bytes, list[ExchangeSeen]]:
    """Every byte that recording an exchange puts on disk, and the journal events."""
    events: list[ExchangeSeen] = []
    with tempfile.TemporaryDirectory() as folder:
        Recorder(ExchangeStore(Path(folder)), redactor, events.append).record(exchange)
        files = [path for path in sorted(Path(folder).rglob("*")) if path.is_file()]
        return b"\n".join(read(path) for path in files) + msgspec.json.encode(events), events


@pytest.mark.parametrize("secret", ["0000189:X", "12-34-56-78-ab", "7.0.0.1.8.9.2.3x"])
def test_a_secret_that_looks_like_numbers_is_found(secret: str) -> None:
    clean = Redactor([secret]).text(f"no such key: {secret}, [0, 0, 0, 0, 1, 8, 9]")
    assert secret not in clean
    assert clean.endswith("[0, 0, 0, 0, 1, 8, 9]")


@settings(max_examples=60, deadline=None)
@given(SECRETS, st.data())
def test_no_form_of_a_secret_is_written(secret: str, data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(forms(secret)))
    text = form.decode("latin-1")
    in_url = quote(secret, safe="")
    exchange = replace(
        EXCHANGE,
        url=f"http://user:{in_url}@host/v2?q={in_url}",
        request_headers=(("Authorization", f"Bearer {text}"), ("X-Echo", text)),
        request_body=b'{"key":"' + form + b'"}',
        reason=f"No {text}",
        response_headers=(("Set-Cookie", "id=1"), ("X-Request", text)),
        response_body=b'{"error":"bad key ' + form + b'"}',
        error=Failure("protocol", f"illegal header line {text}"),
    )
    everything, events = written(exchange, Redactor([secret]))
    assert form not in everything
    assert secret.encode() not in everything
    assert base64.b64encode(secret.encode()).rstrip(b"=")[:-1] not in everything
    assert json.dumps(secret).encode()[1:-1] not in everything
    assert isinstance(events[0].redactions, int)
    assert events[0].redactions >= 8


@pytest.mark.parametrize("coding", ["gzip", "deflate", "gzip-in-members", "cut"])
def test_secrets_are_found_in_compressed_bodies(coding: str) -> None:
    secret, plain = b"token-0123456789", b'{"echo":"token-0123456789"}'
    packed = {
        "gzip": gzip.compress(plain),
        "deflate": zlib.compress(plain),
        "gzip-in-members": gzip.compress(b"{}") + gzip.compress(plain),
        "cut": gzip.compress(plain)[:-4],
    }[coding]
    header = "deflate" if coding == "deflate" else "gzip"
    exchange = replace(EXCHANGE, response_headers=(("Content-Encoding", header),), response_body=packed)
    clean, done = Redactor([secret]).exchange(exchange)
    unpacked = zlib.decompressobj(47).decompress(clean.response_body)
    assert secret not in unpacked
    assert REPLACEMENT.encode() in unpacked
    assert done == [{"where": "response.body", "rule": "secret"}]


def test_headers_are_taken_out_by_name_whatever_their_case() -> None:
    exchange = replace(
        EXCHANGE,
        request_headers=(("AUTHORIZATION", "x"), ("X-Tenant", "y"), ("Accept", "*/*")),
        response_headers=(("Set-Cookie", "a=1"), ("set-cookie", "b=2")),
    )
    clean, done = Redactor([], headers=["x-tenant"]).exchange(exchange)
    assert clean.request_headers == (("AUTHORIZATION", REPLACEMENT), ("X-Tenant", REPLACEMENT), ("Accept", "*/*"))
    assert [each["where"] for each in done] == [
        "request.header.authorization",
        "request.header.x-tenant",
        "response.header.set-cookie",
        "response.header.set-cookie",
    ]
    assert {each["rule"] for each in done} == {"header"}


def test_a_secret_that_the_limit_cut_off_is_still_taken_out() -> None:
    exchange = replace(EXCHANGE, response_body=b'{"echo":"token-01234', truncated=True)
    clean, _ = Redactor(["token-0123456789"]).exchange(exchange)
    assert clean.response_body == b'{"echo":"[redacted]'


@pytest.mark.parametrize("secret", ["token-0123456789", "tok\"en\\'01\t23", "Schlüssel-0123"])
def test_secrets_are_found_in_what_is_special_to_grpc(secret: str) -> None:
    made = protobuf.message("ModelReady", "Request")
    made.name = f"model {secret}"
    body = made.SerializeToString()
    rendering = protobuf.rendered("ModelReady", "Request", body)
    call = replace(
        EXCHANGE,
        rpc=RpcStatus(7, "PERMISSION_DENIED", f"not with {secret}"),
        response_headers=(("x-echo", quote(secret)),),
        response_trailers=(("grpc-message", quote(f"not with {secret}")), ("authorization", "x")),
        request_body=body,
        response_body=body,
        request_text=rendering,
        response_text=rendering,
    )
    everything, events = written(call, Redactor([secret]))
    escaped = rendering.partition("model ")[2].rstrip('"\n').encode()
    for form in (secret.encode(), quote(secret).encode(), escaped, json.dumps(escaped.decode())[1:-1].encode()):
        assert form not in everything
    assert events[0].redactions == 6


def test_a_rendering_without_secrets_stays() -> None:
    call = replace(EXCHANGE, request_text='name: "a"\n', response_text="ready: true\n")
    clean, done = Redactor(["token-0123456789"]).exchange(call)
    assert (clean, done) == (call, [])


def test_an_exchange_without_secrets_is_left_alone() -> None:
    clean, done = Redactor(["token-0123456789"]).exchange(EXCHANGE)
    assert (clean, done) == (EXCHANGE, [])


def test_texts_urls_and_values() -> None:
    redactor = Redactor(["token-0123456789"])
    redactor.add(["second-0123456789"])
    assert redactor.text("a token-0123456789 b second-0123456789") == "a [redacted] b [redacted]"
    assert redactor.url("https://me:pw@host/p?k=token%2D0123456789") == "https://[redacted]@host/p?k=[redacted]"
    assert redactor.url("http://host/a//b@c") == "http://host/a//b@c"
    value = {"observed": ["x token-0123456789", 1, None], "n": 2.5}
    assert redactor.value(value) == {"observed": ["x [redacted]", 1, None], "n": 2.5}


def test_half_a_surrogate_pair_is_no_obstacle() -> None:
    redactor = Redactor(["token-0123456789"])
    assert redactor.text("\ud800 token-0123456789") == "\ud800 [redacted]"
