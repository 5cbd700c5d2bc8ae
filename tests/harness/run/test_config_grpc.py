"""gRPC addresses on the command line: what they mean, and what is refused in one line."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from harness.run.config import Config, configure
from harness.run.options import Options, UsageError


def config(endpoint: str, tmp_path: Path, **options: Any) -> Config:
    """The checked configuration."""
    given = Options(endpoints=(endpoint,), evidence=str(tmp_path / "evidence"), **options)
    return configure(given, endpoint, {"ART15_TOKEN": "a-token-of-mine"})


@pytest.mark.parametrize(
    ("endpoint", "grpc", "rest_url", "grpc_url"),
    [
        ("http://h:8080/v1", "h:8081", "http://h:8080/v1", "http://h:8081"),
        ("https://h", "h:8081", "https://h", "https://h:8081"),
        ("https://h", "grpc://h:8081", "https://h", "http://h:8081"),
        ("http://h", "grpcs://other:443/", "http://h", "https://other:443"),
        ("http://h", "[::1]:8081", "http://h", "http://[::1]:8081"),
        ("grpc://h:8081", None, None, "http://h:8081"),
        ("grpcs://h:8081/", None, None, "https://h:8081"),
        ("http://h", None, "http://h", None),
    ],
)
def test_addresses(endpoint: str, grpc: str | None, rest_url: str | None, grpc_url: str | None, tmp_path: Path) -> None:
    found = config(endpoint, tmp_path, grpc=grpc).probed
    assert (found.rest and found.rest.address.url) == rest_url
    assert (found.grpc and found.grpc.address.url) == grpc_url
    assert found.transports == [name for name, url in (("rest", rest_url), ("grpc", grpc_url)) if url]
    for access in (found.rest, found.grpc):
        assert access is None or access.token == "a-token-of-mine"
    if rest_url is None:
        assert found.url == endpoint.rstrip("/"), "as it was given, so that it can be given again"
        assert found.access is found.grpc
    else:
        assert found.access is found.rest


def test_which_checks_can_be_carried_out(tmp_path: Path) -> None:
    alone = config("grpc://h:1", tmp_path / "a")
    both = config("http://h:1", tmp_path / "b", grpc="h:2")
    assert [alone.reaches(each) for each in ("rest", "grpc", "both")] == [False, True, False]
    assert [both.reaches(each) for each in ("rest", "grpc", "both")] == [True, True, True]


@pytest.mark.parametrize(
    ("endpoint", "grpc", "word"),
    [
        ("http://h", "h", "HOST:PORT"),
        ("http://h", "http://h:1", "HOST:PORT"),
        ("http://h", "h:1/v2", "HOST:PORT"),
        ("http://h", "user:word@h:1", "HOST:PORT"),
        ("http://h", "h:99999", "port"),
        ("http://h", "h:0", "port"),
        ("http://h", "h h:1", "HOST:PORT"),
        ("http://h", "::1:80", "HOST:PORT"),
        ("http://h", "", "HOST:PORT"),
        ("grpc://", None, "HOST:PORT"),
        ("grpc://h", None, "HOST:PORT"),
        ("grpc://h:1/v2", None, "HOST:PORT"),
        ("grpc://h:1", "h:2", "leave out --oip-grpc"),
    ],
)
def test_addresses_that_cannot_be(endpoint: str, grpc: str | None, word: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refusal:
        config(endpoint, tmp_path, grpc=grpc)
    text = str(refusal.value)
    assert word.lower() in text.lower()
    assert "\n" not in text


@pytest.mark.parametrize("lacking", ["h2", "google", "google.protobuf"])
def test_without_the_extra(lacking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == lacking else real(name, *rest))
    with pytest.raises(UsageError, match=r"art15\[grpc\]"):
        config("grpc://h:1", tmp_path)


def test_an_address_off_loopback_has_a_rate(tmp_path: Path) -> None:
    assert config("http://127.0.0.1:1", tmp_path / "a", grpc="127.0.0.1:2").limits.rate is None
    assert config("http://127.0.0.1:1", tmp_path / "b", grpc="192.0.2.1:2").limits.rate is not None
    assert config("grpc://192.0.2.1:2", tmp_path / "c").limits.rate is not None


def several(tmp_path: Path, *endpoints: str, **options: Any) -> Config:
    """The checked configuration of several instances."""
    given = Options(endpoints=endpoints, evidence=str(tmp_path / "evidence"), **options)
    return configure(given, endpoints[0], {"ART15_TOKEN": "a-token-of-mine"})


def test_each_instance_that_is_named_is_read(tmp_path: Path) -> None:
    found = several(tmp_path, "http://a:1", "https://b/x", "grpc://c:3", grpc="a:2").replicas
    assert [each.url for each in found] == ["http://a:1", "https://b/x", "grpc://c:3"]
    assert [each.transports for each in found] == [["rest", "grpc"], ["rest"], ["grpc"]]
    assert all(each.access.token == "a-token-of-mine" for each in found)
    assert found[0].grpc is not None
    assert found[0].grpc.address.place == "a:2"
    assert found[0].plaintext == ["rest", "grpc"]


@pytest.mark.parametrize(("other", "word"), [("ftp://b", "http://"), ("grpc://b", "HOST:PORT"), ("b:1", "http://")])
def test_an_instance_that_cannot_be_is_refused_whichever_it_is(other: str, word: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=word):
        several(tmp_path, "http://a:1", other)
