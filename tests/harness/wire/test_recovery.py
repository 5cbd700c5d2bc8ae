"""Two courtesies of the client: an idle close is nobody's fault, and a dead endpoint costs little patience."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.budget import Limits
from harness.check import Untestable
from harness.wire.client import ASKED_IN_FULL, IMPATIENT_SECONDS, SILENCES
from harness.wire.pace import THROTTLED_TRIES
from tests.harness.wire.clients import client_for
from tests.harness.wire.hostile import GoodServer, HostileServer, ok


@contextmanager
def closing_server(answers: int) -> Iterator[str]:
    """Answers so many requests on each connection, reads one more, and closes without a word."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                for number in range(answers + 1):
                    if not connection.recv(65536):
                        break
                    if number < answers:
                        connection.sendall(ok(b"{}"))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def test_a_request_that_meets_an_idle_close_is_sent_once_more(tmp_path: Path) -> None:
    with closing_server(answers=1) as url:
        client, events = client_for(url, tmp_path)
        with client:
            assert client.server_live().ok
            assert client.server_live().ok
    assert [event.status for event in events] == [200, None, 200]


def test_a_close_on_a_new_connection_is_a_finding(tmp_path: Path) -> None:
    with closing_server(answers=0) as url:
        client, events = client_for(url, tmp_path)
        with client:
            exchange = client.server_live()
    assert exchange.error is not None
    assert len(events) == 1


def test_impatience_with_a_silent_endpoint_makes_no_verdict(tmp_path: Path) -> None:
    with HostileServer("never-answers") as url:
        client, events = client_for(url, tmp_path, limits=Limits(request_seconds=1.2))
        with client:
            for _ in range(SILENCES):
                client.server_live()
            for _ in range(ASKED_IN_FULL):
                exchange = client.server_live()
                assert exchange.error is not None
                assert "within 1.2 s" in exchange.error.message
            # A last try with little patience, and then it is not held against the endpoint.
            with pytest.raises(Untestable, match="not waited for"):
                client.server_live()
    assert len(events) == SILENCES + 2 * ASKED_IN_FULL + 1
    assert IMPATIENT_SECONDS < 1.2


def throttling(refusals: int, after: bytes) -> Callable[[bytes], bytes]:
    """Answers 429 with Retry-After so many times, then 200."""
    left = [refusals]

    def reply(_: bytes) -> bytes:
        left[0] -= 1
        if left[0] >= 0:
            return b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nRetry-After: " + after + b"\r\n\r\n"
        return ok(b"{}")

    return reply


def test_a_rate_limit_is_waited_for_and_slows_the_client_down(tmp_path: Path) -> None:
    with GoodServer(throttling(2, b"0")) as url:
        client, events = client_for(url, tmp_path)
        assert client.server_live().ok
        assert client.pace.interval > 0
    assert [event.status for event in events] == [429, 429, 200]


def test_a_long_pause_is_not_waited_for(tmp_path: Path) -> None:
    with GoodServer(throttling(1, b"3600")) as url:
        client, events = client_for(url, tmp_path)
        assert client.server_live().status == 429
    assert len(events) == 1


def test_an_endpoint_that_never_lets_through_is_waited_for_once(tmp_path: Path) -> None:
    with GoodServer(throttling(1000, b"0")) as url:
        client, events = client_for(url, tmp_path)
        assert client.server_live().status == 429
        first = len(events)
        assert client.server_live().status == 429
    assert first == 1 + THROTTLED_TRIES
    assert len(events) == first + 1
