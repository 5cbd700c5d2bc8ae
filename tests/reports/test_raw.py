"""The command for a request that no HTTP client made sends the stored bytes, and nothing else."""

from __future__ import annotations

import pytest

from harness.bundle.exchange import Body, ExchangeRecord, Request
from reports.document.curl import command

DIGEST = "ab" * 32


def record(url: str = "http://127.0.0.1:8080/v2", **members: object) -> ExchangeRecord:
    """A raw exchange without headers of its own: they are in the body."""
    given: dict[str, object] = {
        "method": "RAW",
        "url": url,
        "http_version": "raw",
        "request": Request(headers=[], body=Body(sha256=DIGEST, bytes=7)),
        **members,
    }
    return ExchangeRecord(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "peer"),
    [
        ("http://127.0.0.1:8080/v2", "telnet://127.0.0.1:8080"),
        ("http://host.example/", "telnet://host.example:80"),
        ("http://[::1]:80/", "'telnet://[::1]:80'"),
    ],
)
def test_the_bytes_come_from_the_bundle(url: str, peer: str) -> None:
    assert command(record(url)) == f"art15 show {DIGEST} | curl -sS --max-time 10 {peer}"
    assert command(record(url), b"GET \n'%") == rf"printf 'GET \012\047\045' | curl -sS --max-time 10 {peer}"


@pytest.mark.parametrize(
    "members",
    [
        {"url": "https://127.0.0.1:8080/"},
        {"url": "http://127.0.0.1:8080;touch x/"},
        {"request": Request(headers=[])},
        {"redactions": [{"where": "request.body", "rule": "secret"}]},
    ],
)
def test_none_where_curl_cannot_say_the_same(members: dict[str, object]) -> None:
    assert command(record(**members)) is None  # type: ignore[arg-type]
