"""The drills that ship with the embedded cluster: every account closes, and a balancer that loses is told apart.

``ART15_DRILLS`` says how often each fault is caused.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.endtoend.running import ROOT, Ran, probe
from tests.endtoend.test_drills import bad

pytestmark = pytest.mark.slow

POLICY = ROOT / "harness" / "cluster" / "drills.toml"
CHECK = "failover-drills[pair]"
TIMES = int(os.environ.get("ART15_DRILLS", "1"))
# The restart of three servers takes its time on a busy machine, and the load goes on after it.
SHORTER = "hold_s = 1\nafter_s = 2\n" if TIMES == 1 else ""


def drilled(folder: Path, balancer: str, *names: str) -> Ran:
    """The shipped drills, or those of these names."""
    blocks = POLICY.read_text().split("[[drills]]\n")[1:]
    kept = [each for each in blocks if not names or any(f'name = "{name}"' in each for name in names)]
    own = [f"[[drills]]\nrepeat = {TIMES}\n{'' if 'after_s' in each else SHORTER}{each}" for each in kept]
    policy = folder / "policy.toml"
    policy.write_text("\n".join(own))
    return probe(
        f"embedded-cluster:{balancer}", folder / "evidence", "--oip-model", "pair", "--oip-policy", str(policy),
        "--oip-allow", "faults", "-k", "failover-drills",
    )  # fmt: skip


def accounts(run: Ran) -> dict[str, list[dict[str, Any]]]:
    """The repetitions that count, by drill; each account closes."""
    found = {
        drill["name"]: [each for each in drill["repetitions"] if each["ending"] == "carried out"]
        for drill in run.evidence["drills"]
    }
    assert all(len(each) == TIMES for each in found.values()), run.output
    for each in (one for many in found.values() for one in many):
        # Closes, phase by phase; and what was answered as correct was executed.
        bad(each["account"])
        assert each["executions"]["unexecuted"] == 0
    return found


def test_the_good_balancer(tmp_path: Path) -> None:
    run = drilled(tmp_path, "envoy-good")
    found = accounts(run)
    assert run.verdicts[CHECK] == "pass", run.output
    assert len(found) == 6
    assert [bad(each["account"]) for name in found for each in found[name] if name != "slow-after-the-head"] == (
        [0] * 5 * TIMES
    )


def test_the_balancer_that_loses_is_told_apart(tmp_path: Path) -> None:
    run = drilled(tmp_path, "envoy-loses", "a-replica-dies")
    found = accounts(run)
    assert run.verdicts[CHECK] == "fail", run.output
    assert all(bad(each["account"]) > 0 for each in found["a-replica-dies"])
