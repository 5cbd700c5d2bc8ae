"""What is no text is not kept beside a secret, wherever it stands; what is a text, or binary from the start, stays."""

from __future__ import annotations

import hashlib
import json
import os
import random
import struct
from dataclasses import replace

import pytest

from harness.record import children
from harness.record.noise import stretches
from harness.record.redact import Redactor
from tests.costs import cost

from .spellings import deflated
from .test_redact import EXCHANGE

SECRET = "sk-Ab3dEf6hIj9lMn2pQr"
NOISE = bytes((17 * each * each + 131 * each + 40) % 256 for each in range(40)).decode("latin-1")
TEXTS = {
    "French": "élève à l'école, où ça n'était pas très énoncé\x07",
    "German": "größe üöä ÜÖÄß",
    "controls": "\x01\x02\x03\x1b[31m\x00\x00",
    "Greek": "αβγδ \x01 ωψχ",
    "twice UTF-8": "a â\x80\x99 b",
}
BINARY = {
    "floats": struct.pack("<64f", *(each / 7 for each in range(64))),
    "all": bytes(range(256)) * 4,
    "halves": b"\0\0\x80\x3f\0\0\xc2\x80" * 100,
}


@pytest.mark.parametrize("raw", [True, False])
def test_it_is_not_kept_and_its_digest_is_said(raw: bool) -> None:
    body = json.dumps({"error": f"no: {NOISE} given"}, ensure_ascii=not raw).encode()
    clean, done = Redactor([SECRET]).exchange(replace(EXCHANGE, response_body=body))
    said = json.loads(clean.response_body)["error"]
    assert said.startswith("no: ")
    assert "[not kept: " in said
    assert "SHA-256" in said
    assert len(done) == 1
    assert Redactor().exchange(replace(EXCHANGE, response_body=body))[0].response_body == body


def test_in_headers_and_names() -> None:
    told = replace(EXCHANGE, response_headers=(("x-told", NOISE.translate(dict.fromkeys((0, 10, 13)))),))
    clean, _ = Redactor([SECRET]).exchange(told)
    assert clean.response_headers[0][1].startswith("[not kept: ")
    assert "[not kept: " in Redactor([SECRET]).text(f"model {NOISE}: not ready")


def test_a_message_whose_part_is_packed_is_not_kept() -> None:
    packed = deflated(SECRET.encode() * 2)
    rendering = 'id: "a"\n12: "' + "".join(f"\\{byte:03o}" for byte in packed) + '"\n'
    body = b"\x1a\x01a\x62" + bytes([len(packed)]) + packed
    clean, done = Redactor([SECRET]).exchange(replace(EXCHANGE, response_body=body, response_text=rendering))
    assert clean.response_text == 'id: "a"\n12: "[redacted]"\n'
    assert packed not in clean.response_body
    assert {each["where"] for each in done} == {"response.body"}


def test_what_the_tester_sends_stays() -> None:
    body = json.dumps({"data": [NOISE]}).encode()
    assert Redactor([SECRET]).exchange(replace(EXCHANGE, request_body=body))[0].request_body == body


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_stays(text: str) -> None:
    assert stretches(TEXTS[text].encode()) == []


@pytest.mark.parametrize("kind", BINARY)
def test_what_is_binary_from_the_start_stays(kind: str) -> None:
    assert stretches(BINARY[kind]) == []


def test_nearly_all_that_is_no_text_is_found() -> None:
    drawn = random.Random(15)
    missed = [size for size in (20, 30, 60) for _ in range(300) if not stretches(_signs(drawn.randbytes(size)))]
    assert len(missed) < 15


def _signs(data: bytes) -> bytes:
    return data.decode("latin-1").encode()


@pytest.mark.parametrize("piece", ["\x80a", "é" * 10 + "\0", "é\0" + "a" * 20])
def test_the_cost_of_a_byte_does_not_grow(piece: str) -> None:
    seconds = []
    for size in (200_000, 2_000_000):
        data = (piece * (size // len(piece))).encode()
        seconds.append(cost(lambda: stretches(data), tries=3))  # noqa: B023
    assert seconds[1] < 40 * max(seconds[0], 0.005)


def test_the_digest_is_that_of_what_was_there() -> None:
    said = Redactor([SECRET]).text(f"a {NOISE} b")
    (first, last), *_ = stretches(f"a {NOISE} b".encode())
    assert hashlib.sha256(f"a {NOISE} b".encode()[first:last]).hexdigest() in said


def test_children_are_handed_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"ART15_TOKEN": SECRET, "OIP_HEADER": SECRET, "PYTEST_ADDOPTS": "", "PATH": "p"})
    assert children.environment(HOME="h") == {"PATH": "p", "HOME": "h"}
