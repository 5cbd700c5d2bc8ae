"""Whatever the endpoint does: a run ends in time and memory, with a verdict, evidence that verifies, no traceback."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from reports.verification.verify import verify
from tests.endtoend.running import Ran, probe
from tests.packs import read

from .answers import TOKEN
from .kit import SCENARIOS

pytestmark = [pytest.mark.slow, pytest.mark.hostile]

# `make validate` gives more, so that more checks meet each endpoint.
SECONDS = float(os.environ.get("ART15_HOSTILE_SECONDS", "5"))
GRACE_SECONDS = 10.0
# What was planned and not carried out is told one by one: thousands of checks, where models are many.
GRACE_SECONDS_A_CHECK = 2e-3
MOST_KILOBYTES = 500_000
ADDRESS_SPACE = 4 << 30
PATIENCE = 120.0
# Nothing found, a finding, the tester could not do its part, nothing decided; 4 only where nothing can be probed.
ENDS = {0, 1, 3, 5}
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]")
POLICY = "[budget]\nrequest_timeout = 1.0\n[endpoint]\npatience = 2.0\nwarm_up = 2.0\n"


def _stretch() -> float:
    """How much longer things take on a machine that others use as well; its load of now tells little of before."""
    return min(10.0, max(3.0, os.getloadavg()[0] / (os.cpu_count() or 1)))


@pytest.mark.battery
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_run_ends_well(name: str, tmp_path: Path) -> None:
    scenario = SCENARIOS[name]
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY)
    options = ["-q", "--oip-time-budget", str(SECONDS), "--oip-policy", str(policy), *scenario.options]
    with scenario.start() as url:
        begin = time.monotonic()
        ran = probe(
            url, tmp_path / "evidence", *options, environ=scenario.environ, memory=ADDRESS_SPACE, patience=PATIENCE
        )
        took = time.monotonic() - begin
    _ended(ran, took)
    if ran.code == 4 and scenario.mute:
        assert len([line for line in ran.output.splitlines() if line.startswith("ERROR")]) == 1, ran.output
    else:
        assert ran.code in ENDS, ran.output[-5000:]
        _left_evidence(ran)
    if scenario.environ:
        _kept_secret(ran, tmp_path)


def _ended(ran: Ran, took: float) -> None:
    # Quoted in the words of an endpoint it does not end its line.
    assert not re.search(r"Traceback \(most recent call last\):\s*$", ran.output, re.MULTILINE), ran.output[-5000:]
    assert "INTERNALERROR" not in ran.output, ran.output[-5000:]
    raw = RAW.search(ran.output)
    assert raw is None, ran.output[max(0, raw.start() - 200) : raw.end() + 200].encode()
    assert ran.peak_kilobytes < MOST_KILOBYTES
    planned = ran.evidence["run"]["planned"] if ran.code in ENDS else 0
    grace = GRACE_SECONDS + GRACE_SECONDS_A_CHECK * planned
    assert took < (SECONDS + grace) * _stretch(), ran.output[-2000:]


def _left_evidence(ran: Ran) -> None:
    document = ran.evidence
    assert document["checks"]
    assert document["run"]["planned"] == len(document["checks"])
    assert not verify(ran.folder).problems
    for name in ("report.html", "annex.html"):
        assert b"<script" not in (ran.folder / name).read_bytes().lower()


def _kept_secret(ran: Ran, folder: Path) -> None:
    """No part of the token that would be worth something, neither printed nor on disk."""
    parts = TOKEN.split(".")[1:]
    assert not [part for part in parts if part in ran.output]
    for path in folder.rglob("*"):
        if path.is_file():
            data = read(path)
            assert not [part for part in parts if part.encode() in data or part.encode().hex().encode() in data], path
