"""Counterexamples: their exchange and sizes, replays on fresh connections, flaky ones kept."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import strategies as st

from harness.check import Check, Untestable
from harness.endpoint.endpoint import Endpoint
from harness.outcome import Outcome
from harness.probing.probe import Probe
from harness.probing.searching import search_for
from harness.record.exchange import Exchange
from harness.verdicts import Level

from .flawed import flawed, target_of

TEXTS = st.text("ab", max_size=60)
CHECK = Check(
    slug="some-check", function=lambda _: None, clauses=("C-1",), duties=(), criterion="c", title="T.", method="m",
    per="server", needs=(), faults=(), kind="search", transport="rest", allow=None, fix="", suite="s", group="g",
)  # fmt: skip


def post(endpoint: Endpoint, text: str) -> Exchange:
    return endpoint.client.send("POST", "/", text.encode())


def echoes(endpoint: Endpoint) -> Callable[[str], bool]:
    return lambda text: post(endpoint, text).response_body == text.encode()


def probe_of(endpoint: Endpoint) -> Probe:
    return Probe(CHECK, endpoint, Outcome({"C-1": Level.MUST}))


def test_a_counterexample_has_its_exchange_its_sizes_and_its_replays(tmp_path: Path) -> None:
    with flawed(lambda body, _: (200, body[:3])) as url, target_of(url, tmp_path) as endpoint:
        found = search_for(endpoint, TEXTS, echoes(endpoint), 100)
        assert found is not None
        value, known = found
        assert len(value.smallest) == 4
        assert known.exchange is not None
        assert known.exchange.request_body == value.smallest.encode()
        assert (known.shrunk_from, known.shrunk_to) == (len(value.first), 4)
        assert known.replayed == (3, 3)
        assert endpoint.client.always_fresh is False


def test_what_needs_an_old_connection_does_not_come_again(tmp_path: Path) -> None:
    def poisoned(body: bytes, number: int) -> tuple[int, bytes]:
        return 200, b"?" if number > 5 else body

    with flawed(poisoned) as url, target_of(url, tmp_path) as endpoint:
        found = search_for(endpoint, TEXTS, echoes(endpoint), 100)
        assert found is not None
        assert found[1].replayed == (0, 3)
        assert found[1].certain


@pytest.mark.parametrize(("left", "replayed"), [(1, None), (3, (1, 1)), (4, (2, 2)), (9, (3, 3))])
def test_a_budget_that_ends_takes_back_nothing(tmp_path: Path, left: int, replayed: tuple[int, int] | None) -> None:
    with flawed(lambda _, __: (200, b"?")) as url, target_of(url, tmp_path, requests=1 + left) as endpoint:
        found = search_for(endpoint, st.just("x"), echoes(endpoint), 5)
        assert found is not None
        assert found[0].smallest == "x"
        assert found[1].replayed == replayed


def test_a_violation_after_a_search_carries_what_the_search_knows(tmp_path: Path) -> None:
    with flawed(lambda body, _: (200, body[:3])) as url, target_of(url, tmp_path) as endpoint:
        probe = probe_of(endpoint)
        found = probe.search(TEXTS, echoes(endpoint))
        assert found is not None
        exchange = post(endpoint, found.smallest)
        probe.holds(False, expected="back", observed="cut", exchange=exchange)
        probe.holds(False, expected="another", observed="case")
        first, second = probe.outcome.violations
        assert (first.exchange, first.shrunk_to, first.replayed) == (exchange.ref, 4, (3, 3))
        assert (second.exchange, second.shrunk_to, second.replayed) == (None, None, None)


def test_a_flaky_one_stays_a_finding_although_the_case_holds(tmp_path: Path) -> None:
    numbers = itertools.count()
    with (
        flawed(lambda body, _: (200, b"?" if next(numbers) == 7 else body)) as url,
        target_of(url, tmp_path) as endpoint,
    ):
        probe = probe_of(endpoint)
        assert probe.search(TEXTS, echoes(endpoint)) is not None
        assert not probe.holds(True, expected="back", observed="back")
        violation = probe.outcome.violations[0]
        assert violation.replayed == (0, 3)
        assert violation.exchange
        assert "came again 0 of 3 times" in violation.observed


def test_one_lost_answer_is_observed_and_not_held_against_anybody(tmp_path: Path) -> None:
    numbers = itertools.count()

    def overloaded(body: bytes, _: int) -> tuple[int, bytes]:
        return (503, b"") if next(numbers) == 7 else (200, body)

    with flawed(overloaded) as url, target_of(url, tmp_path) as endpoint:
        probe = probe_of(endpoint)
        assert probe.search(TEXTS, echoes(endpoint)) is not None
        assert probe.holds(True, expected="back", observed="back")
        assert not probe.outcome.violations
        assert "came again 0 of 3 times" in probe.outcome.observations[0][1]


def test_replays_that_could_not_be_carried_out_count_for_neither(tmp_path: Path) -> None:
    with flawed(lambda _, __: (200, b"?")) as url, target_of(url, tmp_path) as endpoint:

        def holds(text: str) -> bool:
            exchange = post(endpoint, text)
            if endpoint.client.always_fresh:
                raise Untestable("not now")
            return exchange.response_body == text.encode()

        found = search_for(endpoint, TEXTS, holds, 10)
        assert found is not None
        assert found[1].replayed is None
        assert found[1].again == "was not tried again"


def test_events_are_counted(tmp_path: Path) -> None:
    with flawed(lambda body, _: (200, body)) as url, target_of(url, tmp_path) as endpoint:
        probe = probe_of(endpoint)
        for name in ("a", "b", "a"):
            probe.event(name)
        assert probe.outcome.exercised == {"a": 2, "b": 1}
        with pytest.raises(LookupError):
            probe.holds(True, expected="", observed="", clause="C-2")
