"""Runs the engine in a subprocess against a port, and reads what it left."""

from __future__ import annotations

import atexit
import functools
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.load.plan.load_plan import Connections, LoadCase, LoadPlan, ServiceLevel
from harness.load.plan.schedule import constant
from harness.load.records.rows import Merged, Status, merge

HERE = Path(__file__).parent
ROOT = HERE.parents[2]

CASE = LoadCase(name="tiny", path="/v2/models/m/infer", before=b'{"id":"', after=b'","inputs":[]}')


@dataclass(frozen=True)
class Ran:
    """What a run left."""

    merged: Merged
    facts: dict[str, Any]

    @property
    def statuses(self) -> Counter[str]:
        return Counter(Status(int(each)).name for each in self.merged.rows["status"])


def plan_for(port: int, *, rate: float = 200, seconds: float = 0.25, **changes: Any) -> LoadPlan:
    given: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "cases": (CASE,),
        "schedule": constant(rate, seconds),
        "level": ServiceLevel(latency_s=0.1),
        "connections": Connections(cap=16, preconnect=2),
        "timeout_s": 20.0,  # a busy machine is no fault; who wants a timeout says a short one
        "check_every": 10,
    }
    return LoadPlan(**{**given, **changes})


@functools.cache
def _process() -> subprocess.Popen[str]:
    """One process for all tests: importing takes longer than most runs. It ends when its input does."""
    made = subprocess.Popen(
        [sys.executable, str(HERE / "engine" / "run_engine.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    def end() -> None:
        made.communicate(timeout=10)

    atexit.register(end)
    return made


def run(plan: LoadPlan, tmp_path: Path, spoilt: str = "") -> Ran:
    """Run it; every planned request must be in exactly one record.

    ``spoilt``: what goes wrong in the tester (:mod:`tests.harness.load.engine.run_engine`); then the caller judges.
    """
    plan.write(tmp_path / "plan.json")
    records, facts = tmp_path / "0.rec", tmp_path / "facts.json"
    process = _process()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{tmp_path / 'plan.json'}\t{records}\t{facts}\t{spoilt}\n")
    process.stdin.flush()
    said = process.stdout.readline()
    assert said == "done\n", said
    planned = len(plan.workload()[0])
    merged = merge([records], planned, 1, plan.digest)
    left = json.loads(facts.read_text("utf-8"))
    if spoilt:
        return Ran(merged, left)
    assert left["defects"] == 0, left["notes"]
    if planned:
        assert len(merged.rows) == planned
    assert not len(merged.missing)
    assert not len(merged.repeated)
    assert left["open"] == 0
    assert left["under_way"] == 0
    return Ran(merged, left)
