"""An endpoint that goes away is noticed once, waited for, and never a case of a clause."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from harness.budget import Budget, Limits
from harness.check import REGISTRY, Check, EndpointLost, Untestable
from harness.endpoint.endpoint import Endpoint
from harness.incident import Incident, Suspect
from harness.outcome import Outcome
from harness.policy import Policy
from harness.probing.probe import Probe, checking
from harness.record.exchange import ConnectionFacts, Exchange, Failure
from harness.record.redact import Redactor
from harness.record.store import ExchangeStore, Recorder
from harness.run.incidents.continuity import Continuity
from harness.run.incidents.suspects import suspects_of
from harness.run.one_check import tell
from harness.verdicts import Level, Verdict
from harness.wire.access import Access
from harness.wire.rest import RestClient
from tests.harness.probing.test_replaying import RECORDED
from tests.ports import held_port

GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Stub:
    """Answers everything with 200; ends at a request whose path has ``die`` in it, until ``back`` is set.

    From the first request whose path has ``hold`` in it, ``silent`` requests get no answer, ever.
    """

    def __init__(self, port: int, silent: int = 0) -> None:
        self.port, self._silent = port, silent
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._kept: list[socket.socket] = []
        self.back = threading.Event()
        self.requests: list[str] = []

    def __enter__(self) -> Stub:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving.set()
        self.back.set()
        self._thread.join(10)
        for each in (self._listener, *self._kept):
            each.close()

    def _serve(self) -> None:
        while not self._leaving.is_set():
            self._listener.settimeout(0.05)
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            if self._answered(connection):
                connection.close()
            else:
                self._kept.append(connection)

    def _answered(self, connection: socket.socket) -> bool:
        connection.settimeout(10)
        data = connection.recv(65536)
        if not data:
            return True
        self.requests.append(data.split(b" ")[1].decode())
        if self._silent and (b"hold" in data or self._kept):
            self._silent -= 1
            return False
        if b"die" in data:
            self._listener.close()
            connection.close()
            self.back.wait(60)
            self._listener = socket.create_server(("127.0.0.1", self.port))
            return True
        connection.sendall(GOOD)
        return True


@pytest.fixture
def port() -> Iterator[int]:
    """A port at which nobody listens, and which nobody else is given meanwhile."""
    with held_port() as found:
        yield found


@contextmanager
def run(
    folder: Path, port: int, patience: float = 0.3, seconds: float | None = None
) -> Iterator[tuple[RestClient, Continuity]]:
    """A client whose endpoint is watched."""
    recorder = Recorder(ExchangeStore(folder), Redactor(), lambda _: None)
    limits = Limits(seconds=seconds)
    with RestClient(Access(f"http://127.0.0.1:{port}"), recorder, Budget(limits)) as client:
        continuity = Continuity(recorder, [client], patience, patience)
        recorder.continuity = continuity
        with checking(recorder, "some-check"):
            yield client, continuity


def hurry(client: RestClient, requests: int) -> None:
    """So many of the next requests get half a second; who is answered at all gets all the time that it needs."""
    seconds = iter([0.5] * requests)

    def admit() -> None:
        client.budget.request_seconds = next(seconds, client.budget.limits.request_seconds)

    client.budget.admit = admit


def test_nobody_there_from_the_beginning_is_for_discovery_to_say(port: int, tmp_path: Path) -> None:
    with run(tmp_path, port) as (client, continuity):
        exchange = client.server_live()
    assert exchange.error is not None
    assert exchange.error.kind == "connect"
    assert continuity.incidents == []


def test_an_endpoint_that_ends_at_a_request_and_stays_away(port: int, tmp_path: Path) -> None:
    with Stub(port), run(tmp_path, port) as (client, continuity):
        client.server_live()
        with pytest.raises(EndpointLost) as lost:
            client.send("GET", "/die", fresh=True)
        assert "/die" in str(lost.value)
        with pytest.raises(EndpointLost):
            client.server_live()
        incident = continuity.lost
    assert incident is not None
    assert [(each.what, each.under_way) for each in incident.suspects] == [("GET /die", True)]
    assert "did not come back within 0.3 s" in incident.text


def test_where_no_time_is_left_to_wait_nothing_is_said(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.run.incidents.continuity.LEAST_WAIT", 1000.0)
    with run(tmp_path, port, seconds=900.0) as (client, continuity):
        with Stub(port):
            assert client.server_live().ok
        continuity.look()
        assert client.send("GET", "/die", fresh=True).error is not None
    assert continuity.incidents == []


def test_one_that_somebody_starts_again_ends_the_check_that_did_it_and_no_other(port: int, tmp_path: Path) -> None:
    with Stub(port) as stub, run(tmp_path, port, 10.0) as (client, continuity):
        continuity.say = lambda _: stub.back.set()
        client.server_live()
        with pytest.raises(EndpointLost):
            client.send("GET", "/die", fresh=True)
        assert continuity.lost is None
        with checking(client.recorder, "another-check"):
            assert client.server_live().ok
    (incident,) = continuity.take_untold()
    assert incident.back_after_s is not None
    assert incident.check == "some-check"
    assert continuity.take_untold() == []


def test_a_request_of_the_next_check_that_meets_nobody_is_sent_again(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.run.incidents.continuity.WINDOW_NS", 60 * 10**9)
    with run(tmp_path, port, 10.0) as (client, continuity):
        with Stub(port):
            client.server_live()
        started: list[Stub] = []
        continuity.say = lambda _: started.append(Stub(port).__enter__())
        with checking(client.recorder, "another-check"):
            exchange = client.server_ready()
        assert exchange.ok
        started[0].__exit__()
    (incident,) = continuity.take_untold()
    assert incident.check == "another-check"
    assert [each.check for each in incident.suspects] == ["some-check"]


def test_one_request_that_got_no_answer_in_time_is_sent_once_more(port: int, tmp_path: Path) -> None:
    with Stub(port, silent=1) as stub, run(tmp_path, port, 10.0) as (client, continuity):
        client.server_live()
        hurry(client, 1)
        assert client.send("GET", "/hold", fresh=True).ok
    assert stub.requests.count("/hold") == 2
    assert continuity.incidents == []


def test_one_that_is_silent_for_a_while_is_asked_again(port: int, tmp_path: Path) -> None:
    with Stub(port, silent=2), run(tmp_path, port, 10.0) as (client, continuity):
        client.server_live()
        hurry(client, 2)
        assert client.send("GET", "/hold", fresh=True).ok
    (incident,) = continuity.take_untold()
    assert incident.kind == "silent"
    outcome = Outcome({})
    tell(outcome, incident)
    assert outcome.violations == []
    assert outcome.observations


def test_what_was_given_up_before_is_suspected_and_our_own_questions_are_not() -> None:
    def sent(number: int, start: float, end: float, kind: str | None) -> Exchange:
        error = None if kind is None else Failure(kind, "no answer")  # type: ignore[arg-type]
        status = 200 if kind is None else None
        done = replace(RECORDED, n=number, start_ns=int(start * 1e9), end_ns=int(end * 1e9), error=error, status=status)
        return replace(done, sent=9, connection=ConnectionFacts(1, number, "", ""))

    first, health, last = sent(1, 0, 10, "timeout"), sent(2, 10, 10.1, None), sent(3, 10.1, 20.1, "timeout")
    found = suspects_of([(first, "a"), (health, "a"), (last, "b")], last, int(19.1e9), lambda _: None)
    assert [(each.check, each.under_way) for each in found] == [("b", True), ("a", True)]


def test_a_closed_connection_of_an_endpoint_that_is_there_is_an_answer_like_others(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def close_all() -> None:
            while True:
                try:
                    listener.accept()[0].close()
                except OSError:
                    return

        thread = threading.Thread(target=close_all, daemon=True)
        thread.start()
        with run(tmp_path, listener.getsockname()[1]) as (client, continuity):
            client.recorder.recent.append((client.server_live(), None))
            exchange = client.send("GET", "/x", fresh=True)
        listener.shutdown(socket.SHUT_RDWR)  # to close it would wake nobody
        thread.join(10)
    assert exchange.error is not None
    assert exchange.error.kind in ("closed", "reset")
    assert continuity.incidents == []


def test_what_met_nobody_is_never_a_case(port: int, tmp_path: Path) -> None:
    check = next(iter(_checks()))
    with run(tmp_path, port) as (client, _):
        met_nobody = client.server_live()
        probe = Probe(check, Endpoint(client, None, Policy(), "v2", met_nobody, None), Outcome({"X": Level.MUST}))
        for condition in (True, False):
            with pytest.raises(Untestable):
                probe.holds(condition, clause="X", expected="", observed="", exchange=met_nobody)
    assert probe.outcome.cases == {}
    assert probe.outcome.verdict() is Verdict.UNTESTABLE


def _checks() -> Iterator[Check]:
    from harness.run.checks import load_checks  # noqa: PLC0415 -- imports all suites

    load_checks()
    yield from REGISTRY


@pytest.mark.parametrize(
    ("suspects", "words"),
    [
        ((), "after no request that could have done it"),
        ((Suspect("a", "POST /x", "c", True),), "while this request was under way: POST /x"),
        ((Suspect("a", "POST /x", "c", False),), "right after the answer to this request: POST /x"),
        (
            (Suspect("a", "POST /x", "c", True), Suspect("b", "GET /y", "c", False)),
            "after one of these 2 requests (1 under way, 1 just answered): POST /x, GET /y",
        ),
        ((Suspect("a", "POST /x", "c", True, k=3, n=3),), "sent again on its own, POST /x did it 3 of 3 times"),
    ],
)
def test_the_sentence(suspects: tuple[Suspect, ...], words: str) -> None:
    incident = Incident("gone", "2026-11-28T10:00:00.123456Z", "h:1", "some-check", 20.0, 0.4, suspects)
    assert words in incident.text
    assert "10:00:00.1 UTC, during some-check" in incident.text
    assert "served again 0.4 s later" in incident.text


def test_a_crash_fails_a_criterion_of_the_policy_with_the_request_as_evidence() -> None:
    suspect = Suspect("ab" * 32, "POST /x", "some-check", True, ("shape",), 2, 3)
    incident = Incident("gone", "2026-11-28T10:00:00.123456Z", "h:1", "some-check", 20.0, 0.4, (suspect,))
    outcome = Outcome({"REST-INFER-01": Level.MUST})
    tell(outcome, incident)
    (violation,) = outcome.violations
    assert (violation.clause, violation.exchange, violation.replayed) == ("policy:no-crash", "ab" * 32, (2, 3))
    assert violation.root == "endpoint-gone:shape"
    assert outcome.clause_verdict("REST-INFER-01") is Verdict.NOT_APPLICABLE
    assert outcome.verdict() is Verdict.FAIL


def test_a_request_that_did_nothing_when_sent_again_is_not_named_as_the_cause() -> None:
    suspect = Suspect("a", "GET /v2/health/ready", "c", True, ("GET ready",))
    alone = Incident("gone", "2026-11-29T12:22:15.600000Z", "127.0.0.1:1", "c", 20.0, 11.7, (suspect,))
    assert (alone.culprit, alone.root) == (suspect, "endpoint-gone:GET ready")
    in_vain = replace(alone, suspects=(replace(suspect, n=1),))
    assert (in_vain.culprit, in_vain.root) == (None, "endpoint-gone")
    assert in_vain.text.endswith("it served again 11.7 s later; none of them did it again")
