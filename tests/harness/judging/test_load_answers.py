"""What one run of load shows is said only if a second one shows it, and if the tester was there all the time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from harness import check
from harness.judging.load.answers import SAME, answers_are_right, answers_come, level_holds, successes_at
from harness.judging.load.scenarios import shows
from harness.load.analysis.drift import Drift
from harness.load.analysis.load_run import LoadRun
from harness.load.analysis.summary import summarise
from harness.load.analysis.validity import invalid_reasons
from harness.load.analysis.verdict import judge, judge_answers
from harness.load.plan.load_plan import ServiceLevel
from harness.load.records.rows import Flag, Rows, Status
from harness.load.records.worker_facts import WorkerFacts
from harness.probing.load.loading import Loader
from harness.probing.load.validity import sound
from harness.verdicts import Verdict
from tests.harness.load.runs import facts_of, merged_of, plan_of, rows_of

PLAN = plan_of(rate=100, seconds=12, level=ServiceLevel(latency_s=0.1))
COUNT = 1200


def ran(rows: Rows, **facts: Any) -> LoadRun:
    """A run with these records."""
    merged, known = merged_of(PLAN, rows), facts_of(PLAN, **facts)
    summary = summarise(merged, PLAN)
    outcome = judge(summary, PLAN, invalid_reasons(summary, merged, PLAN, known))
    return LoadRun(PLAN, merged, summary, outcome, judge_answers(summary), tuple[WorkerFacts, ...](known))


class Load(Loader):
    """Carries out what the test gives it."""

    def __init__(self, *again: LoadRun, stated: bool = True) -> None:
        self.held: list[bool] = []
        self.said: list[str] = []
        self.later: Iterator[LoadRun] = iter(again)
        self.stated, self.level = stated, PLAN.level
        self.probe: Any = SimpleNamespace(
            holds=lambda good, **_: self.held.append(good), observe=self.said.append, outcome=SimpleNamespace()
        )

    def repeat(self, found: LoadRun, name: str) -> LoadRun:
        return next(self.later)


def some(number: int, status: Status, flags: int = 0) -> LoadRun:
    """A run in which so many requests ended so."""
    bad = np.arange(COUNT) % (COUNT // number) == 7 if number else np.zeros(COUNT, bool)
    return ran(rows_of(PLAN, status=np.where(bad, status, Status.OK), flags=np.where(bad, flags, 0)))


GOOD = some(0, Status.OK)


def test_what_is_lost_twice_is_lost() -> None:
    load = Load(some(2, Status.TIMEOUT))
    answers_come(load, some(3, Status.TIMEOUT))
    assert load.held == [False]


def test_what_is_lost_once_is_told() -> None:
    load = Load(GOOD)
    answers_come(load, some(1, Status.TIMEOUT))
    assert load.held == [True]
    assert "once" in load.said[0]


def test_a_connection_that_says_that_it_closes_loses_nothing() -> None:
    load = Load()
    answers_come(load, some(12, Status.CLOSED, Flag.CLOSES))
    assert load.held == [True]


@pytest.mark.parametrize("facts", [{"finished": False}, {"lost": "killed"}, {"silent_s": 5.0}])
def test_a_tester_that_was_away_blames_nobody(facts: dict[str, Any]) -> None:
    lost = some(3, Status.TIMEOUT)
    with pytest.raises(check.TesterFailed):
        answers_come(Load(), ran(lost.merged.rows, **facts))
    load = Load(ran(lost.merged.rows, **facts))
    with pytest.raises(check.TesterFailed):
        answers_come(load, lost)


def stalled() -> LoadRun:
    """One stall of 0.4 s, in which 40 requests wait."""
    intended = PLAN.workload()[0] / 1e9
    return ran(rows_of(PLAN, response_ms=np.where((intended > 5) & (intended < 5.4), (5.6 - intended) * 1e3, 2)))


def test_one_stall_is_no_verdict_on_a_service_level() -> None:
    assert stalled().outcome.verdict is Verdict.FAIL
    load = Load(GOOD)
    level_holds(load, stalled())
    assert load.held == [True]
    assert any("failed once" in text for text in load.said)
    load = Load(stalled())
    level_holds(load, stalled())
    assert load.held == [False]


def test_mostly_late_needs_no_second_run() -> None:
    load = Load()
    level_holds(load, ran(rows_of(PLAN, response_ms=300)))
    assert load.held == [False]


def test_what_was_never_sent_is_not_asked() -> None:
    rows = rows_of(PLAN, status=np.where(np.arange(COUNT) % 2, Status.OK, Status.NEVER_SENT))
    assert successes_at(ran(rows), 2, 4) == (100, 100)


def test_an_endpoint_that_holds_all_connections_does_not_excuse_itself() -> None:
    found = ran(rows_of(PLAN, status=np.where(np.arange(COUNT) % 2, Status.OK, Status.NEVER_SENT)))
    assert found.outcome.invalid
    assert sound(found)
    assert not sound(ran(found.merged.rows, lost="killed"))


@pytest.mark.parametrize(
    ("quantity", "first", "last", "response_ms", "failing", "shown"),
    [
        ("median", 0.005, 0.025, 20, 0, True),
        ("median", 0.005, 0.025, 10, 0, False),
        ("tail", 0.02, 0.2, 150, 0, True),
        ("tail", 0.02, 0.2, 50, 0, False),
        ("errors", 0.0, 0.1, 5, 12, True),
        ("errors", 0.0, 0.1, 5, 120, False),
        ("errors", 0.0, 0.001, 5, 600, False),
    ],
)
def test_a_second_run_must_show_half_of_the_rise(
    quantity: str, first: float, last: float, response_ms: float, failing: int, shown: bool
) -> None:
    """Errors: one in ``failing``, and no fewer than three."""
    bad = np.arange(COUNT) % failing == 7 if failing else np.zeros(COUNT, bool)
    rows = rows_of(PLAN, response_ms=response_ms, status=np.where(bad, Status.RESET, Status.OK))
    drift = Drift(quantity=quantity, rises=True, first=first, last=last, p=1e-6, blocks=30)
    assert shows(ran(rows), drift) is shown


@pytest.mark.parametrize(("declared", "held"), [(False, [False]), (True, [])])
def test_that_a_request_varies_alone_is_no_excuse_unless_it_is_declared(declared: bool, held: list[bool]) -> None:
    load, found = Load(), some(0, Status.OK)
    load.probe.declared_varying = declared
    load.probe.check = SimpleNamespace(criteria=(SAME.partition(":")[2],))
    cases = tuple(msgspec.structs.replace(each, varies=True) for each in PLAN.cases)
    answers_are_right(load, replace(found, plan=msgspec.structs.replace(PLAN, cases=cases)))
    assert load.held == held
