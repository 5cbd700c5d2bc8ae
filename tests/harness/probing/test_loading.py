"""Rates, times and levels of load, and the budget it keeps to."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from harness.budget import Budget, BudgetExhausted, Limits
from harness.declared.load import LoadTable
from harness.endpoint.memory import Memory
from harness.load.analysis.load_run import LoadRun, read_run
from harness.load.plan.load_plan import LoadCase, LoadPlan
from harness.policy import Policy, PolicyError, load_policy
from harness.probing.load.loading import MOST_RATE_OF_WORKER, Loader, level_of, seconds_to_decide
from harness.probing.load.runner import LoadRunner
from harness.wire.access import Access


def loader(tmp_path: Path, limits: Limits | None = None, **load: Any) -> tuple[Loader, list[str]]:
    limits = limits or Limits()
    said: list[str] = []
    client = SimpleNamespace(budget=Budget(limits), access=Access("http://127.0.0.1:80"))
    endpoint = SimpleNamespace(policy=Policy(load=LoadTable(**load)), seed=15)
    probe: Any = SimpleNamespace(
        endpoint=endpoint,
        observe=said.append,
        check=SimpleNamespace(slug="load-x"),
        model=SimpleNamespace(id="m"),
    )
    level, stated = level_of(probe, 0.004)
    route: Any = SimpleNamespace(transport="rest", client=client)
    case = LoadCase(name="m", path="/", before=b"")
    return Loader(probe, route, LoadRunner(tmp_path, "standard", limits), (case,), 0.004, level, stated), said


def test_without_a_policy_the_level_is_ours_and_the_rate_follows_the_endpoint(tmp_path: Path) -> None:
    load, said = loader(tmp_path)
    assert not load.stated
    assert load.level.latency_s == pytest.approx(0.1)
    assert load.steady_rate == 100.0
    load.alone_s = 2.0
    assert load.steady_rate == 0.25, "a rate that one client alone could have"
    assert load.plan(load.stages((2.0, 1.0))).timeout_s == 10.0, "the budget for one request binds"
    assert said == []


def test_the_policys_level_and_rate_are_taken(tmp_path: Path) -> None:
    load, _ = loader(tmp_path, latency=0.25, percentile=0.999, rate=321.0)
    assert load.stated
    assert (load.level.latency_s, load.level.percentile, load.steady_rate) == (0.25, 0.999, 321.0)


def test_the_rate_of_the_budget_binds_and_that_is_said(tmp_path: Path) -> None:
    load, said = loader(tmp_path, Limits(rate=20.0), rate=500.0)
    assert load.steady_rate == 20.0
    assert "lowered from 500 to 20" in said[0]
    assert load.plan(load.stages((2.0, 20.0))).max_rate == 20.0
    with pytest.raises(ValueError, match="allowed"):
        load.plan(load.stages((2.0, 21.0)))


def test_a_worker_is_not_asked_for_more_than_it_can(tmp_path: Path) -> None:
    load, _ = loader(tmp_path, workers=2)
    assert load.lowered(1e9) == 2 * MOST_RATE_OF_WORKER


def test_a_private_plan_is_sent_again_whole_and_its_sizes_are_known(tmp_path: Path) -> None:
    """What evidence may keep of such a plan has no bodies: sent again, it would be answered with errors."""
    load, _ = loader(tmp_path)
    load.cases = (LoadCase(name="m", path="/", before=b"x" * 500, has_id=False),)
    recorder: Any = SimpleNamespace(redactor=SimpleNamespace(given=()), continuity=None)
    outcome: Any = SimpleNamespace(series=[])
    load.route.client.recorder, load.probe.outcome = recorder, outcome
    load.probe.model.memory = Memory()
    sent: list[LoadPlan] = []

    def carry_out(plan: LoadPlan, *_: object) -> LoadRun:
        sent.append(plan)
        return read_run(plan, tmp_path)

    bench: Any = SimpleNamespace(carry_out=carry_out)
    load.bench = bench
    plan = msgspec.structs.replace(load.plan(at_once=1, seconds=1.0), private=True)
    load.repeat(load.send(plan, "first"), "again")
    assert [each.cases for each in sent] == [load.cases] * 2
    series = outcome.series
    assert [each.cases for each in series] == [[{"name": "m", "bytes": 500}]] * 2
    assert series[0].plan_sha256 == plan.digest


def test_requests_and_time_of_the_budget_shorten_the_run(tmp_path: Path) -> None:
    load, said = loader(tmp_path, Limits(requests=500))
    assert load.stages((10.0, 100.0)).expected == pytest.approx(450)
    assert "shortened" in said[0]
    load, said = loader(tmp_path, Limits(seconds=5.0))
    assert load.stages((10.0, 1.0)).seconds < 5
    load, said = loader(tmp_path, Limits(requests=20))
    with pytest.raises(BudgetExhausted):
        load.stages((10.0, 100.0))


def test_many_requests_are_counted_at_once_or_not_at_all() -> None:
    budget = Budget(Limits(requests=10))
    budget.take_many(7)
    assert budget.requests_left == 3
    with pytest.raises(BudgetExhausted):
        budget.take_many(4)
    assert budget.used == 7


def test_every_run_has_ids_of_its_own_and_the_same_ones_again(tmp_path: Path) -> None:
    first, second = (loader(tmp_path)[0] for _ in range(2))
    names = [[load.plan(at_once=1, seconds=1.0).prefix for _ in range(3)] for load in (first, second)]
    assert names[0] == names[1]
    assert len(set(names[0])) == 3


def test_a_run_lasts_until_it_can_decide(tmp_path: Path) -> None:
    level = loader(tmp_path, latency=0.1)[0].level
    assert 5 < seconds_to_decide(level, 200.0, 2.0, 60.0) < 12
    assert seconds_to_decide(level, 5000.0, 2.0, 60.0) == 2.5
    assert seconds_to_decide(level, 1.0, 2.0, 60.0) == 60.5


@pytest.mark.parametrize("text", [
    "[load]\nlatency = -1", "[load]\npercentile = 99", "[load]\nlatencies = 1", "[load]\nworkers = 0",
    "[[load.mixed]]\nweight = 0", "[load.capacity]\nstart = 3", "[load]\noverload = 0.5",
])  # fmt: skip
def test_a_policy_that_cannot_be_meant_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(text)
    with pytest.raises(PolicyError):
        load_policy(path)
