"""The log of inferences: a right one passes, each way of being wrong is named, and no password is written."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.endtoend.logged import served
from tests.endtoend.running import Ran, probe

pytestmark = pytest.mark.slow
FILE = """
[log]
path = "log.jsonl"
requests = 30
wait_s = 5
[log.columns]
model = "model"
version = "version"
request_sha256 = "request"
response_sha256 = "response"
"""
DATABASE = FILE.replace('path = "log.jsonl"', 'database_env = "ART15_TESTS_DATABASE"\ntable = "inferences"')


def run(tmp_path: Path, way: str, policy: str = FILE, log: str = "log.jsonl", environ: dict[str, str] | None = None,
        *, check: str = "provenance-log-complete") -> Ran:  # fmt: skip
    (tmp_path / "policy.toml").write_text(policy)
    with served(tmp_path / log, "--models", "pair", "--fault", way) as (url, grpc):
        return probe(
            url, tmp_path / "e", "--oip-model", "pair", "--oip-policy", str(tmp_path / "policy.toml"), "-k", check,
            *(("--oip-grpc", grpc) if "grpc" in check else ()), environ=environ,
        )  # fmt: skip


def verdict(ran: Ran, check: str = "provenance-log-complete") -> str:
    return ran.verdicts[f"{check}[pair]"]


def title(ran: Ran) -> str:
    (found,) = ran.evidence["summary"]["findings"]
    return str(found["title"])


def test_a_right_log_passes_and_its_links_are_verified(tmp_path: Path) -> None:
    ran = run(tmp_path, "log-right")
    assert (ran.code, verdict(ran)) == (0, "pass"), ran.output
    (chain,) = ran.evidence["provenance"]
    assert {link["about"]: link["state"] for link in chain["links"]} == dict.fromkeys(
        ("request.id", "model", "version", "request_sha256", "response_sha256"), "verified"
    )


@pytest.mark.parametrize(
    ("way", "told"),
    [
        ("log-drops", "no entry"),
        ("log-repeats", "several entries"),
        ("log-of-another-version", "version"),
        ("log-of-another-payload", "request_sha256"),
    ],
)
def test_each_way_of_being_wrong_is_named(tmp_path: Path, way: str, told: str) -> None:
    ran = run(tmp_path, way, FILE.replace("wait_s = 5", "wait_s = 1"))
    assert (ran.code, verdict(ran)) == (1, "fail"), ran.output
    assert told in title(ran)


def test_a_log_without_any_of_the_ids_decides_nothing(tmp_path: Path) -> None:
    ran = run(tmp_path, "log-without-ids", FILE.replace("wait_s = 5", "wait_s = 1"))
    assert verdict(ran) == "inconclusive"
    assert ran.code != 0


@pytest.mark.parametrize(("way", "wanted", "due"), [
    ("log-right", "logged", "fail"), ("log-right", "absent", "pass"),
    ("log-refused-too", "logged", "pass"), ("log-refused-too", "absent", "fail"),
])  # fmt: skip
def test_refused_requests_are_logged_as_the_policy_states(tmp_path: Path, way: str, wanted: str, due: str) -> None:
    policy = FILE.replace("wait_s = 5", f'wait_s = 2\nrefused = "{wanted}"')
    assert verdict(run(tmp_path, way, policy)) == due


def test_a_log_that_is_not_there_is_the_testers(tmp_path: Path) -> None:
    ran = run(tmp_path, "log-right", FILE.replace("log.jsonl", "other.jsonl"))
    assert (ran.code, verdict(ran)) == (3, "tool_error")


def test_over_grpc(tmp_path: Path) -> None:
    check = "provenance-grpc-log-complete"
    policy = FILE.replace('request_sha256 = "request"\n', "")
    assert verdict(run(tmp_path, "log-right", policy, check=check), check) == "pass"
    (tmp_path / "log.jsonl").unlink()
    (tmp_path / "e").rename(tmp_path / "before")
    assert verdict(run(tmp_path, "log-drops", policy.replace("= 5", "= 1"), check=check), check) == "fail"


def test_a_database_whose_password_is_written_nowhere(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")
    environ = {"ART15_TESTS_DATABASE": f"sqlite:///{tmp_path / 'log.db'}"}
    ran = run(tmp_path, "log-right", DATABASE, "log.db", environ)
    assert verdict(ran) == "pass", ran.output
    (tmp_path / "e").rename(tmp_path / "before")
    secret = "hunter2-Qx81-not-to-be-told"
    environ = {"ART15_TESTS_DATABASE": f"sqlite://log:{secret}@nowhere.invalid/log.db"}
    ran = run(tmp_path, "log-right", DATABASE, "log.db", environ)
    assert verdict(ran) == "tool_error"
    assert secret not in ran.output
    for path in (each for each in ran.folder.rglob("*") if each.is_file()):
        data = path.read_bytes()
        assert secret.encode() not in data, path
        assert path.suffix != ".gz" or secret.encode() not in gzip.decompress(data)
