"""Once the time of a run is up, what a check still computes or generates is ended within a few seconds."""

from __future__ import annotations

from pathlib import Path

from harness.budget import Budget, Limits
from harness.run.config import configure
from harness.run.options import Options
from harness.run.session.execution import OVERTIME, share_of_check


def test_a_check_may_be_quiet_for_little_longer_than_the_run_lasts(tmp_path: Path) -> None:
    url, time = "http://127.0.0.1:1", [0.0]
    config = configure(Options(endpoints=(url,), evidence=str(tmp_path / "evidence")), url, {})
    budget = Budget(Limits(seconds=10.0), clock=lambda: time[0])
    share = config.policy.budget.check_seconds
    for now in (0.0, 9.0, 10.0 + OVERTIME):
        time[0] = now
        assert share_of_check(config, budget)[0] > share, now
    time[0] = 10.1 + OVERTIME
    assert share_of_check(config, budget)[0] == OVERTIME <= 2.5


def test_what_was_waited_for_before_the_run_is_no_part_of_its_time() -> None:
    time = [0.0]
    budget = Budget(Limits(seconds=10.0), clock=lambda: time[0])
    time[0] = 60.0
    assert budget.seconds_left < 0
    budget.begin()
    assert budget.seconds_left == 10.0
