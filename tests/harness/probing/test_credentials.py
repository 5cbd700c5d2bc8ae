"""Credentials that are not the right ones, and what counts as served."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from harness.probing.credentials import ProtectedPath, served, wrong_secrets
from harness.record.exchange import Exchange

from .test_replaying import RECORDED


def _token(**header: str) -> str:
    parts = [json.dumps(part).encode() for part in (header, {"sub": "ann"})]
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "c2lnbmF0dXJl"])


@pytest.mark.parametrize(
    "secret", ["secret-token-for-tests", "0123456789abcdef", "short", "aaaaaaaaaaaaaaaa", "ÄÖ" * 9]
)
def test_none_of_the_wrong_ones_is_right(secret: str) -> None:
    found = wrong_secrets(secret)
    assert found
    for _, wrong in found:
        assert wrong != secret


def test_hexadecimal_digits_keep_their_case() -> None:
    assert not any("case" in why for why, _ in wrong_secrets("0123456789ABCDEF"))
    assert any("case" in why for why, _ in wrong_secrets("secret-token-for-tests"))


def test_no_piece_of_a_short_secret_is_sent() -> None:
    assert [why for why, _ in wrong_secrets("12345")] == ["an invented value", "an empty value"]


def test_the_signature_is_taken_off() -> None:
    forged = dict(wrong_secrets(_token(alg="HS256", typ="JWT")))["the signature taken off (alg none)"]
    head, claims, signature = forged.split(".")
    assert json.loads(base64.urlsafe_b64decode(head + "==")) == {"alg": "none", "typ": "JWT"}
    assert claims == _token(alg="HS256").split(".")[1]
    assert signature == ""
    assert not any("alg none" in why for why, _ in wrong_secrets(_token(typ="JWT")))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("metadata of iris", "metadata"),
        ("metadata of a, version b, version 2", "metadata, with a version"),
        ("inference of out of sight", "inference"),
        ("repository index, no body", "repository index, no body"),
        ("list of models", "list"),
    ],
)
def test_kinds_of_doors(name: str, kind: str) -> None:
    assert ProtectedPath(name, "GET", "/v2").kind == kind


def _answer(body: bytes, status: int = 200) -> Exchange:
    return replace(
        RECORDED, status=status, response_body=body, response_headers=(("content-type", "application/json"),)
    )


RIGHT = _answer(b'{"name":"iris","versions":["1"]}')


@pytest.mark.parametrize(
    ("answer", "given"),
    [
        (_answer(b'{"name":"iris","versions":["2"]}'), True),
        (_answer(b'{"name":"iris","versions":["1"]}', 401), True),
        (_answer(b'{"error":"no"}', 401), False),
        (_answer(b'{"error":"sign in"}'), False),
        (_answer(b"<html>sign in</html>"), False),
    ],
)
def test_what_is_served(answer: Exchange, given: bool) -> None:
    assert served(answer, RIGHT) is given
