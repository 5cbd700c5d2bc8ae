"""Runs over gRPC: whatever the endpoint does, they end in time, with a verdict and evidence that verifies."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.run.embedded import EmbeddedServer
from tests.endtoend.running import ROOT, Ran, one_line_usage, probe
from tests.harness.wire.hostile import HostileServer
from tests.harness.wire.hostile_grpc import HostileGrpc
from tests.packs import read

pytestmark = pytest.mark.slow

BEHAVIOURS = (
    "never-answers",
    "closes-after-request",
    "resets",
    "drip-message",
    "ping-flood",
    "endless-message",
    "announced-2-gb",
    "rst-2",
    "goaway-refused",
    "status-missing",
    "http-503",
    "trailers-many",
)
BESIDE_REST = ("never-answers", "announced-2-gb", "rst-2")
# Generous: the point is that there is a bound at all; a run that hangs would take for ever.
BOUND_SECONDS = 600
BOUND_KILOBYTES = 300_000
TOKEN = "token-of-the-operator-0123456789"


def policy(folder: Path) -> str:
    """A policy with little patience."""
    path = folder / "policy.toml"
    path.write_text("[budget]\nrequest_timeout = 0.5\nbody_mebibytes = 1\n")
    return str(path)


def verified(ran: Ran) -> None:
    """`art15 verify` finds the bundle whole."""
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", "verify", str(ran.folder)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def ended_well(ran: Ran, begin: float) -> None:
    """In time, within memory, with findings about the endpoint and none about ourselves."""
    assert time.monotonic() - begin < BOUND_SECONDS
    assert ran.peak_kilobytes < BOUND_KILOBYTES
    assert "INTERNALERROR" not in ran.output
    assert "Traceback" not in ran.output
    assert ran.code == 1, ran.output
    assert "tool_error" not in ran.verdicts.values(), ran.output
    verified(ran)


@pytest.mark.battery
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_hostile_endpoint_ends_in_a_verdict(behaviour: str, tmp_path: Path) -> None:
    begin = time.monotonic()
    with HostileGrpc(behaviour) as url:
        endpoint = url.replace("http:", "grpc:")
        ran = probe(endpoint, tmp_path / "evidence", "--oip-policy", policy(tmp_path), "--oip-model", "iris")
    ended_well(ran, begin)
    assert ran.evidence["item"]["transports"] == ["grpc"]


@pytest.mark.battery
@pytest.mark.parametrize("behaviour", ["never-answers", "status-missing"])
def test_a_hostile_endpoint_without_a_named_model(behaviour: str, tmp_path: Path) -> None:
    begin = time.monotonic()
    with HostileGrpc(behaviour) as url:
        ran = probe(url.replace("http:", "grpc:"), tmp_path / "evidence", "--oip-policy", policy(tmp_path))
    if ran.code == 4:
        one_line_usage(ran, "--oip-model")
    else:
        ended_well(ran, begin)


@pytest.mark.battery
@pytest.mark.parametrize("behaviour", BESIDE_REST)
def test_a_hostile_grpc_address_beside_rest(behaviour: str, server: str, tmp_path: Path) -> None:
    begin = time.monotonic()
    with HostileGrpc(behaviour) as url:
        address = url.removeprefix("http://")
        arguments = ["--oip-grpc", address, "--oip-policy", policy(tmp_path), "--oip-model", "digits"]
        arguments += ["--oip-suite", "conformance"]
        ran = probe(server, tmp_path / "evidence", *arguments)
    ended_well(ran, begin)
    assert ran.evidence["item"]["transports"] == ["rest", "grpc"]
    assert "pass" in ran.verdicts.values(), "REST is right, and stays so"


def test_a_time_budget_is_kept(tmp_path: Path) -> None:
    begin = time.monotonic()
    with HostileGrpc("never-answers") as url:
        arguments = ["--oip-policy", policy(tmp_path), "--oip-model", "iris", "--oip-time-budget", "24"]
        ran = probe(url.replace("http:", "grpc:"), tmp_path / "evidence", *arguments)
    assert time.monotonic() - begin < 180
    # Too little for a verdict on an endpoint that never answers, and no claim that there was one. What was asked for by
    # name is red where there was time to ask it.
    assert ran.code == (1 if "asked for by name and could not be tested" in ran.output else 5), ran.output
    assert not {"fail", "warn"} & set(ran.verdicts.values())
    assert "Traceback" not in ran.output
    assert ran.evidence["report"]["cut_short"] is True
    assert {row["state"] for row in ran.evidence["duties"]} & {"supported", "contradicted"} == set()


def test_nobody_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    one_line_usage(probe(f"grpc://127.0.0.1:{port}", tmp_path / "a"), "cannot reach", f"127.0.0.1:{port}", "gRPC")


def test_nobody_there_beside_rest(server: str, tmp_path: Path) -> None:
    one_line_usage(probe(server, tmp_path / "a", "--oip-grpc", "127.0.0.1:1"), "cannot reach 127.0.0.1:1 for gRPC")


@pytest.mark.parametrize("behaviour", ["http-1", "ssh"])
def test_not_grpc(behaviour: str, tmp_path: Path) -> None:
    with HostileGrpc(behaviour) as url:
        one_line_usage(probe(url.replace("http:", "grpc:"), tmp_path / "a"), "does not speak gRPC")


def test_the_rest_address_given_for_grpc(server: str, tmp_path: Path) -> None:
    address = server.removeprefix("http://")
    one_line_usage(probe(server, tmp_path / "a", "--oip-grpc", address), "does not speak gRPC")
    one_line_usage(probe(f"grpc://{address}", tmp_path / "b"), "does not speak gRPC")


def test_tls_where_there_is_none(tmp_path: Path) -> None:
    with HostileServer("garbage-text-held") as url:
        one_line_usage(probe(url.replace("http:", "grpcs:"), tmp_path / "a"), "TLS", "--oip-ca")


def test_addresses_that_cannot_be(server: str, tmp_path: Path) -> None:
    one_line_usage(probe("grpc://127.0.0.1", tmp_path / "a"), "HOST:PORT")
    one_line_usage(probe(server, tmp_path / "b", "--oip-grpc", "http://127.0.0.1:1"), "HOST:PORT")


def test_the_token_is_nowhere_in_the_evidence(tmp_path: Path) -> None:
    with EmbeddedServer(["--models", "digits"]) as embedded:
        ran = probe(f"grpc://{embedded.grpc}", tmp_path / "evidence", environ={"ART15_TOKEN": TOKEN})
    assert ran.code in (0, 1, 5), ran.output
    assert TOKEN not in ran.output
    for folder, _, names in os.walk(ran.folder):
        for name in names:
            assert TOKEN.encode() not in read(Path(folder) / name), name
    verified(ran)
