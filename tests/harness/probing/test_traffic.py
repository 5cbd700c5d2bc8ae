"""What requests at a steady pace saw of a change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from harness.probing.traffic import Side, broke, lost, refused_cleanly
from harness.record.exchange import Exchange, Failure, RpcStatus

GOOD = Exchange(
    n=1, method="POST", url="http://a/v2/models/m/infer", http_version="HTTP/1.1", request_headers=(), request_body=b"",
    status=200, reason="", response_http_version="HTTP/1.1", response_headers=(), response_body=b"", truncated=False,
    error=None, started="", start_ns=0, headers_ns=None, end_ns=0, connection=None,
)  # fmt: skip
SECOND = 10**9


def answers(*statuses: tuple[float, float, int]) -> Side:
    """A side that was answered: from when, until when, and with what status."""
    rows = [
        replace(GOOD, status=status, start_ns=int(start * SECOND), end_ns=int(end * SECOND))
        for start, end, status in statuses
    ]
    return Side(cast("Any", None), (), [(0, each) for each in rows])


@pytest.mark.parametrize(
    ("side", "seconds"),
    [
        (answers((0, 0.1, 200), (1, 1.1, 200)), 0.0),
        (answers((0, 0.1, 200), (1, 1.1, 503), (2, 2.1, 503), (3, 3.1, 200), (4, 4.1, 503), (4.5, 4.6, 200)), 2.0),
        (answers((0, 0.1, 503), (1, 1.1, 503)), 1.0),
        (answers((0, 5.0, 503), (5.1, 5.2, 200)), 0.2),
    ],
    ids=["none", "longest", "to-the-end", "waited-for"],
)
def test_a_gap_goes_from_a_refusal_to_the_next_answer(side: Side, seconds: float) -> None:
    found, shown = side.gap()
    assert found == pytest.approx(seconds)
    assert (shown is None) is (seconds == 0.0)


def test_good_answers_are_counted_from_the_end() -> None:
    assert answers((0, 1, 503), (1, 2, 200), (2, 3, 200)).good_in_a_row() == 2
    assert answers().good_in_a_row() == 0


@pytest.mark.parametrize(
    ("exchange", "kind"),
    [
        (GOOD, "good"),
        *((replace(GOOD, status=status), "refused") for status in (400, 404, 409, 429, 502, 503, 504)),
        *((replace(GOOD, status=status), "broke") for status in (500, 501)),
        *((replace(GOOD, rpc=RpcStatus(0, code, "")), "broke") for code in ("UNKNOWN", "INTERNAL", "DATA_LOSS")),
        *((replace(GOOD, rpc=RpcStatus(5, code, "")), "refused") for code in ("UNAVAILABLE", "NOT_FOUND")),
        (replace(GOOD, status=None, error=Failure("timeout", "")), "lost"),
        (replace(GOOD, error=Failure("closed", "")), "lost"),
    ],
)
def test_what_says_not_now_is_told_from_what_breaks(exchange: Exchange, kind: str) -> None:
    seen = {"lost": lost(exchange), "broke": broke(exchange), "refused": refused_cleanly(exchange)}
    assert [name for name, is_so in seen.items() if is_so] == ([] if kind == "good" else [kind])
