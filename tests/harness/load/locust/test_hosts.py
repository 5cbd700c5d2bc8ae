"""Distributed over hosts: networks apart, clocks that do not agree, and still one schedule and exact records."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.load.plan.load_plan import Connections
from harness.load.records.rows import Status, merge
from tests.harness.load.engines import ROOT, plan_for
from tests.harness.load.locust.hosts import ADDRESS, CLOCKS, TARGET

pytestmark = pytest.mark.slow
ASIDE = ["unshare", "--net", "--uts", "--time", "--fork", "--kill-child"]


def not_allowed() -> str:
    """Why this machine does not allow hosts of namespaces; empty: it does."""
    command = [*ASIDE, *["ip", "link", "add", "name", "here0", "type", "veth", "peer", "name", "there0"]]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except OSError as error:
        return str(error)
    return "" if done.returncode == 0 else done.stderr.strip() or "no namespaces"


def test_two_hosts_whose_clocks_do_not_agree(tmp_path: Path) -> None:
    if why := not_allowed():
        pytest.skip(f"hosts cannot be made of namespaces here: {why}")
    plan = plan_for(TARGET, host=ADDRESS, rate=100, seconds=2, workers=2, connections=Connections(cap=64, preconnect=4))
    plan.write(tmp_path / "plan.json")
    series = tmp_path / "series"
    command = [
        *ASIDE,
        sys.executable,
        "-m",
        "tests.harness.load.locust.hosts",
        str(tmp_path / "plan.json"),
        str(series),
    ]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, cwd=ROOT, env=environ)
    facts = [json.loads(path.read_bytes()) for path in sorted(series.glob("run-facts-*.json"))]
    assert {each["facts"]["host"] for each in facts} == {"host-0", "host-1"}, done.stdout + done.stderr
    apart = [round(each["clock"]["offset_to_master_ns"] * 1e-9) for each in facts]
    assert sorted(apart) == sorted(CLOCKS)
    merged = merge(sorted(series.glob("load-*.rec")), 200, 2, plan.digest)
    assert not len(merged.missing)
    rows = merged.rows
    assert (rows["status"] == Status.OK).all(), done.stdout + done.stderr
    # One schedule: whatever clock it was read from, no worker is a second away from the other.
    assert (abs(rows["sent"] - rows["intended"]) < 1_000_000_000).all()
