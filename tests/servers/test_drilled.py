"""Three real MLServers behind a real balancer: a drill causes its fault, and each request is accounted for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.endtoend.test_drills import bad
from tests.harness.cluster.test_cluster import there
from tests.servers.conftest import installed_or_skip
from tests.servers.replicas import drilled, replicated

pytestmark = [pytest.mark.servers, pytest.mark.slow]


def test_a_frozen_mlserver_behind_haproxy(tmp_path: Path) -> None:
    installed_or_skip("mlserver")
    with replicated("mlserver", there("haproxy-good")) as service:
        run = drilled(service, tmp_path / "evidence", "control", "stop")
    assert run.verdicts["failover-drills[iris]"] == "pass", run.output
    control, stop = run.evidence["drills"]
    for drill in (control, stop):
        (done,) = [each for each in drill["repetitions"] if each["ending"] == "carried out"]
        assert bad(done["account"]) == 0
