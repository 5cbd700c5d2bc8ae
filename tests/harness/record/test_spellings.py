"""Spellings in which a secret comes back, cost of the search, and what it must leave alone."""

from __future__ import annotations

import json
from base64 import b64encode as b64
from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.record.packed import brotli
from harness.record.parts import parts_of
from harness.record.redact import Redactor
from tests.costs import cost

from .spellings import SPELLINGS
from .test_redact import EXCHANGE, written

SECRET = "sk-Ab3dEf6hIj9lMn2pQr"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MjcxIiwibmFtZSI6Ikpva" + "W8ifQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"


@pytest.mark.parametrize("secret", [SECRET, JWT], ids=["key", "jwt"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_spelling_is_found(spelling: str, secret: str) -> None:
    spelled = SPELLINGS[spelling](secret)
    body = b'{"error": "bad ' + spelled + b' given"}' if spelled.isascii() else spelled
    clean, done = Redactor([secret]).exchange(replace(EXCHANGE, response_body=body))
    assert spelled not in clean.response_body
    assert done
    if spelled.isascii() and b"\0" not in spelled:
        assert clean.response_body.startswith(b'{"error": "bad ')


@pytest.mark.skipif(brotli() is None, reason="brotli is not installed")
@pytest.mark.parametrize("label", [(), (("Content-Encoding", "br"),)])
def test_brotli(label: tuple[tuple[str, str], ...]) -> None:
    packed = brotli().compress(JWT.encode())  # type: ignore[union-attr]
    clean, done = Redactor([JWT]).exchange(replace(EXCHANGE, response_body=packed, response_headers=label))
    assert packed not in clean.response_body
    assert done


@pytest.mark.parametrize("coding", ["zstd", "compress", "gzip, br"])
def test_what_cannot_be_looked_into_is_not_kept(coding: str) -> None:
    body = bytes(range(128, 256)) * 4
    exchange = replace(EXCHANGE, response_body=body, response_headers=(("content-encoding", coding),))
    clean, done = Redactor([SECRET]).exchange(exchange)
    assert clean.response_body.startswith(b"[not kept: 512 bytes with SHA-256 ")
    assert done == [{"where": "response.body", "rule": "not kept"}]
    assert Redactor().exchange(exchange)[0] == exchange, "without a secret there is nothing to keep out"


@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_secret_that_is_spread_over_headers_and_trailers(count: int) -> None:
    size = -(-len(SECRET) // count)
    pieces = [(f"x-{at}", SECRET[at : at + size]) for at in range(0, len(SECRET), size)]
    everything, _ = written(
        replace(EXCHANGE, response_headers=tuple(pieces[:-1]), response_trailers=tuple(pieces[-1:])), Redactor([SECRET])
    )
    assert not [piece for _, piece in pieces if piece.encode() in everything]


@pytest.mark.parametrize("size", [16, 40, 64, 169, 200])
def test_a_piece_of_a_token_is_found(size: int) -> None:
    assert Redactor([JWT]).text(f"not valid: {JWT[:size]}") == "not valid: [redacted]"


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("Bearer abcdef12", {"abcdef12"}),
        ("theme=dark; session=S3ss10nValue; lang=en", {"S3ss10nValue", "dark"}),
        ("key-id-1:the-secret-half", {"key-id-1", "the-secret-half", b64(b"key-id-1:the-secret-half").decode()}),
        ("Basic " + b64(b"user-name:pass-word").decode(), {"user-name", "pass-word", "user-name:pass-word"}),
        ('Digest username="mufasa77", response="6629fae49393"', {"mufasa77", "6629fae49393"}),
        ("https://host/p?sig=abc%2Fdefgh&se=1", {"abc%2Fdefgh", "abc/defgh"}),
        (JWT, set(JWT.split("."))),
    ],
)
def test_the_parts_of_what_has_a_structure(value: str, parts: set[str]) -> None:
    found = parts_of(value)
    assert parts <= found
    assert value in found


@pytest.mark.parametrize("secret", ["1.0", "true", "data", "abcde", "123456", "outputs", "inference", "shape"])
def test_short_and_ordinary_values_destroy_nothing(secret: str) -> None:
    body = b'{"outputs": [{"name": "abcde", "shape": [1], "data": [1.0, 123456, true]}], "x": "inference"}'
    redactor = Redactor([secret])
    assert redactor.exchange(replace(EXCHANGE, response_body=body))[0].response_body == body
    assert redactor.unsought == 1


def test_figures_of_tensors_are_no_secrets() -> None:
    numbers = json.dumps({"data": list(range(20_000))}).encode()
    redactor = Redactor(["token-0123456789", "0123456789012345"])
    assert redactor.exchange(replace(EXCHANGE, response_body=numbers))[0].response_body == numbers


WORST: dict[str, Callable[[int], bytes]] = {
    "one percent sign": lambda size: b"%41" + b"x" * size,
    "percent signs": lambda size: b"%41" * (size // 3),
    "backslashes": lambda size: b"\\" * size,
    "entities": lambda size: b"&amp;" * (size // 5),
    "heads of zlib": lambda size: b"\x78\x9c" * (size // 2),
    "byte values": lambda size: b"100," * (size // 4),
    "taken for Latin-1": lambda size: b"x\xc2\x9c" * (size // 3),
    "base64": lambda size: b64(bytes(range(256)) * (size // 340)),
    "runs of base64": lambda size: (b64(bytes(range(3, 250, 7))) + b" ") * (size // 49),
    "nearly": lambda size: SECRET[:9].encode() * (size // 9),
}


@pytest.mark.parametrize("kind", WORST)
def test_the_cost_of_a_byte_does_not_grow(kind: str) -> None:
    redactor = Redactor([SECRET, JWT])
    seconds = []
    for size in (100_000, 1_000_000):
        exchange = replace(EXCHANGE, response_body=WORST[kind](size))
        seconds.append(cost(lambda: redactor.exchange(exchange), tries=3))  # noqa: B023
    assert seconds[1] < 40 * max(seconds[0], 0.01)
