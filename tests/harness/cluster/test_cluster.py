"""Replicas behind real balancers: reached over both transports, ended and started again, and gone with their owner."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import httpx
import pytest

from harness.cluster.balancer import CONFIGURATIONS, Balancer, Missing, found
from harness.cluster.cluster import Cluster, ClusterError
from harness.cluster.kept import Kept
from harness.cluster.places import LOWEST, places
from harness.wire.protobuf import message

NAMES = {"r1", "r2", "r3"}
WAIT_S = 30.0
# A replica that a busy machine makes slow is neither left out nor asked twice.
PATIENT_MS = 20_000


def _quick_or_slow(name: str) -> object:
    return name if name == "envoy-good" else pytest.param(name, marks=pytest.mark.slow)


def infer(client: httpx.Client, url: str, identity: str) -> httpx.Response:
    inputs = [
        {"name": "a", "datatype": "FP32", "shape": [1], "data": [1.5]},
        {"name": "b", "datatype": "INT32", "shape": [1], "data": [2]},
    ]
    return client.post(f"{url}/v2/models/pair/infer", json={"id": identity, "inputs": inputs}, timeout=WAIT_S)


def there(configuration: str) -> str:
    """The configuration; what this machine lacks skips the test, in CI (`CI=true`) it is an error like any other."""
    try:
        found(Balancer(configuration).kind)
    except Missing as error:
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            raise
        pytest.skip(str(error))
    return configuration


@pytest.fixture(params=[_quick_or_slow(name) for name in CONFIGURATIONS], scope="module")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    balancer = Balancer(there(request.param), answer_ms=PATIENT_MS, check_ms=PATIENT_MS)
    with Cluster(balancer, arguments=("--models", "pair")) as running:
        yield running


def test_requests_go_round_and_each_is_executed_once(cluster: Cluster) -> None:
    with httpx.Client() as client:

        def asked(number: int) -> str:
            answer = infer(client, cluster.place.url, f"a{number}")
            assert answer.status_code == 200
            return answer.headers["x-replica"]

        sent = until_all_answered(asked)
    ran = cluster.executed()
    assert {ran[f"a{number}"] for number in range(sent)} == {1}


def until_all_answered(ask: Callable[[int], str]) -> int:
    """Ask at least nine times, until each replica has answered; a balancer may see one of them later than the others.

    Returns:
        how often was asked.
    """
    seen: set[str] = set()
    number, end = 0, time.monotonic() + WAIT_S
    while number < 9 or seen != NAMES:
        assert time.monotonic() < end, f"only {seen} answered"
        if number >= 9:
            time.sleep(0.1)
        seen.add(ask(number))
        number += 1
    return number


def test_calls_of_grpc_go_round_as_well(cluster: Cluster) -> None:
    with grpc.insecure_channel(cluster.place.grpc) as channel:
        call = channel.unary_unary("/inference.GRPCInferenceService/ServerReady")

        def asked(_: int) -> str:
            reply, done = call.with_call(b"", timeout=WAIT_S)
            assert message("ServerReady", "Response").FromString(reply).ready
            return str(dict(done.trailing_metadata())["x-replica"])

        until_all_answered(asked)


def test_a_replica_comes_back_at_its_place(cluster: Cluster) -> None:
    member = cluster.member("r2")
    before = member.pid
    member.restart()
    assert member.running
    assert member.pid != before
    with httpx.Client() as client:
        assert infer(client, member.place.url, "back").headers["x-replica"] == "r2"
    # A balancer that checks needs a moment to see it.
    wait_for(lambda: "r2" in _asked(cluster))


def _asked(cluster: Cluster) -> set[str]:
    with httpx.Client() as client:
        return {client.get(f"{cluster.place.url}/v2", timeout=WAIT_S).headers.get("x-replica", "") for _ in range(9)}


def wait_for(holds: object) -> None:
    end = time.monotonic() + WAIT_S
    assert callable(holds)
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_replica_of_its_own_kind() -> None:
    there("haproxy-loses")
    own = {"r3": ("--variant", "slow-150ms")}
    with Cluster(Balancer("haproxy-loses"), arguments=("--models", "pair"), own=own) as running:
        assert {each.place.name for each in running.members} == NAMES


@pytest.mark.parametrize("stopped", [pytest.param(False, marks=pytest.mark.slow), True])
def test_nothing_outlives_its_owner(stopped: bool, tmp_path: Path) -> None:
    there("haproxy-good")
    script = tmp_path / "owner.py"
    script.write_text(
        "import json, signal, sys, time\n"
        "from harness.cluster.cluster import Balancer, Cluster\n"
        "with Cluster(Balancer('haproxy-good'), arguments=('--models', 'pair')) as running:\n"
        "    if sys.argv[1] == 'True': running.members[0].signal(signal.SIGSTOP)\n"
        "    print(json.dumps([each.pid for each in running.members]), flush=True)\n"
        "    time.sleep(600)\n"
    )
    command = [sys.executable, str(script), str(stopped)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(Path.cwd())}) as owner:
        assert owner.stdout is not None
        pids = json.loads(owner.stdout.readline())
        owner.kill()
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def test_what_does_not_start_is_said_with_its_own_words() -> None:
    there("haproxy-good")
    with (
        pytest.raises(ClusterError, match="no model 'nobody'"),
        Cluster(Balancer("haproxy-good"), arguments=("--models", "nobody")),
    ):
        pass


def test_a_stopped_process_ends(tmp_path: Path) -> None:
    kept = Kept([sys.executable, "-c", "import time; time.sleep(600)"], dict(os.environ), tmp_path / "log")
    kept.signal(signal.SIGSTOP)
    kept.stop()
    assert not kept.running
    assert not Path(f"/proc/{kept.pid}").exists()


def test_places_differ_and_lie_below_those_of_outgoing_connections() -> None:
    found = places(["a", "b", "c", "d"])
    ports = [port for each in found for port in (each.port, each.grpc_port)]
    assert len(set(ports)) == 8
    assert min(ports) >= LOWEST
    assert max(ports) < 32768
