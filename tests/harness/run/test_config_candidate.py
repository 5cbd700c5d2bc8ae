"""How a candidate is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.run.config import Config, configure
from harness.run.options import Options, UsageError

URL, OTHER = "http://127.0.0.1:1", "http://127.0.0.1:2"


def configured(tmp_path: Path, **options: Any) -> Config:
    return configure(Options(endpoints=(URL,), evidence=str(tmp_path / "evidence"), **options), URL, {})


def test_nobody_named_one(tmp_path: Path) -> None:
    assert configured(tmp_path).candidate is None


def test_another_address(tmp_path: Path) -> None:
    candidate = configured(tmp_path, candidate=OTHER, headers=["X: y"]).candidate
    assert candidate is not None
    assert (candidate.replica.url, candidate.version, candidate.transports) == (OTHER, None, ["rest"])
    # Whoever may ask the endpoint may ask the candidate.
    assert candidate.replica.access.headers == (("X", "y"),)


def test_a_version_of_the_endpoint_itself(tmp_path: Path) -> None:
    config = configured(tmp_path, candidate_version="2", grpc="127.0.0.1:3")
    assert config.candidate is not None
    assert config.candidate.replica is config.probed
    assert (config.candidate.version, config.candidate.transports) == ("2", ["rest", "grpc"])


def test_an_address_elsewhere_bounds_the_rate_of_both(tmp_path: Path) -> None:
    assert configured(tmp_path, candidate=OTHER).limits.rate is None
    assert configured(tmp_path, candidate="http://192.0.2.1").limits.rate == 50.0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"candidate_grpc": "127.0.0.1:3"}, "--oip-candidate"),
        ({"candidate": "grpc://127.0.0.1:3", "candidate_grpc": "127.0.0.1:3"}, "leave out"),
        ({"candidate": "grpc://127.0.0.1:3"}, "no transport in common"),
        ({"candidate": "embedded"}, "an address is needed"),
        ({"candidate": "nowhere"}, "http"),
    ],
)
def test_what_cannot_work_is_said(tmp_path: Path, options: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        configured(tmp_path, **options)
