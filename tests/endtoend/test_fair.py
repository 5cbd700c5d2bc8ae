"""Servers that guard, take any name, or need more than inputs are not blamed; what is wrong with one has one cause."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harness.bundle.store import store_of
from harness.run.embedded import EmbeddedServer
from tests.endtoend.running import Ran, probe

pytestmark = pytest.mark.slow

MISSING = b"left out what this model cannot do without"
# What is sent on purpose without what the model needs: no list of outputs, a member twice, a request without JSON.
WITHOUT = {
    "rest-outputs-empty-list",
    "rest-null-optional-members",
    "binary-raw-request",
    "adversarial-bodies-odd-survived",
}
BLAMED = ("fail", "warn", "inconclusive", "tool_error")


def tensor(name: str, datatype: str, data: list[Any]) -> dict[str, Any]:
    return {"name": name, "shape": [len(data)], "datatype": datatype, "data": data, "parameters": {"unit": "cm"}}


PAIR = {
    "id": "s",
    "parameters": {"tenant": "a"},
    "inputs": [tensor("a", "FP32", [1.0, 2.5]), tensor("b", "INT32", [3, 4])],
    "outputs": [{"name": name, "parameters": {"style": "plain"}} for name in ("oa", "ob")],
}
ECHO = {
    "parameters": {"tenant": "a"},
    "inputs": [tensor("x", "FP32", [1.0, 2.5])],
    "outputs": [{"name": "y", "parameters": {"style": "plain"}}],
}


def policy(folder: Path, **samples: object) -> Path:
    lines = []
    for model, request in samples.items():
        file = folder / f"{model}.jsonl"
        file.write_text(json.dumps(request) + "\n")
        lines += [f"[samples.{model.replace('_', '-')}]", f"requests = {json.dumps(str(file))}"]
    (folder / "policy.toml").write_text("\n".join(lines) + "\n")
    return folder / "policy.toml"


def ran(arguments: list[str], folder: Path, *more: str) -> Ran:
    with EmbeddedServer(arguments) as server:
        grpc = ["--oip-grpc", server.grpc] if server.grpc else []
        return probe(
            server.url, folder / "evidence", *grpc, "--oip-profile", "quick", "--oip-allow", "repository", *more
        )


def blamed(run: Ran) -> dict[str, str]:
    return {check["id"]: check["reason"] for check in run.evidence["checks"] if check["verdict"] in BLAMED}


def roots(run: Ran) -> set[str]:
    return {
        found["root"]
        for check in run.evidence["checks"]
        if check["verdict"] in BLAMED
        for found in check["counterexamples"]
    }


def refused_for(run: Ran, words: bytes) -> Counter[str]:
    """How many recorded answers have these words, by check."""
    found: Counter[str] = Counter()
    store = store_of(run.folder)
    for line in (run.folder / "journal.jsonl").read_text().splitlines():
        entry = json.loads(line)
        if entry["kind"] != "exchange":
            continue
        digest = entry["data"]["sha256"]
        record = store.get(digest, "json")
        body = json.loads(record)["response"] or {}
        answer = (body.get("body") or {}).get("sha256")
        if words in record or (answer and words in store.get(answer, "body")):
            found[(entry["data"]["check"] or "").partition("[")[0]] += 1
    return found


def test_samples_with_parameters_are_kept_whole_in_every_request(tmp_path: Path) -> None:
    samples = policy(tmp_path, pair=PAIR, echo_fp32=ECHO)
    run = ran(["--variant", "parameters-needed", "--models", "pair,echo-fp32"], tmp_path, "--oip-policy", str(samples))
    assert blamed(run) == {}
    assert set(refused_for(run, MISSING)) <= WITHOUT
    assert sum(verdict == "pass" for verdict in run.verdicts.values()) > 300


@pytest.mark.battery
@pytest.mark.parametrize(
    "variant",
    ["management-forbidden", "management-restricted", "management-switched-off", "management-404-page",
     "management-405", "management-501", "management-empty-200"],
)  # fmt: skip
def test_what_is_closed_or_absent_is_not_blamed(variant: str, tmp_path: Path) -> None:
    run = ran(["--variant", variant, "--models", "pair"], tmp_path)
    assert blamed(run) == {}
    reachable = next(each for each in run.evidence["checks"] if each["slug"] == "security-management-reachable")
    assert "reachable: " not in reachable["reason"]


def test_any_name_answered_is_one_cause(tmp_path: Path) -> None:
    run = ran(["--fault", "any-model-name-answered", "--models", "pair,echo-fp32"], tmp_path, "--oip-model", "pair")
    assert roots(run) == {"any-model-name-answered"}
    assert not any(each.startswith("adversarial-names") for each in blamed(run))


def test_models_for_sequences_only_are_probed(tmp_path: Path) -> None:
    run = ran(["--variant", "sequences-only", "--models", "pair"], tmp_path)
    assert blamed(run) == {}
    assert list(run.verdicts.values()).count("pass") > 150
    told = [row["text"] for check in run.evidence["checks"] for row in check["observations"]]
    assert any("outside of a sequence" in text for text in told)


def test_a_version_that_answers_for_another_is_found(tmp_path: Path) -> None:
    only = ("-k", "adversarial-versions-apart")
    run = ran(["--fault", "every-third-by-the-other-version", "--models", "matrix"], tmp_path, *only)
    assert roots(run) == {"answered-by-another-version"}
