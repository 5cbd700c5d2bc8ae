"""Campaigns: past the first root cause, each reported once and small; an endpoint that falls silent ends them soon."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import strategies as st

from harness.check import Check, Untestable
from harness.endpoint.endpoint import Endpoint
from harness.judging import exploring
from harness.judging.exploring import ROOTS, SILENCES, PropertyCase, explore, unanswered
from harness.judging.still_serves import alive, serving
from harness.outcome import Outcome
from harness.probing.probe import Probe
from harness.record.exchange import Exchange
from harness.verdicts import Level
from tests.harness.probing.flawed import flawed, target_of

CHECK = Check(
    slug="some-check", function=lambda _: None, clauses=("C-1",), duties=(), criterion="c", title="T.", method="m",
    per="server", needs=(), faults=(), kind="search", transport="rest", allow=None, fix="", suite="s", group="g",
    criteria=("no-crash", "no-hang"),
)  # fmt: skip
NUMBERS = st.integers(0, 1000)


def probe_of(endpoint: Endpoint) -> Probe:
    return Probe(
        CHECK, endpoint, Outcome({"C-1": Level.MUST, "policy:no-crash": Level.MUST, "policy:no-hang": Level.MUST})
    )


def post(probe: Probe, number: int) -> Exchange:
    return probe.client.send("POST", "/", str(number).encode())


def judged(probe: Probe, roots: Callable[[Exchange], list[str]]) -> Callable[[int], list[PropertyCase]]:
    """Every draw has a case that holds and one broken case for each root that its answer has."""

    def judge(number: int) -> list[PropertyCase]:
        exchange = post(probe, number)
        broken = [PropertyCase("C-1", False, "e", f"{number}: {root}", root, exchange) for root in roots(exchange)]
        return [PropertyCase("C-1", True, "e", "o", "", exchange), *broken]

    return judge


def test_every_root_cause_is_reported_once_and_small(tmp_path: Path) -> None:
    """One that hides behind another is found as well."""

    def roots(exchange: Exchange) -> list[str]:
        number = int(exchange.response_body)
        return [name for name, least in (("large", 100), ("huge", 500)) if number >= least]

    with flawed(lambda body, _: (200, body or b"0")) as url, target_of(url, tmp_path) as endpoint:
        probe = probe_of(endpoint)
        explore(probe, NUMBERS, judged(probe, roots), examples=100, label=lambda n: ["odd" if n % 2 else "even"])
        found = {each.root: each for each in probe.outcome.violations}
        assert found["large"].observed == "100: large"
        assert found["huge"].observed == "500: huge"
        assert len(probe.outcome.violations) == len(found) == 2
        assert all(each.replayed == (3, 3) and each.shrunk_to == 3 for each in found.values())
        assert probe.outcome.cases["C-1"] > 2
        assert probe.outcome.exercised


def test_root_causes_end(tmp_path: Path) -> None:
    """Who breaks everything is not searched for ever."""
    with flawed(lambda body, _: (200, body or b"0")) as url, target_of(url, tmp_path) as endpoint:
        probe = probe_of(endpoint)
        explore(probe, NUMBERS, judged(probe, lambda exchange: [exchange.response_body.decode()]), examples=50)
        assert len(probe.outcome.violations) == ROOTS
        assert f"after {ROOTS} root causes" in probe.outcome.observations[-1][1]


def test_nothing_found_counts_what_held(tmp_path: Path) -> None:
    with flawed(lambda body, _: (200, body or b"0")) as url, target_of(url, tmp_path) as endpoint:
        probe = probe_of(endpoint)
        explore(probe, NUMBERS, judged(probe, lambda _: []), examples=30)
        assert not probe.outcome.violations
        assert probe.outcome.cases == {"C-1": 30}


def test_a_hanging_endpoint_is_not_waited_for_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(exploring, "PATIENCE", 0.0)

    def slow(body: bytes, _: int) -> tuple[int, bytes]:
        if body.startswith(b"9"):
            time.sleep(0.6)
        return 200, body

    with flawed(slow) as url, target_of(url, tmp_path) as endpoint:
        probe = probe_of(endpoint)

        def judge(number: int) -> list[PropertyCase]:
            asked.append(number)
            hangs = number > 10
            probe.client.send("POST", "/", b"9" if hangs else b"1", timeout=0.2 if hangs else None)
            return []

        with pytest.raises(Untestable, match=f"after {SILENCES} requests without an answer"):
            explore(probe, NUMBERS, judge, examples=100)
    assert sum(number > 10 for number in asked) == SILENCES


def test_an_endpoint_that_has_gone_ends_the_campaign_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exploring, "PATIENCE", 0.0)
    with flawed(lambda body, _: (200, body)) as url, target_of(url, tmp_path) as endpoint:
        probe = probe_of(endpoint)
        post(probe, 1)
        asked: list[int] = []

    def judge(number: int) -> list[PropertyCase]:
        asked.append(number)
        post(probe, number)
        return []

    with pytest.raises(Untestable, match="serves no more"):
        explore(probe, NUMBERS, judge, examples=100)
    assert len(asked) == 1


@pytest.mark.parametrize("closed", [None, "C-1"])
def test_one_lost_answer_is_asked_for_again(tmp_path: Path, closed: str | None) -> None:
    with flawed(lambda body, _: (200, body)) as url, target_of(url, tmp_path) as endpoint:
        probe = probe_of(endpoint)
        lost = probe.client.send("POST", "/", b"x", timeout=0.000001)
        assert lost.error is not None
        cases = unanswered(probe, lost, lambda: post(probe, 1), "a request", closed=closed)
        assert [each.held for each in cases] == [True]
        assert not probe.outcome.violations


def test_of_several_strategies_each_gets_its_share(tmp_path: Path) -> None:
    """A root cause that two of them meet is reported once."""
    drawn: list[int] = []
    with flawed(lambda body, _: (200, body or b"0")) as url, target_of(url, tmp_path) as endpoint:
        probe = probe_of(endpoint)

        def judge(number: int) -> list[PropertyCase]:
            drawn.append(number // 1000)
            exchange = post(probe, number)
            return [PropertyCase("C-1", number < 2500, "e", "o", "large", exchange)]

        parts = [st.integers(1000 * n, 1000 * n + 999) for n in range(4)]
        explore(probe, parts, judge, examples=40)
        assert drawn.count(0) == drawn.count(1) == 10
        assert drawn.count(3) == 10
        assert [each.root for each in probe.outcome.violations] == ["large"]


def test_whether_it_serves_is_one_case_and_none_where_nobody_is_met(tmp_path: Path) -> None:
    with flawed(lambda body, _: (200, body)) as url, target_of(url, tmp_path) as endpoint:
        probe = probe_of(endpoint)
        assert serving(probe, alive(probe))
    with pytest.raises(Untestable, match="no connection could be opened"):
        serving(probe, alive(probe, patience=0.0), "after the end")
    assert probe.outcome.cases == {"policy:no-crash": 1}
    assert probe.outcome.violations == []


def test_an_answer_that_the_limit_of_the_tester_cut_breaks_no_clause(tmp_path: Path) -> None:
    with flawed(lambda *_: (200, b"x" * 2000)) as url, target_of(url, tmp_path, body=1000) as target:
        probe = probe_of(target)
        exchange = post(probe, 1)
        with pytest.raises(Untestable, match=r"raise it with \[budget\] body_mebibytes in the policy"):
            probe.holds(exchange.ok, expected="200", observed="cut", clause="C-1", exchange=exchange)
        assert probe.outcome.violations == []
        # The policy of the operator may ask for less than is read.
        crashed = "policy:no-crash"
        assert not probe.holds(exchange.ok, expected="200", observed="cut", clause=crashed, exchange=exchange)
