"""Which instances of a service are known: those that were named, or those that one name stands for."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from harness.endpoint.instances import MOST, accesses
from harness.endpoint.replica import Replica
from harness.wire.access import Access


def at(*urls: str, **more: Any) -> tuple[Replica, ...]:
    return tuple(Replica((("rest", Access(url, **more)),)) for url in urls)


def resolving(monkeypatch: pytest.MonkeyPatch, *found: str) -> None:
    def answers(_: str, port: int, **__: object) -> list[Any]:
        return [
            (socket.AF_INET6 if ":" in each else socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
            for each in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", answers)


def test_what_was_named_is_not_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "192.0.2.1", "192.0.2.2")
    found = accesses(at("http://one.test:8080", "http://two.test:8080"), "rest")
    assert [each.address.host for each in found] == ["one.test", "two.test"]
    assert accesses(at("http://one.test:8080"), "grpc") == []


def test_each_address_of_a_name_is_asked_by_that_name(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "192.0.2.2", "192.0.2.1", "192.0.2.1", "2001:db8::1")
    found = accesses(at("https://serving.test/v", token="t" * 20), "rest")
    assert [each.address.url for each in found] == ["https://192.0.2.1:443/v", "https://192.0.2.2:443/v"]
    assert {each.host_header for each in found} == {"serving.test"}
    assert {each.sni for each in found} == {"serving.test"}
    assert {each.token for each in found} == {"t" * 20}


def test_only_so_many_of_very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, *(f"192.0.2.{number}" for number in range(200)))
    assert len(accesses(at("http://serving.test"), "rest")) == MOST


@pytest.mark.parametrize(
    "url", ["http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080", "http://192.0.2.9"]
)
def test_this_machine_and_an_address_are_one_instance(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "::1", "127.0.0.1", "127.0.0.2")
    assert len(accesses(at(url), "rest")) == 1


def test_one_address_no_name_and_a_proxy_are_one_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "192.0.2.1")
    assert [each.address.host for each in accesses(at("http://serving.test"), "rest")] == ["serving.test"]
    resolving(monkeypatch, "192.0.2.1", "192.0.2.2")
    assert len(accesses(at("http://serving.test", proxy="http://127.0.0.1:3128"), "rest")) == 1

    def nobody(*_: object, **__: object) -> list[Any]:
        raise OSError("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    assert len(accesses(at("http://serving.test"), "rest")) == 1
