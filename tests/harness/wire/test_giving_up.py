"""Calls that are given up: a server of Google's own library sees them end as they were meant to end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from harness.wire.http2.messages import Withdrawal
from harness.wire.rpc import messages_of, timeout_of

from .hostile_grpc import grpc_client

SECONDS = 0.8
STREAM = "ModelStreamInfer"
MESSAGE = b"a message that is given up"


@contextmanager
def watched() -> Iterator[tuple[int, list[str], list[float]]]:
    """A server: its port, how calls of it ended, and the seconds that each said it had left."""
    ended: list[str] = []
    left: list[float] = []

    def serve(request: bytes, context: Any) -> bytes:
        left.append(context.time_remaining())
        end = time.monotonic() + SECONDS
        while context.is_active() and time.monotonic() < end:
            time.sleep(0.005)
        ended.append("whole" if context.is_active() else "given up")
        return request

    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
        def service(self, handler_call_details: Any) -> Any:
            del handler_call_details
            return grpc.unary_unary_rpc_method_handler(serve)

    server = grpc.server(ThreadPoolExecutor(8), handlers=(Handler(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port, ended, left
    finally:
        server.stop(None).wait(5)


@contextmanager
def streaming() -> Iterator[tuple[int, list[str]]]:
    """A server that answers each message of a stream twice: its port, and what it saw of each stream."""
    seen: list[str] = []

    def serve(requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        seen.append("begun")
        try:
            for each in requests:
                yield from (each, each[::-1])
        except grpc.RpcError:
            pass
        time.sleep(SECONDS / 8)  # the end of the requests may come before the end of the call
        seen.append("ended" if context.is_active() else "given up")

    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
        def service(self, handler_call_details: Any) -> Any:
            del handler_call_details
            return grpc.stream_stream_rpc_method_handler(serve)

    server = grpc.server(ThreadPoolExecutor(8), handlers=(Handler(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port, seen
    finally:
        server.stop(None).wait(5)


@pytest.mark.parametrize(
    "how",
    [
        Withdrawal((SECONDS * 10,) * 2, ends=False, answered=True, lingers=SECONDS / 8),
        Withdrawal((SECONDS / 4,) * 2, ends=False, closes=True),
        Withdrawal((SECONDS / 4,) * 2, part=0.0, ends=False),
    ],
    ids=["after-its-answer", "closed", "before-its-message"],
)
def test_a_stream_stays_open_until_it_is_given_up(how: Withdrawal, tmp_path: Path) -> None:
    with streaming() as (port, seen), grpc_client(f"http://127.0.0.1:{port}", tmp_path) as (client, _):
        begun = time.monotonic()
        made = client.give_up(STREAM, MESSAGE, how)
        assert SECONDS / 8 <= time.monotonic() - begun < SECONDS * 10
        assert sorted(settled(seen, 4)) == ["begun"] * 2 + ["given up"] * 2
        after = client.call(STREAM, MESSAGE)
    assert [(each.answered, each.error) for each in made] == [(False, None)] * 2
    assert after.ok
    assert messages_of(after.response_body) == [MESSAGE, MESSAGE[::-1]]
    assert messages_of(after.response_body[:-1]) == [MESSAGE]


def settled(ended: list[str], count: int) -> list[str]:
    end = time.monotonic() + 10
    while len(ended) < count and time.monotonic() < end:
        time.sleep(0.01)
    return ended


@pytest.mark.parametrize(
    ("how", "deadline", "seen"),
    [
        (Withdrawal((SECONDS / 8,) * 3), None, ["given up"] * 3),
        (Withdrawal((SECONDS / 8,) * 3, closes=True), None, ["given up"] * 3),
        (Withdrawal((SECONDS * 10,) * 3), SECONDS / 8, ["given up"] * 3),
        (Withdrawal((SECONDS * 10,) * 3), None, ["whole"] * 3),
        (Withdrawal((SECONDS * 10,) * 3, answered=True), None, ["whole"] * 3),
        (Withdrawal((0.01,) * 3, part=0.5), None, []),
        (Withdrawal((0.0,) * 3, part=0.0), None, []),
    ],
    ids=["cancelled", "closed", "deadline", "answered-before", "at-the-answer", "within-the-message", "before-it"],
)
def test_a_server_sees_calls_end(how: Withdrawal, deadline: float | None, seen: list[str], tmp_path: Path) -> None:
    with watched() as (port, ended, left), grpc_client(f"http://127.0.0.1:{port}", tmp_path) as (client, events):
        made = client.give_up("ModelInfer", MESSAGE, how, deadline)
        assert settled(ended, len(seen)) == seen
        after = client.call("ModelInfer", MESSAGE)
    assert [(each.answered, each.error, each.request_body) for each in made] == [(False, None, MESSAGE)] * 3
    assert (client.budget.used, len(events)) == (4, 4)
    assert after.ok
    assert after.response_body == MESSAGE
    assert after.connection is not None
    assert (after.connection.request_index == 1) is how.closes
    assert deadline is None or max(left[:-1]) <= deadline


def test_nobody_there_is_one_failure(tmp_path: Path) -> None:
    with grpc_client("http://127.0.0.1:9", tmp_path) as (client, _):
        (made,) = client.give_up("ModelInfer", MESSAGE, Withdrawal((0.0,) * 3))
    assert made.error is not None
    assert made.error.kind == "connect"


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.0, "1u"), (0.00025, "250u"), (99.0, "99000000u"), (100.0, "100000m"), (1e9, "99999999m")]
)
def test_a_time_has_eight_digits_at_most(seconds: float, said: str) -> None:
    assert timeout_of(seconds) == said
