"""A version is rolled out and back while requests go on: each answer is that of the version that was due."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.run.embedded import EmbeddedServer
from tests.endtoend.running import Ran, probe
from tests.endtoend.test_drills import only

pytestmark = pytest.mark.slow

CHECK, GRPC = "failover-drills[matrix]", "failover-grpc-drills[matrix]"
POLICY = """
[[drills]]
name = "rolled-out"
transport = "{transport}"
rate = 50
hold_s = 2.0
after_s = 3.0
max_failed = 0
[drills.rollout]
from = "1"
to = "2"
window_s = 1.0
rollback = {rollback}
[drills.fault]
kind = "hooks"
target = "the version in service"
inject = {inject}
revert = {revert}
"""


def change(url: str, version: str) -> list[str]:
    """The command that changes the version in service."""
    body = f'{{"parameters": {{"default_version": "{version}"}}}}'
    return ["curl", "-sSf", "-X", "POST", "-d", body, f"{url}/v2/repository/models/matrix/load"]


def rolled_out(
    folder: Path, *started: str, transport: str = "rest", rollback: bool = True, back: str = "1", policy: str = POLICY,
    more: tuple[str, ...] = (),
) -> Ran:  # fmt: skip
    """A run with one drill against a server that is started so."""
    with EmbeddedServer(["--models", "matrix", *started]) as server:
        file = folder / "policy.toml"
        file.write_text(
            policy.format(
                transport=transport, rollback=str(rollback).lower(),
                inject=change(server.url, "2"), revert=change(server.url, back),
            )
        )  # fmt: skip
        assert server.grpc is not None
        return probe(
            server.url, folder / "e", "--oip-grpc", server.grpc, "--oip-model", "matrix", "--oip-policy", str(file),
            "--oip-allow", "faults", "-k", "failover-grpc-drills" if transport == "grpc" else "failover-drills",
            *more,
        )  # fmt: skip


def versions(ran: Ran) -> dict[str, Any]:
    found: dict[str, Any] = only(ran)["versions"]
    return found


def roots(ran: Ran) -> set[str]:
    return {each["root"] for row in ran.evidence["checks"] for each in row["counterexamples"]}


RIGHT = ("--variant", "version-in-service-changes")


@pytest.mark.parametrize("transport", ["rest", "grpc"])
def test_a_clean_rollout_and_its_rollback(transport: str, tmp_path: Path) -> None:
    ran = rolled_out(tmp_path, *RIGHT, transport=transport)
    assert ran.verdicts[GRPC if transport == "grpc" else CHECK] == "pass", ran.output
    seen = versions(ran)
    assert (seen["early"], seen["mixed"], seen["kept"]) == (0, 0, 0)
    assert seen["due_new"] > 20
    assert seen["due_back"] > 20


def test_the_version_that_comes_is_asked_of_the_candidate(tmp_path: Path) -> None:
    with EmbeddedServer(["--models", "matrix"]) as candidate:
        ran = rolled_out(tmp_path, *RIGHT, more=("--oip-candidate", candidate.url))
    assert ran.verdicts[CHECK] == "pass", ran.output
    asked = [line for line in (tmp_path / "e" / "journal.jsonl").read_text().splitlines() if '"to":"candidate"' in line]
    assert asked
    assert all(f'"{candidate.url}/v2/models/matrix/infer"' in line for line in asked)


def test_a_new_version_that_is_to_stay(tmp_path: Path) -> None:
    ran = rolled_out(tmp_path, *RIGHT, rollback=False, back="2")
    assert ran.verdicts[CHECK] == "pass", ran.output


@pytest.mark.parametrize(
    ("fault", "root"),
    [
        ("failover-rollout-leaves-old-version", "other-version-after-window:rolled-out"),
        ("failover-rollout-names-other-version", "load-changes-answers"),
        ("failover-rollback-keeps-new-version", "rollback-not-exact:rolled-out"),
        ("failover-rollout-loses-requests", "drill-costs-too-much:rolled-out"),
    ],
)
def test_what_goes_wrong_is_told_by_its_cause(fault: str, root: str, tmp_path: Path) -> None:
    ran = rolled_out(tmp_path, "--fault", fault)
    assert ran.verdicts[CHECK] == "fail", ran.output
    assert root in roots(ran), ran.output
    assert ran.code == 1


def test_another_version_than_declared_is_in_service(tmp_path: Path) -> None:
    # Without the variant, the highest version answers from the beginning.
    ran = rolled_out(tmp_path)
    (check,) = ran.evidence["checks"]
    assert check["verdict"] == "untestable", ran.output
    assert "the endpoint does not answer as version '1' does" in check["reason"]
    assert ran.code == 1


def test_a_model_that_is_loaded_anew_is_away(tmp_path: Path) -> None:
    same = POLICY[: POLICY.index("[drills.rollout]")] + POLICY[POLICY.index("[drills.fault]") :]
    ran = rolled_out(tmp_path, "--fault", "reload-goes-on-after-its-answer", policy=same)
    assert ran.verdicts[CHECK] == "fail", ran.output
    assert roots(ran) == {"drill-costs-too-much:rolled-out"}
