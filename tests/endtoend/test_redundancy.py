"""Redundancy that the policy declares, beside what was seen of it: only a declared failover can be contradicted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.endtoend.running import Ran, probe
from tests.endtoend.test_drills import only

pytestmark = pytest.mark.slow

CHECK = "failover-drills[pair]"
DRILL = (
    "[[drills]]\nname = 'a-replica-dies'\nrate = 100\nafter_s = 4\n"
    "fault = {kind = 'kill', process = {replica = 'r2'}}\n"
)


def probed(folder: Path, balancer: str, service: str) -> Ran:
    """A census and a drill without a criterion of its own."""
    policy = folder / "policy.toml"
    policy.write_text(f"{service}\n{DRILL}")
    return probe(
        f"embedded-cluster:{balancer}", folder / "evidence", "--oip-model", "pair", "--oip-policy", str(policy),
        "--oip-allow", "faults", "-k", "failover-drills or failover-connections-agree",
    )  # fmt: skip


def said(run: Ran) -> str:
    """The first screen."""
    statements: list[str] = run.evidence["summary"]["statements"]
    return "\n".join(statements)


def test_a_declared_failover_that_takes_longer(tmp_path: Path) -> None:
    run = probed(tmp_path, "envoy-loses", "[service]\nreplicas = 3\nfailover = 'another one answers'\nfailover_s = 1.5")
    assert run.verdicts[CHECK] == "fail", run.output
    assert only(run)["broken"] == ["max_recovery_s"]
    assert "Declared redundancy: 3 replicas; as many answered at least (" in said(run)
    assert "Declared failover contradicted: “another one answers”" in said(run)
    assert "Drills: 1 drill, 1 repetition. In the one that cost clients most (a-replica-dies: kill, r2)" in said(run)
    assert "Declared failover contradicted:" in (run.folder / "annex.html").read_text()


def test_the_same_behind_a_service_that_declares_nothing(tmp_path: Path) -> None:
    run = probed(tmp_path, "envoy-loses", "")
    assert run.verdicts[CHECK] == "pass", run.output
    assert "Declared redundancy: none." in said(run)
    assert "had no correct answer" in said(run)


def test_more_replicas_than_were_seen_are_held_against_nobody(tmp_path: Path) -> None:
    run = probed(tmp_path, "envoy-good", "[service]\nreplicas = 5\nfailover = 'another one answers'\nfailover_s = 3")
    assert run.code == 0, run.output
    assert "5 replicas, of which 3 answered (" in said(run)
    assert "answered again within that time in 1 of 1 repetition." in said(run)
