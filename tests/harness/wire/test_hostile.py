"""Whatever the peer does, an exchange comes back in time, within bounds, with a reason, and recorded."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from harness.budget import Limits
from harness.record.coding import Undecodable, decoded_body
from harness.wire import strictjson
from harness.wire.rest import json_of

from .clients import client_for, record_of
from .hostile import BEHAVIOURS, CUTS, GOOD, HostileServer, gzip_bomb

# What never ends must not take long; what ends by itself is not to be cut off by a busy machine.
SECONDS, GENEROUS = 1.0, 10.0
BODY_CAP = 1 << 20
LIMITS = Limits(request_seconds=GENEROUS, body_bytes=BODY_CAP)

ENDED = {"closed", "reset"}  # which of the two is a race inside the kernel
EXPECTED: dict[str, set[str]] = {
    "never-answers": {"timeout"},
    "never-reads": {"timeout"},
    "closes-at-once": ENDED,
    "drip-header": {"timeout"},
    "drip-headers": {"timeout"},
    "drip-body": {"timeout"},
    "drip-chunks": {"timeout"},
    "drip-1xx": {"timeout"},
    "endless-headers": {"protocol"},
    "endless-header": {"protocol"},
    "endless-1xx": {"protocol"},
    "endless-chunked": {"body-too-large"},
    "endless-tiny-chunks": {"body-too-large", "timeout"},
    "endless-chunk-extension": {"protocol"},
    "endless-trailers": {"protocol"},
    "endless-length": {"body-too-large"},
    "endless-until-close": {"body-too-large"},
    "length-too-long": ENDED,
    "length-too-long-held": {"timeout"},
    "length-negative": {"protocol"},
    "length-twice": {"protocol"},
    "chunk-size-invalid": {"protocol"},
    "chunk-size-negative": {"protocol"},
    "chunk-size-huge": ENDED,
    "chunk-footer-wrong": {"protocol"},
    "garbage": {"protocol"},
    "garbage-text-held": {"protocol"},
    "http-0.9": {"protocol"},
    "http-2": {"protocol"},
    "status-not-a-number": {"protocol"},
    "status-too-long": {"protocol"},
    "header-huge": {"protocol"},
    "header-without-colon": {"protocol"},
    "header-null": {"protocol"},
    "switching-protocols": {"protocol"},
    **{f"reset-at-{at}": {"reset", "closed"} for at in CUTS},
    **{f"close-at-{at}": ENDED for at in CUTS},
}
# What could still become an answer, and is called what it is when the time is over.
HELD = {"garbage-text-held": 2 * SECONDS}
# Whole responses as HTTP goes; what is wrong with them shows in the body or on the next request.
WHOLE = {
    "gzip-bomb": 200,
    "gzip-broken": 200,
    "length-too-short": 200,
    "length-and-chunked": 200,
    "header-latin-1": 200,
    "no-content-with-body": 204,
    "response-before-request": 200,
    "two-responses": 200,
    "body-not-utf-8": 200,
    "body-deep": 200,
    "body-long-integer": 200,
}


def test_every_behaviour_has_an_expectation() -> None:
    assert set(BEHAVIOURS) == EXPECTED.keys() | WHOLE.keys()


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_an_exchange_comes_back(behaviour: str, tmp_path: Path) -> None:
    # More than the socket buffers of both sides hold, so that a peer which does not read is noticed.
    body = b" " * (8 << 20) if behaviour == "never-reads" else b'{"inputs":[]}'
    # On a busy machine the deadline may come before the limit that a flood would meet.
    late = {"timeout"} if behaviour.startswith("endless") else set()
    expected = EXPECTED.get(behaviour, set()) | late
    seconds = SECONDS if "timeout" in expected else HELD.get(behaviour, GENEROUS)
    gzip_bomb()  # made once, and not in the time of the request
    with HostileServer(behaviour) as url:
        client, events = client_for(url, tmp_path, limits=replace(LIMITS, request_seconds=seconds))
        begin = time.monotonic()
        exchange = client.infer("m", body)
        assert time.monotonic() - begin < seconds + GENEROUS
        client.close()
    kind = exchange.error.kind if exchange.error else None
    if behaviour in WHOLE:
        assert (exchange.status, kind) == (WHOLE[behaviour], None)
    else:
        assert kind in expected, exchange.error
        assert exchange.truncated == exchange.answered
    assert len(exchange.response_body) <= BODY_CAP
    stored = record_of(tmp_path, events[0])
    assert hashlib.sha256(stored).hexdigest() == exchange.ref
    assert (json.loads(stored)["error"] or {}).get("kind") == kind == events[0].error_kind
    with contextlib.suppress(strictjson.NotJson, strictjson.TooMuch):
        json_of(exchange)


def test_a_flood_takes_bounded_memory(tmp_path: Path) -> None:
    with HostileServer("endless-length") as url:
        client, _ = client_for(url, tmp_path, limits=replace(LIMITS, request_seconds=60.0))
        tracemalloc.start()
        try:
            exchange = client.server_live()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert exchange.truncated
    assert len(exchange.response_body) == BODY_CAP
    assert peak < 8 * BODY_CAP


def test_a_gzip_bomb_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    assert len(gzip_bomb()) < 2 << 20
    with HostileServer("gzip-bomb") as url:
        client, _ = client_for(url, tmp_path, limits=Limits(request_seconds=GENEROUS), secrets=["a-secret-of-mine"])
        exchange = client.server_live()
        limit = 1 << 20
        tracemalloc.start()
        try:
            with pytest.raises(Undecodable) as refusal:
                decoded_body(exchange, limit)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert refusal.value.failure.kind == "body-too-large"
    assert peak < 8 * limit


@pytest.mark.parametrize("behaviour", ["two-responses", "length-too-short", "no-content-with-body"])
def test_unasked_bytes_never_answer_the_next_request(behaviour: str, tmp_path: Path) -> None:
    with HostileServer(behaviour) as url:
        client, _ = client_for(url, tmp_path, limits=LIMITS)
        connections = {client.server_live().connection for _ in range(3)}
        client.close()
    assert len({facts.id for facts in connections if facts}) == 3
    assert all(facts is not None and facts.request_index == 1 for facts in connections)


def test_a_failed_connection_is_not_used_again(tmp_path: Path) -> None:
    with HostileServer(f"close-at-{len(GOOD) - 1}") as url:
        client, _ = client_for(url, tmp_path, limits=LIMITS)
        found = [client.server_live().connection for _ in range(2)]
        client.close()
    assert [facts and (facts.id, facts.request_index) for facts in found] == [(1, 1), (2, 1)]


def test_the_server_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    for behaviour in ("never-answers", "endless-length", "drip-header"):
        with HostileServer(behaviour):
            pass
    assert not set(threading.enumerate()) - before
