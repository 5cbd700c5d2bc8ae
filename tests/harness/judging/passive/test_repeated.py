"""Requests that came more than once, and those that got no whole answer."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from harness.judging.passive.repeated import LARGEST_OTHER, RepeatedRequests
from harness.judging.passive.unanswered import UnansweredRequests
from harness.record.exchange import Exchange, Failure
from tests.harness.judging.passive.answers import INFER, rest

BODY = json.dumps({"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1]}]}).encode()


def answered(value: float, *, body: bytes = BODY, url: str = INFER) -> Exchange:
    outputs = [{"name": "y", "shape": [1], "datatype": "FP32", "data": [value]}]
    return rest(200, {"model_name": "iris", "outputs": outputs}, body=body, url=url)


def found(*exchanges: Exchange) -> list[tuple[str, int, int]]:
    seen = RepeatedRequests()
    for exchange in exchanges:
        seen.look(exchange, "some-check")
    return [(each.kind, each.odd, each.count) for each in seen.of("rest")]


def test_another_answer_to_the_same_request_is_found_and_counted() -> None:
    assert found(answered(1.0), answered(2.0), answered(1.0), answered(2.0)) == [("other answer", 2, 4)]


@pytest.mark.parametrize(
    "other",
    [
        answered(1.0),
        answered(1.00001),
        answered(2.0, body=BODY + b" "),
        answered(2.0, url=INFER.replace("/infer", "/versions/2/infer")),
        rest(429, {"error": "later"}, body=BODY),
        rest(503, {"error": "later"}, body=BODY),
        replace(answered(2.0), error=Failure("closed", "in the middle of the body")),
    ],
)
def test_what_says_nothing_against_the_first_answer(other: Exchange) -> None:
    assert found(answered(1.0), other) == []


def test_an_error_to_a_request_that_was_answered_is_found() -> None:
    assert found(answered(1.0), rest(400, {"error": "no"}, body=BODY)) == [("error", 1, 2)]


def test_large_answers_are_not_held() -> None:
    large = rest(400, {"error": "n" * LARGEST_OTHER}, body=BODY)
    assert found(answered(1.0), large, large) == []


def test_an_error_before_the_first_answer_is_none() -> None:
    assert found(rest(500, {"error": "cold"}, body=BODY), answered(1.0)) == []


def test_an_id_in_front_changes_no_request() -> None:
    named = [b'{"id":"' + each + b'",' + BODY[1:] for each in (b"a", b"b")]
    assert found(answered(1.0, body=named[0]), answered(2.0, body=named[1])) == [("other answer", 1, 2)]


@pytest.mark.parametrize("odd", ["ключ", "i" * 100, "a b", ""])
def test_an_id_that_may_be_what_is_refused_makes_another_request(odd: str) -> None:
    named = [b'{"id":"' + each.encode() + b'",' + BODY[1:] for each in ("a", odd)]
    assert found(answered(1.0, body=named[0]), rest(500, {"error": "no"}, body=named[1])) == []


def test_state_and_memory_that_is_shared_are_left_out() -> None:
    body = b'{"parameters":{"sequence_id":1},' + BODY[1:]
    assert found(answered(1.0, body=body), answered(2.0, body=body)) == []


def test_of_each_kind_without_an_answer_the_first_is_kept() -> None:
    seen = UnansweredRequests()
    closed = replace(rest(200, b""), status=None, error=Failure("closed", "closed"))
    for exchange in (closed, closed, replace(closed, method="GET"), replace(closed, error=Failure("timeout", "slow"))):
        seen.look(exchange, None)
    assert [kind for kind, *_ in seen.kept] == ["POST on infer", "GET on infer with another verb"]
