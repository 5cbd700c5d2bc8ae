"""Limits that are not understood: every one of them ends in one line, before anything is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.policy import Policy, PolicyError, load_policy
from harness.run.config import Config, configure
from harness.run.options import PROFILES, Options, UsageError

URL = "http://127.0.0.1:9"
NUMBERS = ("max_rate", "max_requests", "time_budget", "timeout")
SENSELESS = ("0", "-1", "nan", "inf", "-inf", "1e400", "", "ten", "1_0", "9" * 5000, "0x10")


def config(tmp_path: Path, policy: str = "", **options: Any) -> Config:
    """The checked configuration."""
    file = tmp_path / "policy.toml"
    file.write_text(policy)
    return configure(Options(endpoints=(URL,), evidence=str(tmp_path / "e"), policy=str(file), **options), URL, {})


@pytest.mark.parametrize("given", SENSELESS)
@pytest.mark.parametrize("name", NUMBERS)
def test_a_limit_that_is_none_is_refused_in_one_line(name: str, given: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"--oip-{name.replace('_', '-')} ") as refused:
        config(tmp_path, **{name: given})
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("given", ["-1", "nan", "1.5", "9" * 30, ""])
def test_a_seed_is_a_whole_number(given: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--oip-seed"):
        config(tmp_path, seed=given)
    assert config(tmp_path, seed="0").seed == 0


@pytest.mark.parametrize("given", ["0", "-3", "nan", "inf", "-inf", "0.0"])
@pytest.mark.parametrize(
    "place",
    [
        "[budget]\nmax_rate", "[budget]\nmax_requests", "[budget]\ntime", "[budget]\nrequest_timeout",
        "[budget]\nbody_mebibytes", "[budget]\nanswer_mebibytes", "[budget]\nevidence_mebibytes",
        "[load]\nrate", "[load]\nseconds", "[load]\nlatency", "[load]\npercentile",
        "[load]\nconfidence", "[load]\noverload", "[load]\nrecovery", "[load]\nsoak", "[load]\nworkers",
        "[load.spike]\nfactor", "[load.spike]\nseconds", "[load.capacity]\nleast", "[load.capacity]\nmost",
        "[load.capacity]\ntolerance", "[load.capacity]\nseconds", "[load.capacity]\nruns", "[[load.mixed]]\nweight",
        "[[load.mixed]]\nrows",
    ],
)  # fmt: skip
def test_a_number_of_the_policy_is_one(place: str, given: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(f"{place} = {given}\n")
    with pytest.raises(PolicyError) as refused:
        load_policy(file)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("place", ["patience", "warm_up"])
@pytest.mark.parametrize("given", ["-3", "nan", "inf"])
def test_a_wait_may_be_none_at_all(place: str, given: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(f"[endpoint]\n{place} = 0\n")
    assert getattr(load_policy(file)[0].endpoint, place) == 0
    file.write_text(f"[endpoint]\n{place} = {given}\n")
    with pytest.raises(PolicyError):
        load_policy(file)


def test_each_profile_states_its_time_and_the_record_says_it(tmp_path: Path) -> None:
    for number, (profile, seconds) in enumerate(PROFILES.items()):
        (tmp_path / str(number)).mkdir()
        found = config(tmp_path / str(number), profile=profile)
        assert (found.limits.seconds, found.limits.by_profile) == (seconds, True)
        assert found.defaulted["time_budget"] == str(seconds)


def test_whoever_says_so_has_no_limit_of_time(tmp_path: Path) -> None:
    assert config(tmp_path, time_budget="none").limits.seconds is None
    assert config(tmp_path, '[budget]\ntime = "none"').limits.seconds is None
    told = config(tmp_path, '[budget]\ntime = "none"', time_budget="90").limits
    assert (told.seconds, told.by_profile) == (90.0, False)
    assert Policy().budget.time is None
