"""Raw bytes go out as they are, and what comes back is read as HTTP: cut, closed, pipelined, without a length."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.wire.access import Access
from harness.wire.duplex import Piece
from harness.wire.rawhttp import head, held, send_raw, went_out
from tests.harness.wire.clients import client_for, every_byte, record_of

Behaviour = Callable[[socket.socket], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
REQUEST = b"POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"


@contextlib.contextmanager
def serving(behaviour: Behaviour) -> Iterator[str]:
    """A server whose every connection behaves so; the behaviour ends when the client goes away."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)

        def run() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection, contextlib.suppress(OSError):
                        connection.settimeout(10)
                        behaviour(connection)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        # Closing alone does not wake a thread that accepts.
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def until_gone(connection: socket.socket) -> bytes:
    """Everything that the client says, until it says that no more comes."""
    data = b""
    while more := connection.recv(65536):
        data += more
    return data


def answering(reply: bytes) -> Behaviour:
    def behaviour(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(reply)

    return behaviour


def test_bytes_go_out_as_they_are_and_are_recorded(tmp_path: Path) -> None:
    got: list[bytes] = []

    def behaviour(connection: socket.socket) -> None:
        got.append(until_gone(connection))
        connection.sendall(OK)

    odd = b"GE\0T /\xff HTTP/1.1\n\r\nrest"
    with serving(behaviour) as url:
        client, events = client_for(url, tmp_path)
        (exchange,) = send_raw(client, [Piece(odd[:5], 0.01), Piece(odd[5:])], half_close=True)
    assert got == [odd]
    assert (exchange.status, exchange.response_body, exchange.error) == (200, b"{}", None)
    assert exchange.request_body == odd
    assert exchange.http_version == "raw"
    assert json.loads(record_of(tmp_path, events[0]))["http_version"] == "raw"


@pytest.mark.parametrize(
    ("reply", "status", "kind", "body"),
    [
        (b"", None, "closed", b""),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, None, b"until the end"),
        (b"HTTP/1.0 400 Bad\r\n\r\n", 400, None, b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut", 200, "closed", b"cut"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 200, None, b"abc"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, None, b"{}"),
        (b"no HTTP at all\r\n\r\n", None, "protocol", b""),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 60_000 + b"\r\nContent-Length: 0\r\n\r\n", 200, None, b""),
    ],
)
def test_what_comes_back_is_said_rightly(
    tmp_path: Path, reply: bytes, status: int | None, kind: str | None, body: bytes
) -> None:
    with serving(answering(reply)) as url:
        client, _ = client_for(url, tmp_path)
        (exchange,) = send_raw(client, [Piece(REQUEST)])
    assert exchange.status == status
    assert (exchange.error.kind if exchange.error else None) == kind
    assert exchange.response_body == body


def test_answers_are_told_apart_and_a_missing_one_is_said(tmp_path: Path) -> None:
    second = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    with serving(answering(OK + second)) as url:
        client, _ = client_for(url, tmp_path)
        found = send_raw(client, [Piece(REQUEST * 3)], answers=3)
    assert [each.status for each in found] == [200, 404, None]
    assert found[-1].error is not None
    assert found[-1].error.kind == "closed"
    assert [bool(each.request_body) for each in found] == [True, False, False]


def test_a_second_answer_is_not_awaited_longer_than_asked(tmp_path: Path) -> None:
    def behaviour(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(OK)
        until_gone(connection)

    with serving(behaviour) as url:
        client, _ = client_for(url, tmp_path)
        found = send_raw(client, [Piece(REQUEST)], answers=2, linger=0.05)
    assert [each.status for each in found] == [200, None]
    assert found[-1].error is not None
    assert found[-1].error.kind == "timeout"
    assert (found[-1].end_ns - found[-1].start_ns) / 1e9 < 4


def test_the_answer_to_head_has_no_body(tmp_path: Path) -> None:
    with serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")) as url:
        client, _ = client_for(url, tmp_path)
        (exchange,) = send_raw(client, [Piece(head(client, "HEAD", "/v2"))], method="HEAD")
    assert (exchange.status, exchange.error) == (200, None)


def test_an_early_refusal_of_a_large_body_is_read(tmp_path: Path) -> None:
    """The server answers, reads no more and keeps the connection open: sending on would last for ever."""
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"
    done = threading.Event()

    def behaviour(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(refusal)
        done.wait(10)

    with serving(behaviour) as url:
        client, _ = client_for(url, tmp_path)
        (exchange,) = send_raw(client, [Piece(REQUEST + bytes(64 << 20))])
        done.set()
    assert exchange.status == 413
    assert exchange.sent < 64 << 20


def test_hanging_up_reads_nothing(tmp_path: Path) -> None:
    with serving(answering(OK)) as url:
        client, _ = client_for(url, tmp_path)
        (exchange,) = send_raw(client, [Piece(REQUEST[:20])], hang_up=True)
    assert (exchange.status, exchange.error) == (None, None)


@pytest.mark.parametrize("reset", [False, True])
def test_a_reset_is_told_as_one(reset: bool, tmp_path: Path) -> None:
    seen: list[str] = []

    def behaviour(connection: socket.socket) -> None:
        try:
            while connection.recv(65536):
                pass
            seen.append("closed")
        except ConnectionResetError:
            seen.append("reset")

    with serving(behaviour) as url:
        client, _ = client_for(url, tmp_path)
        send_raw(client, [Piece(REQUEST)], hang_up=True, reset=reset)
        end = time.monotonic() + 5
        while not seen and time.monotonic() < end:
            time.sleep(0.01)
    assert seen == ["reset" if reset else "closed"]


def test_held_connections_stay_open_until_the_end(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client, _ = client_for(f"http://127.0.0.1:{listening.getsockname()[1]}", tmp_path)
        with held(client, b"POST /", 2) as kept:
            taken = [listening.accept()[0] for _ in kept]
            for connection in taken:
                connection.settimeout(0.05)
                assert connection.recv(100) == b"POST /"
                with pytest.raises(TimeoutError):
                    connection.recv(100)
        for connection in taken:
            connection.settimeout(10)
            assert connection.recv(100) == b""
            connection.close()


def test_the_first_connection_that_cannot_be_held_is_the_last(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        nobody = f"http://127.0.0.1:{listening.getsockname()[1]}"
    client, _ = client_for(nobody, tmp_path)
    with held(client, b"POST /", 5) as kept:
        assert [exchange.error is not None for exchange in kept] == [True]


def test_a_token_in_raw_bytes_is_not_written(tmp_path: Path) -> None:
    secret = "raw-token-that-nobody-may-read"
    with serving(answering(OK)) as url:
        client, _ = client_for(Access(url, token_command=f"echo {secret}"), tmp_path)
        sent = head(client, "GET", "/v2")
        assert secret.encode() in sent
        send_raw(client, [Piece(sent)])
    assert secret.encode() not in every_byte(tmp_path)


@pytest.mark.parametrize("target", [b"//[", b"/\x00\xff", b"*", b"http://[::1", b"/" + b"a" * 100_000])
def test_any_target_is_recorded(tmp_path: Path, target: bytes) -> None:
    with serving(answering(OK)) as url:
        client, _ = client_for(url, tmp_path)
        (exchange,) = send_raw(client, [Piece(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")])
    assert exchange.url.startswith(url + "/")
    assert len(exchange.url) < 3000


def pipelining(*, reads: int, answer: bytes) -> Callable[[socket.socket], None]:
    """Answers each of the first ``reads`` requests as soon as it is whole, and then reads no more."""

    def behaviour(connection: socket.socket) -> None:
        # What nobody reads must not fit into it: left to itself it grows to 32 MiB where the system allows that.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        data = b""
        for _ in range(reads):
            while b"END" not in data:
                more = connection.recv(65536)
                if not more:
                    return
                data += more
            data = data.partition(b"END")[2]
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))
        connection.settimeout(8)
        until_gone(connection) if reads >= REQUESTS else time.sleep(4)

    return behaviour


REQUESTS = 5


@pytest.mark.parametrize("floats", [2_000, 5_000, 20_000])
def test_pipelined_requests_go_out_while_answers_come_in(tmp_path: Path, floats: int) -> None:
    body = b"1.5," * floats
    pieces = [Piece(REQUEST + body + b"END", 0.1 * (n == REQUESTS - 2)) for n in range(REQUESTS)]
    with serving(pipelining(reads=REQUESTS, answer=body * 10)) as url:
        client, _ = client_for(url, tmp_path)
        found = send_raw(client, pieces, answers=REQUESTS, each_answered=True)
    assert [(each.status, each.error) for each in found] == [(200, None)] * REQUESTS
    assert found[0].sent == len(found[0].request_body) == sum(len(piece.data) for piece in pieces)
    assert went_out(found[0], pieces) == REQUESTS


def test_what_was_not_sent_is_not_waited_for(tmp_path: Path) -> None:
    """Two requests are read and answered; the others do not fit into what lies between, and nobody reads them."""
    pieces = [Piece(REQUEST + bytes(8 << 20) + b"END") for _ in range(REQUESTS)]
    begin = time.monotonic()
    with serving(pipelining(reads=2, answer=b"ok")) as url:
        client, _ = client_for(url, tmp_path)
        found = send_raw(client, pieces, answers=REQUESTS, each_answered=True)
    # One patience of five seconds, and not one for each of the four that were not read.
    assert time.monotonic() - begin < 14
    assert [(each.status, each.error) for each in found] == [(200, None)] * 2
    assert went_out(found[0], pieces) == 2
    assert found[0].sent < len(found[0].request_body)
