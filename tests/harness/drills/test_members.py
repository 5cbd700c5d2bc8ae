"""Replicas of the embedded cluster are drilled behind their balancer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from harness.cluster.balancer import Balancer
from harness.cluster.cluster import Cluster
from harness.drills.faults.fault import FaultError
from harness.drills.injector import Injector
from harness.drills.undoing import is_stopped
from tests.harness.cluster.test_cluster import PATIENT_MS, there
from tests.harness.drills.conftest import drill_of, until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    balancer = Balancer(there("envoy-good"), answer_ms=PATIENT_MS, check_ms=PATIENT_MS)
    with Cluster(balancer, arguments=("--models", "pair")) as running:
        yield running


@pytest.fixture
def injector(cluster: Cluster) -> Iterator[Injector]:
    with Injector(["faults"], cluster=cluster) as made:
        yield made


def answered(cluster: Cluster, times: int = 30) -> Counter[int]:
    """Statuses of some requests through the balancer."""
    url = f"{cluster.place.url}/v2/models/pair"
    with httpx.Client(timeout=10, trust_env=False) as client:
        return Counter(client.get(url).status_code for _ in range(times))


@pytest.mark.parametrize("kind", ["kill", "restart", "slow-start"])
def test_a_replica_is_ended_and_comes_back(kind: str, cluster: Cluster, injector: Injector) -> None:
    drill = drill_of(f"kind = '{kind}'\nprocess = {{replica = 'r2'}}")
    before = cluster.member("r2").pid
    assert injector.prepared(drill).target == "r2"
    injector.inject(drill)
    assert injector._watchdog.pid is None, "the cluster ends with the tester by itself"
    assert answered(cluster) == {200: 30}
    injector.revert(drill)
    assert cluster.member("r2").running
    assert cluster.member("r2").pid != before


def test_a_replica_is_stopped_and_goes_on(cluster: Cluster, injector: Injector) -> None:
    drill = drill_of("kind = 'stop'\nprocess = {replica = 'r1'}")
    pid = cluster.member("r1").pid
    injector.prepared(drill)
    injector.inject(drill)
    assert until(lambda: is_stopped(pid))
    injector.revert(drill)
    assert not is_stopped(pid)
    assert cluster.member("r1").pid == pid


def test_all_replicas_in_turn(cluster: Cluster, injector: Injector) -> None:
    names = ("r1", "r2", "r3")
    before = [cluster.member(name).pid for name in names]
    processes = ", ".join(f"{{replica = '{name}'}}" for name in names)
    drill = drill_of(f"kind = 'rolling-restart'\nprocesses = [{processes}]")
    injector.prepared(drill)
    injector.inject(drill)
    injector.revert(drill)
    assert not set(before) & {cluster.member(name).pid for name in names}
    # The balancer may not have seen yet that they are back.
    assert until(lambda: answered(cluster, 1) == {200: 1}, 20)
    assert answered(cluster) == {200: 30}


def test_a_replica_is_put_behind_a_proxy(cluster: Cluster, injector: Injector) -> None:
    drill = drill_of("kind = 'errors'\nstatus = 500\nreplica = 'r3'")
    port = cluster.member("r3").place.port
    injector.prepared(drill)
    replica = f"http://127.0.0.1:{port}/v2"
    assert cluster.member("r3").place.port != port
    assert httpx.get(replica).status_code == 200
    injector.inject(drill)
    assert httpx.get(replica).status_code == 500
    injector.revert(drill)
    assert httpx.get(replica).status_code == 200
    kill = drill_of("kind = 'kill'\nprocess = {replica = 'r3'}", name="kill")
    injector.prepared(kill)
    injector.inject(kill)
    with pytest.raises(httpx.TransportError):
        httpx.get(replica)
    injector.revert(kill)
    assert httpx.get(replica).status_code == 200
    injector.close()
    assert cluster.member("r3").place.port == port
    assert httpx.get(replica).status_code == 200


def test_a_replica_that_is_not_there_is_said(cluster: Cluster, injector: Injector) -> None:
    with pytest.raises(FaultError, match=r"no replica 'r9' .there are: r1, r2, r3"):
        injector.prepared(drill_of("kind = 'kill'\nprocess = {replica = 'r9'}"))
    with Injector(["faults"]) as without, pytest.raises(FaultError, match="is of --endpoint embedded-cluster"):
        without.prepared(drill_of("kind = 'kill'\nprocess = {replica = 'r1'}"))


def test_a_hook_names_a_replica_where_it_is(cluster: Cluster, injector: Injector) -> None:
    drill = drill_of("kind = 'hooks'\ninject = ['echo', '{r1}/x', '{\"r1\": {}}', '{r4}']\nrevert = ['true', '{r2}']")
    undo = injector.prepared(drill).undo
    caused = injector.inject(drill)
    injector.revert(drill)
    assert caused.output == f'{cluster.member("r1").place.url}/x {{"r1": {{}}}} {{r4}}'
    assert [each.argv for each in undo] == [("true", cluster.member("r2").place.url)]
