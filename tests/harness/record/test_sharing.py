"""Large bodies: the same bytes are held once, as long as somebody holds them."""

from __future__ import annotations

from dataclasses import replace

from harness.record.sharing import LARGE, SharedBodies

from .test_redact import EXCHANGE


def body(byte: str = "a", size: int = LARGE) -> bytes:
    return byte.encode() * size


def test_a_large_body_is_held_once() -> None:
    shared = SharedBodies()
    first = shared.recorded(replace(EXCHANGE, request_body=body("q"), response_body=body()), "1")
    again = shared.recorded(replace(EXCHANGE, request_body=body("q"), response_body=body()), "2")
    echo = shared.recorded(replace(EXCHANGE, request_body=body("p"), response_body=body("q")), "3")
    assert again.request_body is first.request_body is echo.response_body
    assert again.response_body is first.response_body
    assert (first.ref, again.ref) == ("1", "2")


def test_every_body_stays_what_it_was() -> None:
    shared = SharedBodies()
    kept = [
        shared.recorded(replace(EXCHANGE, request_body=body(each), response_body=body(each, size)), each)
        for each, size in (("a", 3), ("b", LARGE), ("a", LARGE + 1), ("b", 0))
    ]
    assert [each.request_body for each in kept] == [body(each) for each in "abab"]
    assert [each.response_body for each in kept] == [body("a", 3), body("b"), body("a", LARGE + 1), b""]


def test_nothing_is_held_that_nobody_else_holds() -> None:
    shared = SharedBodies()
    first = shared.recorded(replace(EXCHANGE, request_body=body(), response_body=b""), "1")
    del first
    later = body()
    assert shared.recorded(replace(EXCHANGE, request_body=later, response_body=b""), "2").request_body is later
