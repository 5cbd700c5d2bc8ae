"""From training to the log through real services: the whole chain is verified, and each broken link is named."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.endtoend.running import Ran, probe
from tests.servers.chain.logger import PAYLOAD
from tests.servers.chain.service import Chain, chained
from tests.servers.recipe import Missing

pytestmark = pytest.mark.servers
TOKEN = "token-of-mlflow-Zq81-not-to-be-told"
POLICY = """
[provenance]
required = ["model.digest", "model.registry", "model.run"]
[registry]
mlflow = "{mlflow}"
token_env = "ART15_TESTS_MLFLOW"
[log]
database_env = "ART15_TESTS_DATABASE"
table = "requests"
refused = "logged"
requests = 20
wait_s = 3
[log.columns]
model = "model"
request_sha256 = "digest"
[log.responses]
table = "responses"
columns = {{ id = "request", version = "version", response_sha256 = "digest" }}
[log.errors]
table = "errors"
columns = {{ id = "request" }}
"""


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    """The chain; what this machine lacks skips the test, but in CI it is an error like any other."""
    try:
        with chained() as found:
            yield found
    except Missing as reason:
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            raise
        pytest.skip(str(reason))


def run(chain: Chain, folder: Path) -> Ran:
    policy = folder / "policy.toml"
    policy.write_text(POLICY.format(mlflow=chain.mlflow))
    url = chain.database.url("serving", "postgresql+psycopg")
    return probe(
        chain.url, folder / "e", "--oip-model", "chain", "--oip-policy", str(policy),
        "-k", "provenance-registry or provenance-log or provenance-claims-required or metrics-count",
        environ={"ART15_TESTS_MLFLOW": TOKEN, "ART15_TESTS_DATABASE": url},
    )  # fmt: skip


def test_the_whole_chain_is_verified_and_no_secret_is_written(chain: Chain, tmp_path: Path) -> None:
    ran = run(chain, tmp_path)
    assert ran.code == 0, ran.output
    assert set(ran.verdicts.values()) <= {"pass", "not_applicable"}, ran.verdicts
    links = [link for each in ran.evidence["provenance"] for link in each["links"]]
    looked_up = [each for each in links if each["place"] in ("registry", "log")]
    assert {(each["place"], each["about"]): each["state"] for each in looked_up} == {
        **{("registry", f"model.{about}"): "verified" for about in ("registry", "name", "version", "run", "digest")},
        **{("log", about): "verified"
           for about in ("request.id", "response.id", "model", "version", "request_sha256", "response_sha256")},
    }  # fmt: skip
    for path in (each for each in ran.folder.rglob("*") if each.is_file()):
        data = path.read_bytes()
        data += gzip.decompress(data) if path.suffix == ".gz" else b""
        for secret in (TOKEN, chain.database.password, PAYLOAD):
            assert secret.encode() not in data, path
            assert secret not in ran.output


def test_each_broken_link_is_named(chain: Chain, tmp_path: Path) -> None:
    assert broken(chain, tmp_path / "1", "drop", artefact="2") == {
        "registry-entry-otherwise:model.digest", "log-entry-missing",
    }  # fmt: skip
    assert broken(chain, tmp_path / "2", "repeat", registry="models:/chain/2") == {
        "registry-entry-otherwise:model.version", "log-entry-repeated",
    }  # fmt: skip
    assert broken(chain, tmp_path / "3", "version", registry="models:/chain/7") == {
        "registry-has-no-such-entry", "log-entry-wrong:version",
    }  # fmt: skip
    chain.name("2")
    assert broken(chain, tmp_path / "4", "response") == {"registry-alias-moved", "log-entry-missing"}
    chain.name("1")
    assert broken(chain, tmp_path / "5", "error") == {"log-refused-otherwise"}
    assert broken(chain, tmp_path / "6", "counter") == {"refused-counted-as-success"}
    assert broken(chain, tmp_path / "7", "") == set()


def broken(chain: Chain, folder: Path, log: str, artefact: str = "1", **claims: str) -> set[str]:
    """The causes that are found where links are broken so."""
    folder.mkdir()
    chain.serve(artefact, **claims)
    chain.log(log)
    ran = run(chain, folder)
    found = [(each["root"], each["title"].partition(": ")[2]) for each in ran.evidence["summary"]["findings"]]
    return {f"{root}:{about}" if about else str(root) for root, about in found}
