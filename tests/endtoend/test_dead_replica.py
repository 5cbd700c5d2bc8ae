"""A replica that is dead, behind a balancer that goes on sending to it: seen by whoever only asks."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from harness.cluster.balancer import Balancer
from harness.cluster.cluster import Cluster
from tests.endtoend.running import probe
from tests.harness.cluster.test_cluster import there

pytestmark = pytest.mark.slow

CHECKS = "failover-every-connection-serves or failover-recovers-after-crowd"


def test_what_the_balancer_answers_in_its_place_is_told_once(tmp_path: Path) -> None:
    with Cluster(Balancer(there("envoy-loses")), arguments=("--models", "pair")) as cluster:
        cluster.member("r2").signal(signal.SIGKILL)
        run = probe(cluster.place.url, tmp_path / "e", "--oip-model", "pair", "--oip-wait-ready", "20", "-k", CHECKS)
    roots = {each["root"] for row in run.evidence["checks"] for each in row["counterexamples"]}
    assert run.verdicts["failover-every-connection-serves[pair]"] == "warn", run.output
    # It was so before the crowd came as well.
    assert roots == {"share-is-turned-away"}, run.output
