"""The proxy passes everything on until it is told to do harm, and does what it is told."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from harness.drills.declared import Drill
from harness.drills.faults.fault import FaultError
from harness.drills.injector import Injector
from harness.drills.proxies import OwnProxy
from harness.record.children import module
from tests.harness.drills.conftest import Started, drill_of, until
from tests.harness.drills.replica import ANSWER
from tests.ports import free_port

SLOW_S, BUSY_S = 0.4, 30.0


class Bench:
    """A replica, the proxy in front of it, and a client that keeps its connection."""

    def __init__(self, to: str) -> None:
        self.to, self.port = to, free_port()
        self.injector = Injector(["faults"])
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=BUSY_S, trust_env=False)

    def drill(self, fault: str) -> Drill:
        """A drill through the proxy; it is prepared, and the client is connected."""
        found = drill_of(f"kind = {fault}\nlisten = '127.0.0.1:{self.port}'\nto = '{self.to}'")
        self.injector.prepared(found)
        assert self.ask().content == ANSWER
        return found

    def ask(self, size: int = 10) -> httpx.Response:
        """One request, of that many bytes."""
        return self.client.post("/v2/models/m/infer", content=b"x" * size)


@pytest.fixture
def bench(replica: Started) -> Iterator[Bench]:
    made = Bench(replica("r1").ready.removeprefix("http://").rstrip("/"))
    with made.client, made.injector:
        yield made


@pytest.mark.parametrize("size", [0, 10, 300_000])
def test_everything_passes_before_and_after(size: int, bench: Bench) -> None:
    drill = bench.drill("'reset'")
    assert bench.ask(size).content == ANSWER
    bench.injector.inject(drill)
    with pytest.raises(httpx.TransportError):
        bench.ask(size)
    bench.injector.revert(drill)
    assert bench.ask(size).content == ANSWER


def test_delay_and_jitter(bench: Bench) -> None:
    drill = bench.drill("'delay'\ndelay_s = 0.5\njitter_s = 0.1")
    bench.injector.inject(drill)
    assert SLOW_S <= quickest(bench, 3) < 3
    assert "the fault met 1 connections" in bench.injector.revert(drill).output
    assert quickest(bench, SLOW_S) < SLOW_S


def test_bandwidth(bench: Bench) -> None:
    drill = bench.drill("'bandwidth'\nbytes_per_s = 10000")
    bench.injector.inject(drill)
    assert 0.9 <= quickest(bench, 3, 10_000) < 3
    bench.injector.revert(drill)
    assert quickest(bench, SLOW_S, 10_000) < SLOW_S


def test_slow_body(bench: Bench) -> None:
    drill = bench.drill(f"'slow-body'\nbytes_per_s = {len(ANSWER) * 2}")
    bench.injector.inject(drill)
    begun = time.monotonic()
    with bench.client.stream("POST", "/", content=b"x") as answer:
        assert answer.status_code == 200
        assert answer.read() == ANSWER
        assert time.monotonic() - begun >= SLOW_S
    bench.injector.revert(drill)
    assert quickest(bench, SLOW_S) < SLOW_S


def test_what_is_held_back_comes_at_once_when_the_fault_ends(bench: Bench) -> None:
    drill = bench.drill("'delay'\ndelay_s = 60")
    bench.injector.inject(drill)
    with socket.create_connection(("127.0.0.1", bench.port), timeout=BUSY_S) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        time.sleep(0.3)
        bench.injector.revert(drill)
        assert line.recv(8) == b"HTTP/1.1"


def test_refused(bench: Bench) -> None:
    drill = bench.drill("'refuse'")
    bench.injector.inject(drill)
    with pytest.raises(httpx.TransportError):
        bench.ask()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", bench.port), timeout=BUSY_S)
    bench.injector.revert(drill)
    assert bench.ask().content == ANSWER


def test_a_new_connection_is_reset_with_its_first_byte(bench: Bench) -> None:
    bench.injector.inject(bench.drill("'reset'"))
    with socket.create_connection(("127.0.0.1", bench.port), timeout=BUSY_S) as line:
        line.sendall(b"x")
        with pytest.raises(ConnectionResetError):
            line.recv(1)


def test_half_open(bench: Bench) -> None:
    drill = bench.drill("'half-open'")
    bench.injector.inject(drill)
    for _ in range(2):
        with pytest.raises(httpx.ReadTimeout):
            bench.client.post("/", content=b"x", timeout=0.5)
    bench.injector.revert(drill)
    assert bench.ask().content == ANSWER


def test_cut(bench: Bench) -> None:
    drill = bench.drill("'cut'")
    bench.injector.inject(drill)
    with pytest.raises(httpx.RemoteProtocolError, match=r"incomplete|complete message body"):
        bench.ask()
    bench.injector.revert(drill)
    assert bench.ask().content == ANSWER


def test_errors_come_in_bursts_and_no_request_reaches_the_replica(bench: Bench) -> None:
    drill = bench.drill("'errors'\nstatus = 429\nretry_after_s = 2\nburst_s = 0.5\nevery_s = 1.5")
    bench.injector.inject(drill)
    seen: list[httpx.Response] = []

    def comes(status: int, size: int = 10) -> bool:
        seen.append(bench.ask(size))
        return seen[-1].status_code == status

    assert until(lambda: comes(429, 200_000), BUSY_S)
    assert seen[-1].headers["retry-after"] == "2"
    # Over the same connection.
    assert until(lambda: comes(429), BUSY_S)
    assert until(lambda: comes(200), BUSY_S)
    assert until(lambda: comes(429), BUSY_S)
    bench.injector.revert(drill)
    assert bench.ask().content == ANSWER


def test_corrupt(bench: Bench) -> None:
    drill = bench.drill("'corrupt'")
    bench.injector.inject(drill)
    found = bench.ask().content
    assert len(found) == len(ANSWER)
    assert sum(a != b for a, b in zip(found, ANSWER, strict=True)) == 1
    bench.injector.revert(drill)
    assert bench.ask().content == ANSWER


def test_a_share_of_the_connections(bench: Bench) -> None:
    drill = bench.drill("'errors'\nshare = 0.25")
    bench.injector.inject(drill)
    url = f"http://127.0.0.1:{bench.port}/"
    seen = [httpx.post(url, content=b"x", trust_env=False).status_code for _ in range(12)]
    assert seen.count(503) == 3


def test_a_replica_that_is_away_resets_the_client(bench: Bench) -> None:
    bench.to = f"127.0.0.1:{free_port()}"
    found = drill_of(f"kind = 'delay'\nlisten = '127.0.0.1:{bench.port}'\nto = '{bench.to}'")
    bench.injector.prepared(found)
    with pytest.raises(httpx.TransportError):
        bench.ask()


def test_an_address_that_is_taken_is_said(bench: Bench) -> None:
    drill = drill_of(f"kind = 'delay'\nlisten = '{bench.to}'\nto = '{bench.to}'")
    with pytest.raises(FaultError, match=r"cannot listen: .*address already in use"):
        bench.injector.prepared(drill)


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    port = free_port()
    code = (
        "import sys, time; from harness.drills.proxies import OwnProxy; "
        f"p = OwnProxy('127.0.0.1:{port}', '127.0.0.1:1'); p.start(); print('up', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        parent.kill()
    assert until(lambda: not _listens(port))


def _listens(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


def test_one_that_has_ended_is_said(bench: Bench) -> None:
    bench.drill("'delay'")
    proxy = next(iter(bench.injector._proxies._own.values()))
    assert isinstance(proxy, OwnProxy)
    assert proxy._process is not None
    proxy._process.kill()
    proxy._process.wait()
    with pytest.raises(FaultError, match="has ended"):
        proxy.tell()


def test_a_proxy_of_the_user_stands_and_is_cleared_when_the_tester_is_gone(replica: Started, tmp_path: Path) -> None:
    to = replica("r1").ready.removeprefix("http://").rstrip("/")
    port, control = free_port(), tmp_path / "r1.sock"
    argv, environ = module(
        "harness.drills.proxy", ["--listen", f"127.0.0.1:{port}", "--to", to, "--control", str(control)]
    )
    with subprocess.Popen(argv, env=environ, stdout=subprocess.DEVNULL) as proxy:
        assert until(control.exists)
        assert until(lambda: control.stat().st_mode & 0o777 == 0o600)
        drill = drill_of("kind = 'errors'\ncontrol = 'r1.sock'", tmp_path)
        with Injector(["faults"]) as injector:
            injector.prepared(drill)
            injector.inject(drill)
            assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 503
        # It was never reverted: the watchdog has done it.
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200
        proxy.send_signal(signal.SIGTERM)
        assert proxy.wait(10) == 0
    assert not control.exists()
    with Injector(["faults"]) as injector, pytest.raises(FaultError, match="cannot be reached"):
        injector.prepared(drill)


def quickest(bench: Bench, below: float, size: int = 10) -> float:
    """Seconds of a request; on a busy machine those of the quickest of some, until one takes less than ``below``."""
    found, end = BUSY_S, time.monotonic() + BUSY_S
    while found >= below and time.monotonic() < end:
        begun = time.monotonic()
        assert bench.ask(size).content == ANSWER
        found = min(found, time.monotonic() - begun)
    return found


def test_memory_is_bounded_where_nobody_reads() -> None:
    with socket.socket() as sink:
        sink.bind(("127.0.0.1", 0))
        sink.listen()
        proxy = OwnProxy(f"127.0.0.1:{free_port()}", f"127.0.0.1:{sink.getsockname()[1]}")
        proxy.start()
        assert proxy._process is not None
        before = _resident(proxy._process.pid)
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=0.5) as source:
            with pytest.raises(TimeoutError):
                source.sendall(b"x" * 100_000_000)
            assert _resident(proxy._process.pid) - before < 20_000_000
        proxy.close()


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
