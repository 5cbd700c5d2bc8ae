"""The engine against HTTP servers that misbehave: every request ends in one right record, and the run ends."""

from __future__ import annotations

import os
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from harness.load.engine import setup
from harness.load.engine.sendfile_body import LEAST, sendfile_body_of
from harness.load.plan.load_plan import ClosedLoop, Connections, ExpectedAnswer, LoadCase
from harness.load.records.rows import ABSENT, Flag
from tests.harness.load.engines import CASE, plan_for, run
from tests.harness.load.hostile_server import Talk, answer, body_of, hang, http, reset, serving


def say(data: bytes, *, stay: bool = True) -> Talk:
    def talk(connection: socket.socket, body: bytes, number: int) -> bool:
        connection.sendall(data.replace(b"BODY", body_of(body)).replace(b"SIZE", b"%d" % len(body_of(body))))
        return stay

    return talk


def good(connection: socket.socket, body: bytes, number: int) -> bool:
    connection.sendall(answer(body_of(body)))
    return True


def chunked(connection: socket.socket, body: bytes, number: int) -> bool:
    whole = body_of(body)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for part in (whole[:7], whole[7:]):
        connection.sendall(b"%x;ext=1\r\n%b\r\n" % (len(part), part))
    connection.sendall(b"0\r\nTrailer: x\r\n\r\n")
    return True


def piecemeal(connection: socket.socket, body: bytes, number: int) -> bool:
    whole = answer(body_of(body))
    for place in range(0, len(whole), 40):
        connection.sendall(whole[place : place + 40])
        time.sleep(0.0005)
    return True


def resets(connection: socket.socket, body: bytes, number: int) -> bool:
    reset(connection)
    return False


def half(connection: socket.socket, body: bytes, number: int) -> bool:
    connection.sendall(answer(body_of(body))[:-5])
    return False


def half_head(connection: socket.socket, body: bytes, number: int) -> bool:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
    return False


def other_id(connection: socket.socket, body: bytes, number: int) -> bool:
    whole = body_of(body)
    if number % 2:
        whole = whole.replace(b'"id":"0', b'"id":"f')
    connection.sendall(answer(whole))
    return True


def wrong_now_and_then(connection: socket.socket, body: bytes, number: int) -> bool:
    connection.sendall(answer(body_of(body, extra=b',"x":1' if b"00000007" in body else b"")))
    return True


def twice(connection: socket.socket, body: bytes, number: int) -> bool:
    connection.sendall(answer(body_of(body)) * 2)
    return True


def late_second(connection: socket.socket, body: bytes, number: int) -> bool:
    connection.sendall(answer(body_of(body)))
    time.sleep(0.02)
    connection.sendall(answer(body_of(body)))
    return True


HTTP10 = b"HTTP/1.0 200 OK\r\nContent-Length: SIZE\r\n\r\nBODY"
CASES: list[tuple[str, Talk, str]] = [
    ("good", good, "OK"),
    ("chunked", chunked, "OK"),
    ("piecemeal", piecemeal, "OK"),
    ("interim", say(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: SIZE\r\n\r\nBODY"), "OK"),
    ("http10", say(HTTP10, stay=False), "OK"),
    ("no length", say(b"HTTP/1.1 200 OK\r\n\r\nBODY", stay=False), "OK"),
    ("says close", say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: SIZE\r\n\r\nBODY", stay=False), "OK"),
    ("closes silently", say(b"HTTP/1.1 200 OK\r\nContent-Length: SIZE\r\n\r\nBODY", stay=False), "OK"),
    ("503", say(b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"), "HTTP_ERROR"),
    ("reset", resets, "RESET"),
    ("closed", lambda *_: False, "CLOSED"),
    ("hang", hang, "TIMEOUT"),
    ("half", half, "TRUNCATED"),
    ("half head", half_head, "TRUNCATED"),
    ("half chunk", say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nBODY", stay=False), "TRUNCATED"),
    ("twice", twice, "PROTOCOL"),
    ("no http", say(b"hello\r\n"), "PROTOCOL"),
    ("bad chunk", say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "PROTOCOL"),
    ("two lengths", say(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"), "PROTOCOL"),
    ("no json", say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), "WRONG_ID"),
]


@pytest.mark.parametrize(("talk", "expected"), [each[1:] for each in CASES], ids=[each[0] for each in CASES])
def test_every_request_ends_in_one_record(talk: Talk, expected: str, tmp_path: Path) -> None:
    with serving(http(talk)) as port:
        connections, patience = Connections(cap=64, preconnect=2), 0.3 if talk is hang else 20.0
        ran = run(plan_for(port, rate=400, seconds=0.125, connections=connections, timeout_s=patience), tmp_path)
    if expected in {"OK", "TRUNCATED", "CLOSED"}:
        # A connection closed without a word may meet a request just sent on it.
        others = set(ran.statuses) - {expected, "CLOSED", "RESET"}
        assert not others, ran
        assert ran.statuses[expected] >= 5, ran
    else:
        assert ran.statuses == {expected: 50}, ran
    rows = ran.merged.rows
    assert (rows["done"] >= rows["intended"]).all()
    assert (rows["taken"] >= rows["intended"]).all()


def test_nobody_listens(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    ran = run(plan_for(port), tmp_path)
    assert ran.statuses == {"REFUSED": 50}
    assert (ran.merged.rows["sent"] == ABSENT).all()


def test_an_address_that_never_answers_ends_too(tmp_path: Path) -> None:
    """A full backlog drops what comes: the connection neither opens nor fails."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fill = [socket.socket() for _ in range(4)]
        for each in fill:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        ran = run(plan_for(port, seconds=0.1, timeout_s=0.4), tmp_path)
        for each in fill:
            each.close()
    assert set(ran.statuses) <= {"TIMEOUT", "NEVER_SENT"}


def test_wrong_ids_are_told_apart(tmp_path: Path) -> None:
    with serving(http(other_id)) as port:
        ran = run(plan_for(port), tmp_path)
    assert set(ran.statuses) == {"OK", "WRONG_ID"}
    assert ran.facts["kept"][0]["status"] == "wrong_id"


def test_another_answer_than_before_is_wrong(tmp_path: Path) -> None:
    with serving(http(wrong_now_and_then)) as port:
        ran = run(plan_for(port), tmp_path)
    assert ran.statuses == {"OK": 49, "WRONG_ANSWER": 1}
    assert ran.merged.rows["index"][ran.merged.rows["status"] == 9].tolist() == [7]


def test_what_a_server_adds_beside_the_outputs_is_its_own_affair(tmp_path: Path) -> None:
    def timed(connection: socket.socket, body: bytes, number: int) -> bool:
        value = 2 if b"00000007" in body else 1
        output = b'{"name":"y","datatype":"INT64","shape":[1],"data":[%d]}' % value
        whole = body_of(body, extra=b',"parameters":{"took":%d}' % time.monotonic_ns())
        connection.sendall(answer(whole.replace(b'"outputs":[]', b'"outputs":[%b]' % output)))
        return True

    with serving(http(timed)) as port:
        ran = run(plan_for(port), tmp_path)
    assert ran.statuses == {"OK": 49, "WRONG_ANSWER": 1}


def test_a_late_second_answer_is_nobodys(tmp_path: Path) -> None:
    with serving(http(late_second)) as port:
        ran = run(plan_for(port, rate=4, seconds=1.5), tmp_path)
    # After a standstill of the tester the next request may be on its way already when the second answer is read.
    assert set(ran.statuses) <= {"OK", "PROTOCOL", "WRONG_ID"}
    assert ran.statuses["OK"] > 0
    assert ran.facts["unsolicited"] > 0


def test_retry_after_is_seen(tmp_path: Path) -> None:
    with serving(http(say(b"HTTP/1.1 429 Slow\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"))) as port:
        ran = run(plan_for(port), tmp_path)
    assert (ran.merged.rows["flags"] & Flag.RETRY_AFTER).all()
    assert set(ran.merged.rows["code"].tolist()) == {429}


def endless(connection: socket.socket, body: bytes, number: int) -> bool:
    """Small chunks for ever, each a whole event to the parser."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall((b"40\r\n" + b"x" * 64 + b"\r\n") * 100)


def endless_close(connection: socket.socket, body: bytes, number: int) -> bool:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 10_000)


@pytest.mark.parametrize("talk", [endless, endless_close])
def test_an_endless_body_is_not_read_on(talk: Talk, tmp_path: Path) -> None:
    with serving(http(talk)) as port:
        ran = run(plan_for(port, rate=40, body_bytes=300_000), tmp_path)
    assert ran.statuses == {"PROTOCOL": 10}
    # The bound and one read, which is of 1 MiB at most.
    assert ran.merged.rows["bytes"].min() > 300_000
    assert ran.merged.rows["bytes"].max() < 300_000 + (1 << 20)


def test_a_body_announced_too_large_is_not_read(tmp_path: Path) -> None:
    with serving(http(say(b"HTTP/1.1 200 OK\r\nContent-Length: 300001\r\n\r\nBODY"))) as port:
        ran = run(plan_for(port, rate=40, body_bytes=300_000), tmp_path)
    assert ran.statuses == {"PROTOCOL": 10}


def test_a_length_of_thousands_of_digits_is_the_endpoints_fault(tmp_path: Path) -> None:
    with serving(http(say(b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\n\r\nBODY" % (b"9" * 5000)))) as port:
        ran = run(plan_for(port, rate=40), tmp_path)
    assert ran.statuses == {"PROTOCOL": 10}


def test_an_endpoint_slow_to_read_is_not_the_testers_lag(tmp_path: Path) -> None:
    case = LoadCase(name="large", path="/i", before=b'{"id":"', after=b'","pad":"%b"}' % (b"x" * 8_000_000))
    pause_s = 0.5

    def serve(connection: socket.socket) -> None:
        # Connections are opened ahead; the pause begins with the request.
        connection.recv(1, socket.MSG_PEEK)
        time.sleep(pause_s)
        http(good)(connection)

    with serving(serve) as port:
        ran = run(plan_for(port, rate=20, seconds=0.1, cases=(case,), connections=Connections(preconnect=2)), tmp_path)
    rows = ran.merged.rows
    assert ran.statuses == {"OK": 2}
    assert (rows["sent"] - rows["taken"]).max() < pause_s * 1e9
    assert (rows["done"] - rows["sent"]).min() > pause_s / 2 * 1e9


@pytest.mark.parametrize("listens", ["::1", "127.0.0.2", "127.0.0.1", ""])
def test_of_several_addresses_the_one_that_connects(listens: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = [("::1", socket.AF_INET6), ("127.0.0.1", socket.AF_INET), ("127.0.0.2", socket.AF_INET)]
    with serving(http(good), host=listens or "127.0.0.1") as port:
        asked = port if listens else 1
        found = [(family, socket.SOCK_STREAM, 6, "", (address, asked)) for address, family in known]
        monkeypatch.setattr("harness.load.engine.setup.gevent.socket.getaddrinfo", lambda *_, **__: found)
        # In a thread of its own, which takes gevent's loop away with it.
        with ThreadPoolExecutor(1) as aside:
            family, (address, _) = aside.submit(setup.address_of, plan_for(asked, host="localhost")).result()
    assert (address, family) in known
    assert address == (listens or "127.0.0.1")


@pytest.mark.parametrize(
    ("authority", "host", "name"),
    [
        ("[::1]:8443", "::1", "::1"), ("[::1]", "::1", "::1"), ("", "::1", "::1"), ("::1", "10.0.0.1", "::1"),
        ("a.example:8443", "10.0.0.1", "a.example"), ("a.example", "10.0.0.1", "a.example"),
        ("", "a.example", "a.example"),
    ],
)  # fmt: skip
def test_the_name_of_the_certificate_is_without_port_and_brackets(authority: str, host: str, name: str) -> None:
    assert setup.server_name(plan_for(8443, authority=authority, host=host)) == name


def test_a_request_that_waits_has_its_clock_running(tmp_path: Path) -> None:
    """One connection, 20 ms an answer, 100 requests a second: the queue is in the response time, none is left out."""

    def slow(connection: socket.socket, body: bytes, number: int) -> bool:
        time.sleep(0.02)
        return good(connection, body, number)

    with serving(http(slow)) as port:
        plan = plan_for(port, rate=100, seconds=0.3, connections=Connections(cap=1, preconnect=1), timeout_s=20.0)
        ran = run(plan, tmp_path)
    rows = ran.merged.rows
    assert ran.statuses == {"OK": 30}
    assert ran.facts["cap_hits"] > 20
    assert ran.facts["peak_open"] == 1
    # The last is served after 30 answers of 20 ms, and was due at 290 ms.
    assert rows["done"][-1] - rows["intended"][-1] > 250_000_000
    assert (rows["flags"][-10:] & Flag.QUEUED).all()


def test_waiting_too_long_is_given_up_and_told(tmp_path: Path) -> None:
    with serving(http(hang)) as port:
        plan = plan_for(port, connections=Connections(cap=2, preconnect=0), timeout_s=0.4)
        ran = run(plan, tmp_path)
    assert set(ran.statuses) == {"TIMEOUT", "NEVER_SENT"}
    assert (ran.merged.rows["sent"][ran.merged.rows["status"] == 12] == ABSENT).all()


def test_large_bodies_go_both_ways(tmp_path: Path) -> None:
    padding = b"x" * 3_000_000
    case = LoadCase(name="large", path="/i", before=b'{"id":"', after=b'","pad":"%b"}' % padding)
    large = b',"pad":"%b"' % padding

    def talk(connection: socket.socket, body: bytes, number: int) -> bool:
        assert len(body) > 3_000_000
        connection.sendall(answer(body_of(body, extra=large)))
        return True

    with serving(http(talk)) as port:
        ran = run(plan_for(port, rate=20, seconds=0.5, cases=(case,), timeout_s=20.0), tmp_path)
    assert ran.statuses == {"OK": 10}
    assert ran.merged.rows["bytes"].min() > 3_000_000


@pytest.mark.parametrize("has_id", [True, False])
def test_a_body_sent_in_pages_comes_whole(tmp_path: Path, *, has_id: bool) -> None:
    """Also what the kernel did not take at once."""
    content = bytes(range(256)) * 20_000

    def talk(connection: socket.socket, body: bytes, number: int) -> bool:
        whole = body[-len(content) :] == content and len(body) == len(content) + (24 if has_id else 0)
        connection.sendall(
            answer(body_of(body) if has_id else b"{}", head=b"HTTP/1.1 200 OK" if whole else b"HTTP/1.1 400 No")
        )
        return True

    def serve(connection: socket.socket) -> None:
        time.sleep(0.1)
        http(talk)(connection)

    case = LoadCase(name="pages", path="/i", before=b'{"id":"', after=b'"' + content)
    if not has_id:
        case = LoadCase(name="pages", path="/i", before=content, has_id=False)
    with serving(serve) as port:
        ran = run(plan_for(port, rate=20, seconds=0.3, cases=(case,)), tmp_path)
    assert ran.statuses == {"OK": 6}


def test_without_memfd_bytes_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create")
    assert sendfile_body_of(b"x" * LEAST) is None


def test_pages_are_for_large_bodies_and_do_not_change() -> None:
    assert sendfile_body_of(b"x" * (LEAST - 1)) is None
    pages = sendfile_body_of(b"x" * LEAST)
    assert pages is not None
    with pytest.raises(PermissionError):
        os.pwrite(pages.file, b"y", 0)
    file = pages.file
    del pages
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(file)


def test_an_early_answer_to_a_large_request_counts(tmp_path: Path) -> None:
    """The endpoint refuses before it has read everything, and closes."""
    case = LoadCase(name="large", path="/i", before=b'{"id":"', after=b'","pad":"%b"}' % (b"x" * 8_000_000))

    def serve(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(answer(b"", head=b"HTTP/1.1 413 Large", more=b"Connection: close\r\n"))
        connection.shutdown(socket.SHUT_WR)
        time.sleep(0.05)

    with serving(serve) as port:
        ran = run(plan_for(port, rate=20, seconds=0.5, cases=(case,)), tmp_path)
    assert ran.statuses["HTTP_ERROR"] >= 9


def test_a_new_connection_each(tmp_path: Path) -> None:
    with serving(http(good)) as port:
        ran = run(plan_for(port, connections=Connections(new_each=True, preconnect=0)), tmp_path)
    assert ran.statuses == {"OK": 50}
    assert ran.facts["opened"] == 50


def test_the_closed_loop_keeps_its_concurrency(tmp_path: Path) -> None:
    with serving(http(good)) as port:
        ran = run(plan_for(port, schedule=None, closed_loop=ClosedLoop(concurrency=3, seconds=0.3)), tmp_path)
    assert set(ran.statuses) == {"OK"}
    assert len(ran.merged.rows) > 30
    assert ran.facts["peak_open"] <= 3


def test_an_answer_of_the_plan_and_cases_without_an_id(tmp_path: Path) -> None:
    expected = ExpectedAnswer(before=b'{"model_name":"m","id":"', after=b'","outputs":[]}')
    with_answer = LoadCase(name="a", path="/i", before=b'{"id":"', after=b'"}', answer=expected)
    ready = LoadCase(name="ready", path="/r", before=b"", has_id=False, method="GET", content_type="")
    with serving(http(good)) as port:
        ran = run(plan_for(port, cases=(with_answer, ready, CASE)), tmp_path)
    assert ran.statuses == {"OK": 50}


def server_context(certificate: Path, *, client: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if client:
        context.load_verify_locations(certificate)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.mark.parametrize("client", [False, True])
def test_tls_with_and_without_a_client_certificate(certificate: Path, tmp_path: Path, *, client: bool) -> None:
    own: dict[str, Any] = {"cert_file": str(certificate), "key_file": str(certificate)} if client else {}
    with serving(http(good), server_context(certificate, client=client)) as port:
        plan = plan_for(port, rate=100, tls=True, ca_file=str(certificate), timeout_s=20.0, **own)
        ran = run(plan, tmp_path)
    assert ran.statuses == {"OK": 25}


def test_a_certificate_nobody_trusts_is_refused(certificate: Path, tmp_path: Path) -> None:
    with serving(http(good), server_context(certificate)) as port:
        ran = run(plan_for(port, rate=40, tls=True, timeout_s=20.0), tmp_path)
    assert ran.statuses == {"REFUSED": 10}
    assert any("certificate" in note.lower() for note in ran.facts["notes"])
