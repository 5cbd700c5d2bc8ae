"""The quick way through the redactor gives what the thorough one gives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.record.exchange import Exchange, Failure, Headers, RpcStatus
from harness.record.redact import Redactor

from .test_redact import EXCHANGE

SECRET = "s3cr/t+x"
TEXTS = st.sampled_from(["", "plain", SECRET, f"a {SECRET} b", "s3cr%2Ft%2Bx", "s3cr\\/t\\u002bx", SECRET[:5], "größe"])
NAMES = st.sampled_from(["X-Any", "Authorization", "set-cookie", "X-Own", SECRET])
HEADERS = st.lists(st.tuples(NAMES, TEXTS.filter(lambda text: text.isascii())), max_size=3).map(tuple)


class Thorough(Redactor):
    """Never takes the quick way."""

    def _only_by_name(self, exchange: Exchange) -> bool:
        return False


@settings(deadline=None)
@given(
    secrets=st.sampled_from([(), (SECRET,)]),
    texts=st.tuples(TEXTS, TEXTS, TEXTS, TEXTS),
    bodies=st.tuples(TEXTS, TEXTS),
    headers=st.tuples(HEADERS, HEADERS, HEADERS),
    truncated=st.booleans(),
)
def test_both_ways_agree(secrets: Any, texts: Any, bodies: Any, headers: tuple[Headers, ...], truncated: bool) -> None:
    exchange = replace(
        EXCHANGE,
        url=f"http://h/{texts[0]}",
        reason=texts[1],
        error=Failure("protocol", texts[2]) if truncated else None,
        rpc=RpcStatus(5, "NOT_FOUND", texts[3]),
        request_body=bodies[0].encode(),
        response_body=bodies[1].encode(),
        request_headers=headers[0],
        response_headers=headers[1],
        response_trailers=headers[2],
        request_text=texts[1],
        truncated=truncated,
    )
    thorough = Thorough(secrets, ["x-own"]).exchange(exchange)
    assert Redactor(secrets, ["x-own"]).exchange(exchange) == thorough


@pytest.mark.parametrize("url", ["http://user:pass@h/", "http://h/@"])
def test_addresses_with_user_info_take_the_thorough_way(url: str) -> None:
    clean, _ = Redactor().exchange(replace(EXCHANGE, url=url))
    assert "pass" not in clean.url
