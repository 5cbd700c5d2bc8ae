"""Lattice, levels, statistics, budget, policy: the rules everything else stands on."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from harness.budget import Budget, BudgetExhausted, Limits
from harness.policy import Policy, PolicyError, load_policy
from harness.statistics.binomial import clopper_pearson, decide, trials_without_failure
from harness.verdicts import Level, Verdict, combine

LATTICE = ["not_applicable", "pass", "warn", "untestable", "inconclusive", "tool_error", "fail"]


def test_lattice_is_the_documented_one() -> None:
    assert [str(verdict) for verdict in Verdict] == LATTICE
    assert combine([]) is Verdict.UNTESTABLE


@given(st.lists(st.sampled_from(Verdict), min_size=1))
def test_combination_is_the_maximum(verdicts: list[Verdict]) -> None:
    assert combine(verdicts).rank == max(verdict.rank for verdict in verdicts)
    assert combine([combine(verdicts), *verdicts]) is combine(verdicts)


def test_only_must_fails() -> None:
    assert [level.violation for level in Level] == [Verdict.FAIL, Verdict.WARN, Verdict.PASS, Verdict.WARN]


@given(st.integers(1, 500), st.data())
def test_interval_agrees_with_scipy(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, trials))
    found = clopper_pearson(successes, trials, 0.95)
    exact = binomtest(successes, trials).proportion_ci(0.90, method="exact")
    assert found.lower == pytest.approx(exact.low, abs=1e-9)
    assert found.upper == pytest.approx(exact.high, abs=1e-9)


@pytest.mark.parametrize(("required", "trials"), [(0.95, 59), (0.99, 299), (0.999, 2995)])
def test_zero_failures_decide_at_the_published_numbers(required: float, trials: int) -> None:
    assert trials_without_failure(required) == trials
    assert decide(trials, trials, required) == "supports"
    assert decide(trials - 1, trials - 1, required) == "inconclusive"


def test_decisions() -> None:
    assert decide(0, 0, 0.9) == "inconclusive"
    assert decide(10, 100, 0.9) == "contradicts"
    for wrong in ((1, 0), (-1, 5), (6, 5)):
        with pytest.raises(ValueError, match="counts"):
            clopper_pearson(*wrong)
    with pytest.raises(ValueError, match="confidence"):
        clopper_pearson(1, 2, 1.0)


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@given(st.floats(0.5, 100), st.integers(1, 50))
def test_rate_is_never_exceeded(rate: float, requests: int) -> None:
    clock = Clock()
    budget = Budget(Limits(rate=rate), clock, clock.sleep)
    for _ in range(requests):
        budget.take()
    assert clock.now - 100.0 >= (requests - 1) / rate * (1 - 1e-9)


def test_requests_and_time_run_out() -> None:
    clock = Clock()
    budget = Budget(Limits(requests=2), clock, clock.sleep)
    assert budget.take() == budget.limits.request_seconds
    budget.take()
    with pytest.raises(BudgetExhausted, match="2 requests"):
        budget.take()
    assert budget.used == 2
    timed = Budget(Limits(seconds=5, request_seconds=3), clock, clock.sleep)
    clock.sleep(4)
    assert timed.take() == pytest.approx(1)
    clock.sleep(2)
    with pytest.raises(BudgetExhausted, match="5 s"):
        timed.take()


def test_a_request_may_be_allowed_more_time_for_a_while() -> None:
    budget = Budget(Limits(request_seconds=10))
    with budget.allowing(60) as seconds:
        assert seconds == budget.take() == 60
    with budget.allowing(1):
        assert budget.take() == 10
    assert budget.take() == 10


def test_policy_is_read_and_dated(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(
        '[item]\nsystem = "triage"\nrisk_class = "annex-iii"\n'
        '[[waivers]]\nslug = "a-b"\nowner = "x"\nreason = "y"\nexpires = 2027-01-01\n'
    )
    policy, digest = load_policy(file)
    assert policy.item.system == "triage"
    assert policy.waivers[0].expires == datetime.date(2027, 1, 1)
    assert digest is not None
    assert load_policy(None) == (Policy(), None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[itme]\n", "did you mean 'item'"),
        ("[item]\nsystm = 'x'\n", "did you mean 'system'"),
        ("[item]\nrisk_class = 'high'\n", "risk_class"),
        ("[budget]\nmax_rate = 'fast'\n", "max_rate"),
        ("item = [", "not TOML"),
        ("[people]\n", "no table \\[people\\] .allowed: report, item, endpoint, service, budget"),
        ("[criteria]\ncredentials = 'yes'\n", "credentials: .*allowed: 'as-seen', 'required'"),
        ("[samples.iris]\nfile = 'x'\n", "samples.MODEL. has no key 'file' .allowed: requests, data, sensitive"),
        ("[endpoint]\nwarm_up = -1\n", "warm_up = -1"),
    ],
)
def test_policy_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(text)
    with pytest.raises(PolicyError, match=message):
        load_policy(file)


def test_policy_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_bytes(b"\xef\xbb\xbf[endpoint]\nwarm_up = 5\n")
    assert load_policy(file)[0].endpoint.warm_up == 5


def test_paths_of_a_policy_are_relative_to_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ci").mkdir()
    file = tmp_path / "ci" / "policy.toml"
    file.write_text("[samples.iris]\nrequests = 'bodies.jsonl'\n")
    monkeypatch.chdir(tmp_path)
    assert load_policy(file)[0].samples["iris"].requests == str(tmp_path / "ci" / "bodies.jsonl")
    (tmp_path / "bodies.jsonl").write_text("")
    with pytest.raises(PolicyError, match=r"relative to the folder of the policy.*'\.\./bodies\.jsonl'"):
        load_policy(file)


def test_policy_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="No such file"):
        load_policy(tmp_path / "none.toml")
