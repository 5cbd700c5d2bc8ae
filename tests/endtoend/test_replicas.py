"""Replicas that were named, and replicas behind one address: each conflict is told, and nobody is told to be right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.cluster.balancer import Balancer, Missing, found
from harness.cluster.cluster import Cluster
from tests.endtoend.running import Ran, probe

pytestmark = pytest.mark.slow

NAMED, GRPC_NAMED = "failover-replicas-agree[pair]", "failover-grpc-replicas-agree[pair]"
BEHIND = "failover-connections-agree[pair]"
ODD = "r2"


def odd(fault: str) -> dict[str, tuple[str, ...]]:
    """One replica that is as the fault says, among clean ones."""
    return {ODD: ("--fault", fault, "--replica-number", "1")}


def cluster(own: dict[str, tuple[str, ...]] | None = None) -> Cluster:
    try:
        found("haproxy")
    except Missing as error:
        pytest.skip(str(error))
    return Cluster(Balancer("haproxy-good"), arguments=("--models", "pair"), own=own)


@pytest.fixture(scope="module")
def clean() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


def named(running: Cluster, folder: Path, *, grpc: bool = False) -> Ran:
    first, *others = (f"grpc://{each.place.grpc}" if grpc else each.place.url for each in running.members)
    more = [word for url in others for word in ("--endpoint", url)]
    return probe(first, folder / "e", *more, "--oip-suite", "failover", "-k", "replicas")


def said(ran: Ran, identity: str) -> str:
    check: dict[str, Any] = next(each for each in ran.evidence["checks"] if each["id"] == identity)
    return str(check["reason"])


@pytest.mark.parametrize("grpc", [False, True])
def test_replicas_that_agree(clean: Cluster, grpc: bool, tmp_path: Path) -> None:
    ran = named(clean, tmp_path, grpc=grpc)
    assert ran.code == 0, ran.output
    assert ran.verdicts[GRPC_NAMED if grpc else NAMED] == "pass"
    taken = ran.evidence["fingerprints"]
    assert len({each["replica"] for each in taken}) == len(clean.members)
    assert len({each["sha256"] for each in taken}) == 1
    assert [len(each["answers"]) for each in taken] == [4] * len(taken)


def test_one_address_is_one_replica(clean: Cluster, tmp_path: Path) -> None:
    ran = probe(clean.members[0].place.url, tmp_path / "e", "--oip-suite", "failover", "-k", "replicas")
    assert ran.verdicts[NAMED] == "not_applicable"


@pytest.mark.parametrize(
    ("fault", "verdict", "words"),
    [
        ("failover-replica-with-stale-model", "fail", "output 'oa'"),
        ("failover-replica-of-another-version", "warn", "SHA-256"),
        ("failover-replica-with-another-digest", "warn", "SHA-256"),
        ("failover-replica-not-ready", "warn", "not ready"),
    ],
)
def test_one_replica_is_not_as_the_others(fault: str, verdict: str, words: str, tmp_path: Path) -> None:
    with cluster(odd(fault)) as running:
        ran = named(running, tmp_path)
        places = [each.place.url for each in running.members]
    assert ran.verdicts[NAMED] == verdict, ran.output
    told = said(ran, NAMED)
    assert words in told
    # Who said what, and no word of who is right.
    assert all(place in told for place in places), told


def test_a_replica_that_is_down_is_compared_with_nothing(tmp_path: Path) -> None:
    with cluster() as running:
        running.member("r3").stop()
        ran = named(running, tmp_path)
    assert ran.verdicts[NAMED] == "untestable", ran.output


def test_a_stale_model_after_a_restart_is_seen_behind_the_balancer(tmp_path: Path) -> None:
    with cluster() as running:
        before = behind(running, tmp_path / "before")
        running.member(ODD).restart("--fault", "failover-replica-with-stale-model", "--replica-number", "1")
        after = behind(running, tmp_path / "after")
    assert before.verdicts[BEHIND] == "pass", before.output
    assert after.verdicts[BEHIND] == "fail", after.output


def behind(running: Cluster, folder: Path) -> Ran:
    more = ("--oip-grpc", running.place.grpc, "--oip-suite", "failover")
    return probe(running.place.url, folder, *more)


@pytest.mark.parametrize("configuration", ["envoy-good", "haproxy-good"])
def test_an_embedded_cluster_that_is_well(configuration: str, tmp_path: Path) -> None:
    cluster()
    ran = probe(f"embedded-cluster:{configuration}", tmp_path / "e", "--oip-model", "pair", "--oip-suite", "failover")
    assert ran.code == 0, ran.output
    assert {*ran.verdicts.values()} <= {"pass", "not_applicable"}
