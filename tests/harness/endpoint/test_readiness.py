"""An endpoint that is not ready yet is waited for, where that was asked for: before anything else, and no longer."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.budget import Budget, Limits
from harness.endpoint.readiness import wait_until_ready
from harness.record.redact import Redactor
from harness.record.store import Recorder
from harness.wire.access import Access
from harness.wire.rest import RestClient
from tests.harness.wire.clients import store_at
from tests.ports import held_port


@contextlib.contextmanager
def late(port: int, *, opens: float, not_ready: int, missing: bool = False) -> Iterator[None]:
    """A server that listens after so many seconds, and then says so many times that it is not ready."""
    over, listening = threading.Event(), threading.Event()

    def serve() -> None:
        answers = iter([503] * not_ready)
        over.wait(opens)
        with socket.create_server(("127.0.0.1", port)) as server:
            server.settimeout(0.1)
            listening.set()
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    peer, _ = server.accept()
                    with peer:
                        if not peer.recv(4096):
                            continue
                        status = next(answers, 404 if missing else 200)
                        peer.sendall(f"HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode())

    thread = threading.Thread(target=serve)
    thread.start()
    if not opens:
        listening.wait(10)
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[RestClient]:
    recorder = Recorder(store_at(tmp_path), Redactor(), lambda _: None)
    with (
        held_port() as port,
        RestClient(Access(f"http://127.0.0.1:{port}"), recorder, Budget(Limits(seconds=60.0))) as found,
    ):
        yield found


@pytest.mark.parametrize("opens", [0.0, 1.0])
def test_it_is_waited_for_and_the_time_of_the_run_begins_afterwards(client: RestClient, opens: float) -> None:
    said: list[str] = []
    begin = time.monotonic()
    with late(client.access.address.port, opens=opens, not_ready=2):
        wait_until_ready([client], [("m", None)], 60.0, said.append)
        waited, spent = time.monotonic() - begin, 60.0 - client.budget.seconds_left
    assert said[0].startswith("waiting up to 60 s until the endpoint is ready")
    assert said[-1].startswith("ready after")
    assert waited >= 1.0 + opens
    assert spent < waited


def test_what_is_not_ready_in_time_is_probed_as_it_is(client: RestClient) -> None:
    said: list[str] = []
    with late(client.access.address.port, opens=0.0, not_ready=1000):
        wait_until_ready([client], [], 0.5, said.append)
    assert "probed as it is" in said[-1]


def test_nothing_is_waited_for_where_there_is_no_readiness(client: RestClient) -> None:
    said: list[str] = []
    with late(client.access.address.port, opens=0.0, not_ready=0, missing=True):
        wait_until_ready([client], [("m", "1")], 60.0, said.append)
    assert not said
