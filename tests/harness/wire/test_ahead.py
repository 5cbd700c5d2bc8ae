"""Independent requests are sent side by side where answers wait on the endpoint, and each is judged as if alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from harness.budget import BudgetExhausted, Limits
from harness.check import EndpointLost
from harness.record.exchange import Exchange
from harness.record.tempo import Tempo
from harness.run.incidents.continuity import Continuity
from harness.wire.ahead import CONNECTIONS, Ahead
from harness.wire.rest import RestClient
from tests.harness.wire.clients import client_for
from tests.harness.wire.hall import Hall

PATHS = [f"/{number}" for number in range(10)]


@dataclass(slots=True)
class Measured(Tempo):
    """A tempo that a test says."""

    seconds: float = 1.0

    @property
    def answer_s(self) -> float:
        return self.seconds


def waiting(
    hall: Hall, folder: Path, *, seconds: float = 1.0, limits: Limits | None = None
) -> tuple[RestClient, Ahead]:
    """A client whose answers seem to take so long."""
    client, _ = client_for(hall.url, folder, limits=limits or Limits(request_seconds=20.0))
    client.recorder.tempo = Measured(seconds=seconds)
    return client, Ahead([client])


def sends(client: RestClient, paths: list[str]) -> list[partial[Exchange]]:
    return [partial(client.send, "GET", path) for path in paths]


def test_each_is_sent_once_and_given_in_the_order_asked(tmp_path: Path) -> None:
    with Hall(lambda path, _: (200, f'"{path}"'.encode()), together=CONNECTIONS) as hall:
        client, ahead = waiting(hall, tmp_path)
        ahead.ask(sends(client, PATHS))
        assert sorted(hall.asked) == PATHS
        assert hall.most == CONNECTIONS
        # Asked in whatever order, each gets its own answer, and none is sent again.
        given = {path: client.send("GET", path).response_body for path in reversed(PATHS)}
    assert given == {path: f'"{path}"'.encode() for path in PATHS}
    assert sorted(hall.asked) == PATHS


def test_an_answer_is_given_out_once(tmp_path: Path) -> None:
    with Hall() as hall:
        client, ahead = waiting(hall, tmp_path)
        ahead.ask(sends(client, PATHS[:2]))
        refs = {client.send("GET", "/0").ref for _ in range(3)}
        assert len(refs) == 3
        assert hall.asked.count("/0") == 3
        # What nobody has asked for is forgotten with the check.
        ahead.over()
        client.send("GET", "/1")
        assert hall.asked.count("/1") == 2


def test_other_headers_are_another_request(tmp_path: Path) -> None:
    with Hall() as hall:
        client, ahead = waiting(hall, tmp_path)
        ahead.ask(sends(client, PATHS[:2]))
        client.send("GET", "/0", headers=(("X-A", "b"),))
        client.send("GET", "/0", fresh=True)
    assert hall.asked.count("/0") == 3


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.04])
def test_nothing_is_sent_ahead_to_who_answers_quickly(seconds: float, tmp_path: Path) -> None:
    with Hall() as hall:
        client, ahead = waiting(hall, tmp_path, seconds=seconds)
        ahead.ask(sends(client, PATHS))
        assert hall.asked == []


@pytest.mark.parametrize(
    ("limits", "connections"),
    [
        (Limits(), 4),
        (Limits(rate=50.0), 4),
        (Limits(rate=2.0), 2),  # the rate is what is waited for
        (Limits(rate=0.5), 1),
        (Limits(request_seconds=5.0), 2),  # of four, the last one might be answered too late
        (Limits(request_seconds=3.0), 1),
    ],
)
def test_limits_bound_how_many_go_at_once(limits: Limits, connections: int, tmp_path: Path) -> None:
    with Hall() as hall:
        _, ahead = waiting(hall, tmp_path, limits=limits)
        assert ahead.connections == connections


def test_who_was_told_to_go_slower_sends_alone(tmp_path: Path) -> None:
    with Hall() as hall:
        client, ahead = waiting(hall, tmp_path)
        client.pace.slow_down()
        assert ahead.connections == 1


def test_the_budget_of_requests_is_kept(tmp_path: Path) -> None:
    with Hall() as hall:
        client, ahead = waiting(hall, tmp_path, limits=Limits(requests=6, request_seconds=20.0))
        ahead.ask(sends(client, PATHS))
        for path in PATHS[:6]:
            assert client.send("GET", path).ok
        with pytest.raises(BudgetExhausted):
            client.send("GET", PATHS[6])
    assert sorted(hall.asked) == PATHS[:6]


def busy(path: str, company: int) -> tuple[int, bytes]:
    return (200, b"{}") if company == 1 else (503, b"{}")


def test_what_is_put_off_is_asked_again_alone_and_then_everything(tmp_path: Path) -> None:
    said: list[str] = []
    with Hall(busy, together=CONNECTIONS) as hall:
        client, ahead = waiting(hall, tmp_path)
        ahead.note = said.append
        ahead.ask(sends(client, PATHS))
        sent = len(hall.asked)
        assert sent < len(PATHS)
        assert all(client.send("GET", path).ok for path in PATHS)
        ahead.ask(sends(client, PATHS))
    assert len(hall.asked) <= sent + len(PATHS)
    assert not client.pace.interval
    assert "from here on each request is sent alone" in said[-1]


def lonely(path: str, company: int) -> tuple[int, bytes] | None:
    return None if path == "/2" and company > 1 else (200, b"{}")


def test_a_connection_lost_in_the_middle_is_asked_again_alone(tmp_path: Path) -> None:
    with Hall(lonely) as hall:
        client, ahead = waiting(hall, tmp_path)
        continuity = Continuity(client.recorder, [client], 0.3, 0.3)
        client.recorder.continuity = continuity
        assert client.send("GET", "/first").ok
        hall.together = CONNECTIONS
        ahead.ask(sends(client, PATHS))
        assert all(client.send("GET", path).ok for path in PATHS)
    assert continuity.incidents == []
    assert ahead.alone


def test_an_endpoint_that_ends_is_blamed_on_one_of_those_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.run.incidents.continuity.WINDOW_NS", 60 * 10**9)

    def ends(path: str, _: int) -> tuple[int, bytes] | None:
        if path == "/first":
            return 200, b"{}"
        if path == "/2":
            hall.close_port()
        return None

    with Hall(ends) as hall:
        client, ahead = waiting(hall, tmp_path)
        continuity = Continuity(client.recorder, [client], 0.3, 0.3)
        client.recorder.continuity = continuity
        assert client.send("GET", "/first").ok
        hall.together = CONNECTIONS
        ahead.ask(sends(client, PATHS[:4]))
        with pytest.raises(EndpointLost) as lost:
            client.send("GET", "/0")
    suspects = {each.what for each in lost.value.incident.suspects if each.under_way}
    assert suspects == {f"GET {path}" for path in PATHS[:4]}
    assert lost.value.incident.culprit is None
    assert "after one of these" in lost.value.incident.text


def test_odd_answers_are_shown_to_nobody(tmp_path: Path) -> None:
    """A 500 that comes only in company is no case of "no request is answered 500"."""

    def answer(path: str, company: int) -> tuple[int, bytes]:
        return (500 if path == "/2" and company > 1 else 200), b"{}"

    shown: list[tuple[str, int | None]] = []
    with Hall(answer, together=CONNECTIONS) as hall:
        client, ahead = waiting(hall, tmp_path)
        client.recorder.observe(lambda each, _: shown.append((each.url.rpartition("/")[2], each.status)))
        ahead.ask(sends(client, PATHS[:4]))
        assert sorted(shown) == [("0", 200), ("1", 200), ("3", 200)]
        assert client.send("GET", "/2").ok
    assert ("2", 500) not in shown
    assert client.recorder.totals.requests == 5


def test_what_is_not_as_it_should_be_is_not_given_out(tmp_path: Path) -> None:
    with Hall(lambda path, company: (200, f"{company}".encode()), together=CONNECTIONS) as hall:
        client, ahead = waiting(hall, tmp_path)
        ahead.ask(sends(client, PATHS), lambda each: each.response_body == b"1")
        # More than half of the first ones: the rest is not sent ahead.
        assert len(hall.asked) <= 16
        assert client.send("GET", "/0").response_body == b"1"


def test_an_endpoint_that_works_on_one_after_the_other_is_left_alone(tmp_path: Path) -> None:
    with Hall() as hall:
        client, ahead = waiting(hall, tmp_path, seconds=0.06)
        ahead._learn(lost=False, slow=True)
        assert ahead.connections > 1
        ahead._learn(lost=False, slow=False)
        ahead._learn(lost=False, slow=True)
        ahead._learn(lost=False, slow=True)
        assert ahead.connections == 1
        ahead.ask(sends(client, PATHS))
    assert hall.asked == []


def test_tempo_is_of_answers_that_were_waited_for_alone(tmp_path: Path) -> None:
    with Hall() as hall:
        client, _ = client_for(hall.url, tmp_path)
        tempo = client.recorder.tempo
        assert tempo.answer_s == 0.0
        exchange = client.send("GET", "/0")
        for seconds in (3, 1, 2):
            tempo.note(replace(exchange, start_ns=0, end_ns=seconds * 10**9), 0.5)
        assert 0.0 < tempo.answer_s <= 2.0
        before = tempo.answer_s
        with client.recorder.held_back():
            for _ in range(9):
                client.send("GET", "/0")
        assert tempo.answer_s == before
