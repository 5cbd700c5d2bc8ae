"""A check that judges answers which came side by side finds fault with nothing that is right alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from hypothesis import strategies as st

from harness.budget import Budget, Limits
from harness.check import Check
from harness.endpoint.endpoint import Endpoint
from harness.judging.exploring import PropertyCase, explore
from harness.outcome import Outcome
from harness.policy import Policy
from harness.probing.probe import Probe
from harness.record.exchange import Exchange
from harness.record.redact import Redactor
from harness.record.store import ExchangeStore, Recorder
from harness.run.checks import load_checks
from harness.run.one_check import execute
from harness.verdicts import Level, Verdict
from harness.wire.access import Access
from harness.wire.ahead import CONNECTIONS
from harness.wire.rest import RestClient
from tests.harness.wire.hall import Answer, Hall
from tests.harness.wire.test_ahead import Measured

CLAUSE = "REST-INFER-01"
PATHS = [f"/{number}" for number in range(8)]


@contextmanager
def probed(folder: Path, answer: Answer, *, seconds: float = 1.0) -> Iterator[tuple[Hall, Probe]]:
    recorder = Recorder(ExchangeStore(folder), Redactor(), lambda _: None)
    with Hall(answer) as hall, RestClient(Access(hall.url), recorder, Budget(Limits(request_seconds=20.0))) as client:
        nothing = client.send("GET", "/nothing")
        recorder.tempo = Measured(seconds=seconds)
        hall.asked.clear()
        hall.together = CONNECTIONS if seconds else 1
        known = load_checks()[0].checks["rest-infer-answers-200"]
        endpoint = Endpoint(client, None, Policy(), "v2", nothing, None, examples=8)
        yield hall, Probe(known, endpoint, Outcome({CLAUSE: Level.MUST}))


def checking_of(probe: Probe) -> Check:
    """A check that asks for each path ahead, and holds that it is answered with "right"."""

    def function(probe: Probe) -> None:
        sends = {path: partial(probe.client.send, "GET", path) for path in PATHS}
        probe.endpoint.ahead.ask(list(sends.values()))
        for path, send in sends.items():
            exchange = send()
            good = exchange.response_body == b'"right"'
            probe.holds(good, clause=CLAUSE, expected="right", observed=path, exchange=exchange)

    return dataclasses.replace(probe.check, function=function)


def wrong_in_company(path: str, company: int) -> tuple[int, bytes]:
    return 200, b'"wrong"' if path == "/3" and company > 1 else b'"right"'


def wrong(path: str, _: int) -> tuple[int, bytes]:
    return 200, b'"wrong"' if path == "/3" else b'"right"'


def test_what_is_wrong_only_in_company_is_asked_again_alone(tmp_path: Path) -> None:
    with probed(tmp_path, wrong_in_company) as (hall, probe):
        verdict, reason = execute(checking_of(probe), probe)
    assert (verdict, reason) == (Verdict.PASS, "")
    assert probe.outcome.cases == {CLAUSE: len(PATHS)}
    assert hall.asked.count("/3") == 2
    assert hall.most == CONNECTIONS


def test_what_is_wrong_alone_as_well_is_shown_by_what_was_sent_alone(tmp_path: Path) -> None:
    with probed(tmp_path, wrong) as (hall, probe):
        verdict, _ = execute(checking_of(probe), probe)
        last = probe.client.recorder.recent
        alone = {each.ref for each, _ in last if not probe.endpoint.ahead.came_aside(each)}
    assert verdict is Verdict.FAIL
    assert [each.exchange in alone for each in probe.outcome.violations] == [True]
    assert probe.outcome.cases == {CLAUSE: len(PATHS)}
    assert hall.asked.count("/3") == 2


class _EndedFromOutsideError(BaseException):
    """As the watchdog ends a check."""


def test_a_check_that_was_ended_leaves_nothing_to_the_next(tmp_path: Path) -> None:
    def ended(probe: Probe) -> None:
        checking_of(probe).function(probe)
        raise _EndedFromOutsideError

    with probed(tmp_path, wrong_in_company) as (hall, probe):
        with pytest.raises(_EndedFromOutsideError):
            execute(dataclasses.replace(probe.check, function=ended), probe)
        probe.outcome.anew()
        asked = len(hall.asked)

        def one(probe: Probe) -> None:
            exchange = probe.client.send("GET", "/0")
            probe.holds(exchange.ok, clause=CLAUSE, expected="", observed="", exchange=exchange)

        assert execute(dataclasses.replace(probe.check, function=one), probe)[0] is Verdict.PASS
        assert len(hall.asked) == asked + 1


def test_an_endpoint_that_answers_quickly_sees_what_it_saw(tmp_path: Path) -> None:
    with probed(tmp_path, wrong, seconds=0.0) as (hall, probe):
        assert execute(checking_of(probe), probe)[0] is Verdict.FAIL
    assert hall.asked == PATHS
    assert hall.most == 1


@pytest.mark.parametrize(("answer", "verdict"), [(wrong_in_company, Verdict.PASS), (wrong, Verdict.FAIL)])
def test_a_search_sends_its_draws_ahead_and_judges_them_in_order(
    answer: Answer, verdict: Verdict, tmp_path: Path
) -> None:
    def drawn(folder: Path, seconds: float) -> tuple[list[str], list[int], Verdict]:
        judged: list[int] = []
        with probed(folder, answer, seconds=seconds) as (hall, probe):

            def send(number: int) -> Exchange:
                return probe.client.send("GET", f"/{number}")

            def judge(number: int) -> list[PropertyCase]:
                exchange = send(number)
                judged.append(number)
                good = exchange.response_body == b'"right"'
                return [PropertyCase(CLAUSE, good, "right", "wrong", "root", exchange)]

            def function(probe: Probe) -> None:
                explore(probe, st.integers(0, 7), judge, examples=8, sends=send)

            said, _ = execute(dataclasses.replace(probe.check, function=function), probe)
            return hall.asked, judged, said

    aside, judged, said = drawn(tmp_path / "a", 1.0)
    alone, in_turn, same = drawn(tmp_path / "b", 0.0)
    assert said is verdict
    # The same values are sent, and judged in the order in which they are drawn.
    assert set(aside) == set(alone)
    assert list(dict.fromkeys(judged)) == list(dict.fromkeys(in_turn))
    assert same is (Verdict.FAIL if verdict is Verdict.FAIL else Verdict.PASS)
