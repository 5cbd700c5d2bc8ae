"""The log of inferences: a right one passes, what is wrong with it is named, and no password is written.

Each way of being wrong is a seeded fault, and `art15 validate` shows it; one stands here for what its report says.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from harness.run.embedded import EmbeddedServer
from tests.endtoend.running import Ran, probe

pytestmark = pytest.mark.slow
FILE = """
[log]
path = "log.jsonl"
requests = 30
wait_s = 2
refused = "logged"
[log.columns]
model = "model"
version = "version"
request_sha256 = "request"
response_sha256 = "response"
"""
DATABASE = FILE.replace('path = "log.jsonl"', 'database_env = "ART15_TESTS_DATABASE"\ntable = "inferences"')


def run(tmp_path: Path, fault: str = "", policy: str = FILE, environ: dict[str, str] | None = None) -> Ran:
    (tmp_path / "policy.toml").write_text(policy)
    seeded = ["--fault", fault] if fault else []
    with EmbeddedServer(["--models", "pair", "--inference-log", str(tmp_path / "log.jsonl"), *seeded]) as server:
        return probe(
            server.url, tmp_path / "e", "--oip-model", "pair", "--oip-policy", str(tmp_path / "policy.toml"),
            "-k", "provenance-log-complete", environ=environ,
        )  # fmt: skip


def verdict(ran: Ran) -> str:
    return ran.verdicts["provenance-log-complete[pair]"]


def test_a_right_log_passes_and_its_links_are_verified(tmp_path: Path) -> None:
    ran = run(tmp_path)
    assert (ran.code, verdict(ran)) == (0, "pass"), ran.output
    (chain,) = ran.evidence["provenance"]
    assert {link["about"]: link["state"] for link in chain["links"]} == dict.fromkeys(
        ("request.id", "model", "version", "request_sha256", "response_sha256"), "verified"
    )


def test_what_is_wrong_is_one_finding(tmp_path: Path) -> None:
    ran = run(tmp_path, "provenance-log-of-another-version")
    assert (ran.code, verdict(ran)) == (1, "fail"), ran.output
    (found,) = ran.evidence["summary"]["findings"]
    assert str(found["title"]).endswith(": version")


def test_requests_that_are_refused_are_absent_where_the_policy_says_so(tmp_path: Path) -> None:
    assert verdict(run(tmp_path, policy=FILE.replace('"logged"', '"absent"'))) == "fail"


def test_a_log_without_any_of_the_ids_decides_nothing(tmp_path: Path) -> None:
    ran = run(tmp_path, policy=FILE + 'id = "number"\n')
    assert verdict(ran) == "inconclusive"
    assert ran.code != 0


@pytest.mark.parametrize("where", ['path = "other.jsonl"', 'path_env = "ART15_TESTS_NOT_THERE"'])
def test_a_log_that_is_not_there_is_the_testers(tmp_path: Path, where: str) -> None:
    ran = run(tmp_path, policy=FILE.replace('path = "log.jsonl"', where))
    assert (ran.code, verdict(ran)) == (3, "tool_error")


def test_the_password_of_a_database_is_written_nowhere(tmp_path: Path) -> None:
    secret = "hunter2-Qx81-not-to-be-told"
    environ = {"ART15_TESTS_DATABASE": f"sqlite://log:{secret}@nowhere.invalid/log.db"}
    ran = run(tmp_path, policy=DATABASE, environ=environ)
    assert verdict(ran) == "tool_error"
    assert secret not in ran.output
    for path in (each for each in ran.folder.rglob("*") if each.is_file()):
        data = path.read_bytes()
        assert secret.encode() not in data, path
        assert path.suffix != ".gz" or secret.encode() not in gzip.decompress(data)
