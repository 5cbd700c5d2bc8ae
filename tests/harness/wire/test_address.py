"""Addresses: each spelling is read once, and written back as it is to be given again."""

from __future__ import annotations

import pytest

from harness.wire.address import Address, is_grpc, read_any, read_grpc, read_url
from harness.wire.tls import server_name


@pytest.mark.parametrize(
    ("text", "place", "url"),
    [
        ("http://H.Example/v1/", "h.example:80", "http://H.Example/v1"),
        ("https://h", "h:443", "https://h"),
        ("http://[::1]:8080", "[::1]:8080", "http://[::1]:8080"),
        ("http://[::1]", "[::1]:80", "http://[::1]"),
        ("http://me:word@h:1", "h:1", "http://h:1"),
    ],
)
def test_urls(text: str, place: str, url: str) -> None:
    found = read_url(text)
    assert (found.place, found.url) == (place, url)
    assert "word" not in repr(found)


@pytest.mark.parametrize(
    ("text", "tls", "written"),
    [
        ("h:1", False, "grpc://h:1"),
        ("h:1", True, "grpcs://h:1"),
        ("grpc://h:1/", True, "grpc://h:1"),
        ("grpcs://[::1]:1", False, "grpcs://[::1]:1"),
    ],
)
def test_addresses_of_grpc(text: str, tls: bool, written: str) -> None:
    found = read_grpc(text, tls=tls)
    assert found.grpc_url == written
    assert read_grpc(found.grpc_url) == found, "it can be given again"
    assert is_grpc(found.grpc_url)
    assert not is_grpc(found.url)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("grpc://h", Address("h", 8001, tls=False, authority="h:8001")),
        ("grpcs://h", Address("h", 443, tls=True, authority="h:443")),
        ("grpc://[::1]", Address("::1", 8001, tls=False, authority="[::1]:8001")),
        ("grpc://h:5", Address("h", 5, tls=False, authority="h:5")),
        ("https://h/a", Address("h", 443, tls=True, authority="h", path="/a")),
    ],
)
def test_either_kind_with_its_port_left_out(text: str, found: Address) -> None:
    assert read_any(text) == found


@pytest.mark.parametrize("text", ["h:1", "ftp://h", "grpc://", ""])
def test_what_is_no_address_of_either_kind(text: str) -> None:
    with pytest.raises(ValueError, match="is no address: http, https, grpc or grpcs, and a host"):
        read_any(text)


@pytest.mark.parametrize(
    ("authority", "name"), [("h:1", "h"), ("h", "h"), ("[::1]:1", "::1"), ("[::1]", "::1"), ("::1", "::1")]
)
def test_the_name_for_tls(authority: str, name: str) -> None:
    assert server_name(authority) == name
