"""Where requests begin and end, however they are cut into pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.drills.proxy.requests import MOST_HEAD, Requests

PLAIN = b"POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde"
BARE = b"GET /v2/health/ready HTTP/1.1\r\nHost: h\r\n\r\n"
CHUNKED = (
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=1\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n"
)


@given(st.lists(st.sampled_from([PLAIN, BARE, CHUNKED]), max_size=4), st.lists(st.integers(1, 40)))
def test_requests_are_told_apart(requests: list[bytes], cuts: list[int]) -> None:
    data, found, sent = b"".join(requests), Requests(), b""
    pieces = []
    while data:
        size = cuts.pop() if cuts else len(data)
        pieces += list(found.feed(data[:size]))
        data = data[size:]
    inside: list[bytes] = []
    for piece in pieces:
        if piece.begins:
            sent = b""
        sent += piece.data
        if piece.ends:
            inside.append(sent)
    assert inside == requests


@pytest.mark.parametrize(
    "data", [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0", b"\0" * (MOST_HEAD + 2), PLAIN[:-5] + b"abcdeGARBAGE\r\n\r\n"]
)
def test_what_is_no_request_passes_as_it_is(data: bytes) -> None:
    found = Requests()
    pieces = [*found.feed(data), *found.feed(b"more")]
    assert b"".join(piece.data for piece in pieces) == data + b"more"
    assert not pieces[-1].begins
