"""Calls that are given up: a server of Google's own library sees them end as they were meant to end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest

from harness.wire.http2.messages import Withdrawal
from harness.wire.rpc import messages_of, timeout_of

from .hostile_grpc import grpc_client

SECONDS, PATIENCE = 0.1, 10.0
STREAM = "ModelStreamInfer"
MESSAGE = b"a message that is given up"


class Calls:
    """What the handlers of a server saw.

    Attributes:
        left: the seconds that each call said it had, as its handler began.
        ended: how they ended.
        whole: set: a handler that has not been given up yet answers.
    """

    def __init__(self) -> None:
        self.left: list[float] = []
        self.ended: list[str] = []
        self.whole = threading.Event()
        self._begun = time.monotonic()
        self._all_here: float | None = None

    def wait(self, context: Any, seconds: float) -> str:
        """Until the call is given up, has to be answered, or the time is over: how it ended."""
        end = time.monotonic() + seconds
        while context.is_active() and not self.whole.is_set() and time.monotonic() < end:
            time.sleep(0.005)
        return "whole" if context.is_active() else "given up"

    def clock(self, count: int) -> SimpleNamespace:
        """A clock that stands still until so many handlers have begun: what is given up has reached the server."""

        def monotonic() -> float:
            if self._all_here is None:
                if len(self.left) < count:
                    return self._begun
                self._all_here = time.monotonic()
            return self._begun + time.monotonic() - self._all_here

        return SimpleNamespace(monotonic=monotonic)


@contextmanager
def serving(calls: Calls, handler: Any) -> Iterator[int]:
    """A server with one handler for all methods: its port."""

    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
        def service(self, handler_call_details: Any) -> Any:
            del handler_call_details
            return handler

    with ThreadPoolExecutor(8) as pool:
        server = grpc.server(pool, handlers=(Handler(),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield port
        finally:
            calls.whole.set()
            server.stop(None).wait(5)


@contextmanager
def watched(seconds: float) -> Iterator[tuple[int, Calls]]:
    """A server that takes so long for an answer."""
    calls = Calls()

    def serve(request: bytes, context: Any) -> bytes:
        calls.left.append(context.time_remaining())
        calls.ended.append(calls.wait(context, seconds))
        return request

    with serving(calls, grpc.unary_unary_rpc_method_handler(serve)) as port:
        yield port, calls


@contextmanager
def streaming() -> Iterator[tuple[int, Calls]]:
    """A server that answers each message of a stream twice."""
    calls = Calls()

    def serve(requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        calls.left.append(context.time_remaining())
        how = "given up"
        try:
            for each in requests:
                yield from (each, each[::-1])
            # The end of the requests may come before the end of the call.
            how = calls.wait(context, PATIENCE)
        except grpc.RpcError:
            pass
        finally:  # also where what it yields is wanted no more
            calls.ended.append(how)

    with serving(calls, grpc.stream_stream_rpc_method_handler(serve)) as port:
        yield port, calls


@pytest.mark.parametrize(
    "how",
    [
        Withdrawal((PATIENCE,) * 2, ends=False, answered=True, lingers=SECONDS),
        Withdrawal((2 * SECONDS,) * 2, ends=False, closes=True),
        Withdrawal((2 * SECONDS,) * 2, part=0.0, ends=False),
    ],
    ids=["after-its-answer", "closed", "before-its-message"],
)
def test_a_stream_stays_open_until_it_is_given_up(
    how: Withdrawal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with streaming() as (port, calls), grpc_client(f"http://127.0.0.1:{port}", tmp_path) as (client, _):
        monkeypatch.setattr("harness.wire.http2.withdrawing.time", calls.clock(2))
        begun = time.monotonic()
        made = client.give_up(STREAM, MESSAGE, how)
        assert SECONDS <= time.monotonic() - begun < PATIENCE / 2
        assert settled(calls.ended, 2) == ["given up"] * 2
        calls.whole.set()
        after = client.call(STREAM, MESSAGE)
        assert settled(calls.ended, 3)[2:] == ["whole"]
    assert [(each.answered, each.error) for each in made] == [(False, None)] * 2
    assert after.ok
    assert messages_of(after.response_body) == [MESSAGE, MESSAGE[::-1]]
    assert messages_of(after.response_body[:-1]) == [MESSAGE]


def settled(ended: list[str], count: int) -> list[str]:
    end = time.monotonic() + PATIENCE
    while len(ended) < count and time.monotonic() < end:
        time.sleep(0.01)
    return ended


@pytest.mark.parametrize(
    ("how", "seen"),
    [
        (Withdrawal((SECONDS,) * 3), ["given up"] * 3),
        (Withdrawal((SECONDS,) * 3, closes=True), ["given up"] * 3),
        (Withdrawal((PATIENCE,) * 3), ["whole"] * 3),
        (Withdrawal((PATIENCE,) * 3, answered=True), ["whole"] * 3),
        (Withdrawal((0.01,) * 3, part=0.5), []),
        (Withdrawal((0.0,) * 3, part=0.0), []),
    ],
    ids=["cancelled", "closed", "answered-before", "at-the-answer", "within-the-message", "before-it"],
)
def test_a_server_sees_calls_end(
    how: Withdrawal, seen: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up = "given up" in seen
    with (
        watched(PATIENCE if given_up else 2 * SECONDS) as (port, calls),
        grpc_client(f"http://127.0.0.1:{port}", tmp_path) as (client, events),
    ):
        if given_up:
            monkeypatch.setattr("harness.wire.http2.withdrawing.time", calls.clock(3))
        made = client.give_up("ModelInfer", MESSAGE, how)
        assert settled(calls.ended, len(seen)) == seen
        calls.whole.set()
        after = client.call("ModelInfer", MESSAGE)
    assert [(each.answered, each.error, each.request_body) for each in made] == [(False, None, MESSAGE)] * 3
    assert (client.budget.used, len(events)) == (4, 4)
    assert after.ok
    assert after.response_body == MESSAGE
    assert after.connection is not None
    assert (after.connection.request_index == 1) is how.closes


def test_a_server_gives_up_at_the_deadline(tmp_path: Path) -> None:
    how = Withdrawal((PATIENCE,) * 3)
    for deadline in (SECONDS, 10 * SECONDS, 50 * SECONDS):
        with watched(PATIENCE) as (port, calls), grpc_client(f"http://127.0.0.1:{port}", tmp_path) as (client, _):
            client.give_up("ModelInfer", MESSAGE, how, deadline)
            # Where the deadline has passed before a handler could begin, the server does not begin it.
            if len(calls.left) < 3:
                continue
            assert settled(calls.ended, 3) == ["given up"] * 3
            assert max(calls.left) <= deadline
            return
    pytest.fail("no deadline was long enough for this machine")


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
