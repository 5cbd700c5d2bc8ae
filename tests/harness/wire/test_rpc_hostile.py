"""Whatever the peer of a gRPC call does, an exchange comes back in time, within bounds, and recorded."""

from __future__ import annotations

import hashlib
import json
import struct
import threading
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.budget import Limits
from harness.record.exchange import Exchange
from harness.wire.http2.connection import Http2Connection
from harness.wire.http2.messages import Answer
from harness.wire.sockets import Call, Stream, WireError

from .clients import record_of
from .grpc_peer import BEGIN, DONE, GOAWAY, LARGE, LIVE, RST, GrpcPeer, data, frame, head, reply
from .hostile_grpc import BEHAVIOURS, Behaviour, HostileGrpc, grpc_client

# What never ends must not take long; what ends by itself is not to be cut off by a busy machine.
SECONDS, GENEROUS = 0.7, 10.0
BODY_CAP = 1 << 20
LIMITS = Limits(request_seconds=SECONDS, body_bytes=BODY_CAP)

# What is not named here is a breach of the protocol, and must be called one.
OUTCOMES: dict[str, tuple[str, ...]] = {
    "timeout": (
        *("never-answers", "never-reads", "garbage-short-held", "settings-then-silence", "headers-drip"),
        *("continuation-drip", "interim-drip", "endless-empty-data", "endless-padding", "drip-message"),
        *("goaway-graceful-then-silence", "zero-window"),
    ),
    "closed": (
        *("closes-at-once", "closes-after-request", "resets"),
        *("goaway-at-once", "goaway-refused", "goaway-error-in-the-middle", "goaway-unknown-code"),
    ),
    "reset": ("rst-flood", *(f"rst-{code}" for code in (*range(14), 999, 2**32 - 1))),
    "body-too-large": ("endless-page", "announced-2-gb", "announced-4-gb-then-done"),
    "encoding": ("compressed", "flag-255"),
    "OK": ("good", "goaway-graceful", "data-after-trailers", "answer-twice", "header-not-ascii", "shrinking-window"),
    "INTERNAL": ("message-cut-with-error",),
    "CODE_999": ("status-999",),
    "INVALID_ARGUMENT": ("message-not-utf-8",),
    "UNAVAILABLE": ("http-503",),
    "UNIMPLEMENTED": ("http-404",),
    "UNAUTHENTICATED": ("http-401-page",),
    "UNKNOWN": ("http-302", "http-204"),
    "RESOURCE_EXHAUSTED": ("answer-before-the-request-is-whole", "answer-before-the-request-is-whole-and-close"),
}
EXPECTED = {behaviour: outcome for outcome, behaviours in OUTCOMES.items() for behaviour in behaviours}
# Which of the two is a race inside the kernel.
EITHER = ("closes-at-once", "closes-after-request", "resets")
# Needs a request that does not fit into windows and buffers.
LARGE_REQUEST = {"never-reads": 8 << 20}
LARGE_REQUEST |= dict.fromkeys((name for name in BEHAVIOURS if "whole" in name or name.endswith("g-window")), LARGE)
LARGE_REQUEST["zero-window"] = LARGE


def test_only_known_behaviours_have_an_expectation() -> None:
    assert EXPECTED.keys() <= set(BEHAVIOURS)


def outcome(exchange: Exchange) -> str:
    """Name of the status, or kind of the failure; always exactly one of them."""
    assert (exchange.rpc is None) != (exchange.error is None)
    return exchange.rpc.name if exchange.rpc else exchange.error.kind if exchange.error else ""


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_an_exchange_comes_back(behaviour: str, tmp_path: Path) -> None:
    message = b"\x0a" * LARGE_REQUEST.get(behaviour, 0)
    # On a busy machine the deadline may come before the limit that a flood would meet.
    late = {"timeout"} if "flood" in behaviour or "endless" in behaviour else set()
    either = {"closed", "reset"} if behaviour in EITHER else set()
    expected = {EXPECTED.get(behaviour, "protocol")} | late | either
    limits = LIMITS if "timeout" in expected else replace(LIMITS, request_seconds=GENEROUS)
    with HostileGrpc(behaviour) as url, grpc_client(url, tmp_path, limits=limits) as (client, events):
        begin = time.monotonic()
        exchange = client.call("ServerLive", message)
        assert time.monotonic() - begin < limits.request_seconds + GENEROUS
    assert outcome(exchange) in expected, exchange.error
    assert len(exchange.response_body) <= BODY_CAP
    assert exchange.truncated == (exchange.answered and exchange.error is not None)
    # What may have been full for a moment is asked once more.
    assert len(events) == (2 if outcome(exchange) == "RESOURCE_EXHAUSTED" else 1)
    stored = record_of(tmp_path, events[-1])
    assert hashlib.sha256(stored).hexdigest() == exchange.ref
    assert (json.loads(stored)["error"] or {}).get("kind") == events[-1].error_kind
    assert (json.loads(stored)["rpc"] or {}).get("name") == events[-1].rpc


@pytest.mark.parametrize(
    "behaviour",
    ["endless-message", "endless-page", "ping-flood", "continuation-flood", "endless-padding", "headers-many"],
)
def test_a_flood_takes_bounded_memory(behaviour: str, tmp_path: Path) -> None:
    with HostileGrpc(behaviour) as url, grpc_client(url, tmp_path, limits=LIMITS) as (client, _):
        tracemalloc.start()
        try:
            exchange = client.server_live()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert exchange.error is not None
    assert peak < 12 * BODY_CAP


def test_an_answer_without_end_is_bounded_while_the_request_waits_for_window(tmp_path: Path) -> None:
    def behave(peer: GrpcPeer) -> None:
        peer.settings(window=0)
        kind, stream = -1, 0
        while kind != 1:
            kind, _, stream, _ = peer.next_frame()
        peer.send(head(stream, [(":status", "500")]))
        reader = threading.Thread(target=_swallow, args=(peer,), daemon=True, name="hostile")
        reader.start()
        peer.flood(frame(0, 0, stream, b"a" * 16384))

    with HostileGrpc(behave) as url, grpc_client(url, tmp_path, limits=LIMITS) as (client, _):
        exchange = client.call("ServerLive", b"a" * LARGE)
    assert outcome(exchange) in ("body-too-large", "timeout")
    assert len(exchange.response_body) <= BODY_CAP


def _swallow(peer: GrpcPeer) -> None:
    try:
        peer.swallow()
    except OSError:
        return


@pytest.mark.parametrize(
    ("behaviour", "status", "body"),
    [("page-200", 200, b"<html><body>hello</body></html>"), ("http-503", 503, b"<html><body>hello</body></html>")],
)
def test_the_page_of_a_proxy_is_recorded_whole(behaviour: str, status: int, body: bytes, tmp_path: Path) -> None:
    with HostileGrpc(behaviour) as url, grpc_client(url, tmp_path) as (client, _):
        exchange = client.server_live()
    assert (exchange.status, exchange.response_body, exchange.response_text) == (status, body, "")


def test_another_protocol_is_named(tmp_path: Path) -> None:
    with HostileGrpc("http-1") as url, grpc_client(url, tmp_path) as (client, _):
        exchange = client.server_live()
    assert exchange.error is not None
    assert "not HTTP/2" in exchange.error.message
    assert "HTTP/1.1 400 Bad Request" in exchange.error.message
    assert exchange.elapsed_s < GENEROUS, "the text looks like a frame of megabytes, which is not waited for"


def second(say: Behaviour) -> tuple[Behaviour, list[int]]:
    """Answers the first call of the first connection, does ``say`` at the second, and right from then on."""
    connections: list[int] = []

    def behave(peer: GrpcPeer) -> None:
        connections.append(1)
        peer.settings()
        stream, _ = peer.call()
        peer.send(reply(stream))
        if len(connections) == 1:
            peer.call()
            say(peer)
        peer.hold()

    return behave, connections


CONNECTION_GONE: dict[str, Behaviour] = {
    "close": lambda peer: peer.connection.close(),
    "reset": lambda peer: peer.reset(),
    "goaway": lambda peer: peer.send(frame(GOAWAY, 0, 0, struct.pack(">II", 1, 0))),
    "refused": lambda peer: peer.send(frame(RST, 0, 3, struct.pack(">I", 7))),
    "late-frames": lambda peer: peer.send(reply(1)),
}


@pytest.mark.parametrize("how", CONNECTION_GONE)
def test_a_call_that_meets_the_end_of_an_idle_connection_is_made_once_more(how: str, tmp_path: Path) -> None:
    behave, connections = second(CONNECTION_GONE[how])
    with HostileGrpc(behave) as url, grpc_client(url, tmp_path) as (client, events):
        assert client.server_live().ok
        assert client.server_live().ok
    assert [event.rpc for event in events] == ["OK", None, "OK"]
    assert len(connections) == 2


ANSWERED: dict[str, Behaviour] = {
    "reset-of-the-call": lambda peer: peer.send(frame(RST, 0, 3, struct.pack(">I", 2))),
    "goaway-after-taking-the-call": lambda peer: peer.send(frame(GOAWAY, 0, 0, struct.pack(">II", 3, 2))),
    "half-an-answer": lambda peer: peer.send(head(3) + frame(GOAWAY, 0, 0, struct.pack(">II", 1, 0))),
}


@pytest.mark.parametrize("how", ANSWERED)
def test_what_the_server_did_with_a_call_is_not_tried_again(how: str, tmp_path: Path) -> None:
    behave, connections = second(ANSWERED[how])
    with HostileGrpc(behave) as url, grpc_client(url, tmp_path) as (client, events):
        assert client.server_live().ok
        assert client.server_live().error is not None
        assert client.server_live().ok, "and the connection is given up"
    assert len(events) == 3
    assert len(connections) == 2


@pytest.mark.parametrize(
    "flood", [frame(6, 0, 0, b"12345678") * 1000, reply(1), frame(7, 0, 0, b"\0" * 8), b"HTTP/1.1"]
)
def test_what_comes_between_calls_spoils_no_call(flood: bytes, tmp_path: Path) -> None:
    def behave(peer: GrpcPeer) -> None:
        peer.settings()
        while True:
            stream, _ = peer.call()
            peer.send(reply(stream))
            if stream == 1:
                peer.send(flood)

    with HostileGrpc(behave) as url, grpc_client(url, tmp_path) as (client, _):
        for _ in range(4):
            assert client.server_live().rpc is not None
            time.sleep(0.05)


def test_an_endless_flood_between_calls_does_not_hold_the_next(tmp_path: Path) -> None:
    def behave(peer: GrpcPeer) -> None:
        stream = peer.opened()
        peer.send(reply(stream))
        reader = threading.Thread(target=_swallow, args=(peer,), daemon=True, name="hostile")
        reader.start()
        peer.flood(frame(6, 0, 0, b"12345678") * 100)

    with HostileGrpc(behave) as url, grpc_client(url, tmp_path, limits=LIMITS) as (client, _):
        client.server_live()
        begin = time.monotonic()
        client.server_live()
    assert time.monotonic() - begin < GENEROUS


def test_a_server_that_takes_no_stream_but_the_first_gets_new_connections(tmp_path: Path) -> None:
    connections = []

    def behave(peer: GrpcPeer) -> None:
        connections.append(1)
        peer.settings(streams=0)
        peer.send(reply(peer.call()[0]))
        peer.hold()

    with HostileGrpc(behave) as url, grpc_client(url, tmp_path) as (client, _):
        assert [client.server_live().ok for _ in range(3)] == [True] * 3
    assert len(connections) == 3


def test_a_connection_with_a_request_that_was_not_ended_is_not_used_again(tmp_path: Path) -> None:
    behaviour = "answer-before-the-request-is-whole"
    with HostileGrpc(behaviour) as url, grpc_client(url, tmp_path) as (client, _):
        found = [client.call("ServerLive", b"a" * LARGE).connection for _ in range(2)]
    # Each was tried twice, since the answer may mean that a pool was full.
    assert [facts and (facts.id, facts.request_index) for facts in found] == [(2, 1), (4, 1)]


@pytest.mark.parametrize("refusals", [1, 20])
def test_what_was_full_for_a_moment_is_no_answer_and_what_stays_full_is_one(refusals: int, tmp_path: Path) -> None:
    calls = []

    def behave(peer: GrpcPeer) -> None:
        peer.settings()
        while True:
            stream, _ = peer.call()
            calls.append(stream)
            full = len(calls) <= refusals
            peer.send(reply(stream, done=(("grpc-status", "8"),)) if full else reply(stream))

    with HostileGrpc(behave) as url, grpc_client(url, tmp_path) as (client, _):
        found = [client.server_live() for _ in range(6)]
    assert [outcome(exchange) for exchange in found] == ["RESOURCE_EXHAUSTED" if refusals > 1 else "OK"] * 6
    # Three that were refused again, and from then on each is taken at its word.
    assert len(calls) == (9 if refusals > 1 else 7)


class Script:
    """A stream that says what it was given, and then nothing more."""

    def __init__(self, text: bytes) -> None:
        self.left = text

    def read(self, size: int, timeout: Call) -> bytes:
        taken, self.left = self.left[:size], self.left[size:]
        timeout.note_received(taken)
        return taken

    def write(self, text: bytes, timeout: Call) -> None:
        """Take everything."""

    def get_extra_info(self, _: str) -> bool:
        return bool(self.left)


FRAMES = st.builds(
    frame,
    st.integers(0, 11),
    st.integers(0, 255),
    st.sampled_from([0, 1, 1, 1, 2, 3, 2**31 + 1]),
    st.one_of(
        st.binary(max_size=40),
        st.just(head(1)[9:]),
        st.just(head(1, DONE)[9:]),
        st.just(head(1, [*BEGIN, *DONE])[9:]),
        st.just(data(1)[9:]),
    ),
)


@given(st.lists(FRAMES | st.binary(max_size=30), max_size=12).map(b"".join))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_frames_at_all_raise_anything_but_a_wire_error(text: bytes) -> None:
    stream: Stream = Script(text)  # type: ignore[assignment]  # three methods are all that is used
    connection, answer = Http2Connection(stream), Answer()
    fields = ((":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "a"))
    try:
        connection.request(fields, b"hello", Call(5.0), answer, lambda _: None)
    except WireError:
        return
    assert answer.ended
    connection.usable()


def test_the_good_answer_is_good(tmp_path: Path) -> None:
    with HostileGrpc("good") as url, grpc_client(url, tmp_path) as (client, _):
        assert client.server_live().response_body == LIVE
