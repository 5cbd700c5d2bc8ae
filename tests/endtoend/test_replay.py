"""`art15 replay` from the outside: against the flawed server it comes again, against the mended one it does not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.run.embedded import EmbeddedServer
from tests.endtoend.running import ROOT, Ran, probe
from tests.packs import position, repacked

pytestmark = pytest.mark.slow

FAULT, SLUG, MODEL = "id-truncated", "rest-infer-echoes-id", "echo-fp32"
# Bytes of body in a reported counterexample of a search.
COUNTEREXAMPLE_BYTES = 4096


@dataclass(frozen=True)
class Flawed:
    """A run against a flawed server that is still there."""

    url: str
    ran: Ran


@pytest.fixture(scope="module")
def flawed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flawed]:
    """One run, some checks."""
    with EmbeddedServer(["--fault", FAULT, "--models", MODEL]) as server:
        folder = tmp_path_factory.mktemp("flawed") / "evidence"
        grpc = ["--oip-grpc", server.grpc] if server.grpc else []
        yield Flawed(server.url, probe(server.url, folder, *grpc, "-k", f"{SLUG} or rest-live"))


def replay(folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output."""
    command = [sys.executable, "-P", "-m", "harness.cli", "replay", str(folder), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def test_comes_again_each_time(flawed: Flawed) -> None:
    assert flawed.ran.code == 1, flawed.ran.output
    for name in (SLUG, f"{SLUG}[{MODEL}]"):
        code, output = replay(flawed.ran.folder, name, "--times", "2")
        assert code == 0, output
        assert "came again 2 of 2 times" in output
        assert flawed.url in output


def test_does_not_come_again_from_a_mended_server(flawed: Flawed) -> None:
    with EmbeddedServer(["--models", MODEL]) as mended:
        code, output = replay(flawed.ran.folder, SLUG, "--endpoint", mended.url, "--with-before", "3")
    assert code == 1, output
    assert "came again 0 of 3 times" in output
    assert "recorded before it" in output


def test_nothing_to_replay(flawed: Flawed) -> None:
    slug = next(check["slug"] for check in flawed.ran.evidence["checks"] if check["verdict"] == "pass")
    assert replay(flawed.ran.folder, slug)[0] == 5


def test_bad_uses_are_told_in_one_line(flawed: Flawed, tmp_path: Path) -> None:
    code, output = replay(flawed.ran.folder, "no-such-check")
    assert code == 4
    assert SLUG in output
    assert replay(tmp_path, SLUG)[0] == 4
    code, output = replay(flawed.ran.folder, SLUG, "--endpoint", "ftp://x")
    assert (code, output.count("\n")) == (4, 1), output


def test_an_altered_bundle_is_not_sent(flawed: Flawed, tmp_path: Path) -> None:
    case = next(each["counterexamples"][0] for each in flawed.ran.evidence["checks"] if each["slug"] == SLUG)
    copy = tmp_path / "document"
    shutil.copytree(flawed.ran.folder, copy)
    (copy / "evidence.json").write_bytes((copy / "evidence.json").read_bytes() + b" ")
    code, output = replay(copy, SLUG)
    assert code == 4, output
    assert "digest" in output
    copy = tmp_path / "pack"
    shutil.copytree(flawed.ran.folder, copy)
    repacked(copy, lambda _: None, position(copy, case["exchange"]))
    code, output = replay(copy, SLUG)
    assert code == 4, output
    assert "is not in exchanges.warc.gz" in output


def test_an_endpoint_that_is_gone_gives_nothing_again(flawed: Flawed) -> None:
    code, output = replay(flawed.ran.folder, SLUG, "--endpoint", "http://127.0.0.1:9", "--times", "1")
    assert code == 1, output
    assert "no answer (connect)" in output


@pytest.mark.parametrize(
    ("fault", "slug", "method"),
    [
        ("grpc-id-dropped", "grpc-infer-echoes-id", "/inference.GRPCInferenceService/ModelInfer"),
        ("last-of-many-chunks-lost", "adversarial-framing-chunked-same-answer", "POST"),
    ],
)
def test_over_grpc_and_as_raw_bytes(fault: str, slug: str, method: str, tmp_path: Path) -> None:
    """The same transport again: comes again from the flawed server, wherever it is, and from the mended one not."""
    flaw, folder = ["--fault", fault, "--models", MODEL], tmp_path / "evidence"
    with EmbeddedServer(flaw) as server:
        assert server.grpc
        ran = probe(server.url, folder, "--oip-grpc", server.grpc, "-k", slug)
        assert ran.code == 1, ran.output
        code, output = replay(folder, slug, "--times", "2")
    assert code == 0, output
    assert method in output
    assert "came again 2 of 2 times" in output
    for arguments, expected in ((flaw, 0), (["--models", MODEL], 1)):
        with EmbeddedServer(arguments) as other:
            assert other.grpc
            code, output = replay(folder, slug, "--endpoint", other.url, "--oip-grpc", other.grpc, "--times", "2")
        assert code == expected, output
        assert f"came again {0 if expected else 2} of 2 times" in output


@pytest.mark.parametrize(
    ("fault", "model", "slugs"),
    [
        ("id-ascii-only", "echo-fp32", "rest-infer-echoes-id"),
        ("fp32-six-digits", "echo-fp32", "rest-datatype"),
        ("int64-through-double", "echo-int64", "rest-datatype"),
    ],
)
def test_counterexamples_are_small_and_replayed(fault: str, model: str, slugs: str, tmp_path: Path) -> None:
    with EmbeddedServer(["--fault", fault, "--models", model]) as server:
        ran = probe(server.url, tmp_path / "evidence", "-k", slugs)
    cases = [case for check in ran.evidence["checks"] for case in check["counterexamples"]]
    assert cases, ran.output
    for case in cases:
        assert case["request"]["body_bytes"] <= COUNTEREXAMPLE_BYTES, json.dumps(case)[:500]
        if case["shrunk_to"] is not None:
            assert case["shrunk_to"] <= COUNTEREXAMPLE_BYTES
            assert case["replayed"]["k"] == case["replayed"]["n"] > 0
