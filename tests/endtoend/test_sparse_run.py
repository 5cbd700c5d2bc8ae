"""A server that leaves something out, or starts slowly, gets a run; blamed is what is missing, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.run.embedded import EmbeddedServer
from harness.validation.carrying_out import excuses
from tests.endtoend.running import probe

pytestmark = pytest.mark.slow

PAIR = {
    "inputs": [
        {"name": "a", "shape": [1], "datatype": "FP32", "data": [0.5]},
        {"name": "b", "shape": [1], "datatype": "INT32", "data": [3]},
    ]
}


@pytest.mark.parametrize("variant", ["no-metadata", "no-health"])
def test_what_is_missing_is_found_and_nothing_else(variant: str, tmp_path: Path) -> None:
    (tmp_path / "pair.jsonl").write_text(json.dumps(PAIR))
    policy = tmp_path / "policy.toml"
    policy.write_bytes(b'\xef\xbb\xbf[samples.pair]\nrequests = "pair.jsonl"\n')
    with EmbeddedServer(["--variant", variant, "--models", "pair"]) as server:
        ran = probe(
            server.url,
            tmp_path / "e",
            *("--oip-grpc", str(server.grpc), "--oip-policy", str(policy), "--oip-profile", "quick"),
        )
    missing = {slug for slug, reason in excuses()[variant].items() if reason.startswith("Missing:")}
    found = {check["slug"] for check in ran.evidence["checks"] if check["verdict"] in ("fail", "warn", "tool_error")}
    assert found == missing
    assert ran.verdicts["rest-infer-answers-200[pair]"] == "pass"


@pytest.mark.parametrize("variant", ["slow-first-answer", "not-ready-at-first"])
def test_who_starts_slowly_is_not_blamed(variant: str, tmp_path: Path) -> None:
    with EmbeddedServer(["--variant", variant, "--models", "pair"]) as server:
        ran = probe(server.url, tmp_path / "e", "--oip-grpc", str(server.grpc), "-k", "infer or ready or metadata")
    assert ran.code == 0, ran.output
    assert "art15: " in ran.output
    assert not [identity for identity, verdict in ran.verdicts.items() if verdict == "untestable"]
