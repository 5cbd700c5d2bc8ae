"""What a policy requires of claims is found missing, and found met; secrets in claims are in no file of a bundle."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

from harness.reference.faults.provenance.claims import STORE
from harness.reference.faults.security.metadata_secrets import ACCESS_KEY, DATABASE
from reports.verification.verify import verify
from tests.endtoend.running import ROOT, Ran, probe
from tests.endtoend.worse import served

pytestmark = pytest.mark.slow
MET = """
[provenance]
required = ["model.digest", "source.commit"]
[provenance.expected]
"data.version" = "nothing: *"
"""
NOT_MET = """
[provenance]
required = ["model.digest", "model.run"]
[provenance.expected]
"data.version" = "2026-*"
"""
AS_RUN = """
[provenance]
required = ["model.run"]
model_version = "model.run"
"""


def run(tmp_path: Path, policy: str, *arguments: str) -> Ran:
    (tmp_path / "policy.toml").write_text(policy)
    with served("--models", "pair", *arguments) as url:
        return probe(
            url, tmp_path / "e", "--oip-model", "pair", "--oip-policy", str(tmp_path / "policy.toml"),
            "-k", "provenance or security-metadata",
        )  # fmt: skip


def test_what_is_required_and_claimed_passes(tmp_path: Path) -> None:
    ran = run(tmp_path, MET)
    assert ran.verdicts["provenance-claims-required[pair]"] == "pass", ran.output
    assert ran.code == 0


def test_what_is_required_and_not_claimed_fails(tmp_path: Path) -> None:
    ran = run(tmp_path, NOT_MET)
    assert ran.code == 1
    assert ran.verdicts["provenance-claims-required[pair]"] == "fail"
    (title,) = [each["title"] for each in ran.evidence["summary"]["findings"]]
    assert title.endswith("model.run and data.version"), title


def test_a_version_that_is_the_run(tmp_path: Path) -> None:
    assert run(tmp_path, AS_RUN).verdicts["provenance-claims-required[pair]"] == "pass"


def test_without_a_table_nothing_is_required(tmp_path: Path) -> None:
    assert run(tmp_path, "").verdicts["provenance-claims-required[pair]"] == "not_applicable"


@pytest.mark.parametrize(
    ("fault", "secret"),
    [
        ("provenance-store-password-in-parameters", STORE),
        ("access-key-in-metadata", ACCESS_KEY),
        ("database-url-in-metadata", DATABASE),
    ],
)
def test_a_secret_in_a_claim_is_found_and_not_written(tmp_path: Path, fault: str, secret: str) -> None:
    ran = run(tmp_path, "", "--fault", fault)
    assert "warn" in ran.verdicts.values(), ran.output
    for path in ran.folder.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        for each in (data, gzip.decompress(data) if path.suffix == ".gz" else b""):
            assert secret.encode() not in each, path
    assert secret not in ran.output
    assert verify(ran.folder).problems == []


ARTEFACT = """
[artefact.pair]
path = "pair-2.json"
signature = "pair-2.sig"
key = "key.pub"
bill = "pair-2.cdx.json"
"""


def released(tmp_path: Path) -> None:
    for name in ("pair-2.json", "pair-2.sig", "key.pub", "pair-2.cdx.json"):
        shutil.copy(ROOT / "harness" / "reference" / "data" / "artefact" / name, tmp_path)


def states_of(ran: Ran) -> dict[tuple[str, str], str]:
    """Place and subject -> state, as the check of the artefact knows them."""
    chains = [each for each in ran.evidence["provenance"] if each["check"].startswith("provenance-artefact")]
    return {(link["place"], link["about"]): link["state"] for chain in chains for link in chain["links"]}


def test_the_artefact_that_is_claimed_is_verified(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    released(tmp_path)
    ran = run(tmp_path, ARTEFACT)
    assert ran.code == 0, ran.output
    assert ran.verdicts["provenance-artefact-served[pair]"] == "pass"
    assert states_of(ran) == {
        ("artefact", "model.digest"): "computed",
        ("artefact", "model.signature"): "verified",
        ("artefact", "bill of materials"): "verified",
        ("endpoint", "model.digest"): "verified",
    }
    assert verify(ran.folder).problems == []
    assert "✓ verified" in (ran.folder / "annex.html").read_text()


def test_another_artefact_contradicts_signature_bill_and_claim(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    released(tmp_path)
    (tmp_path / "pair-2.json").write_text('["pair","3"]')
    ran = run(tmp_path, ARTEFACT)
    assert ran.code == 1
    assert ran.verdicts["provenance-artefact-served[pair]"] == "fail"
    found = states_of(ran)
    assert {found["artefact", name] for name in ("model.signature", "bill of materials")} == {"contradicted"}
    assert found["endpoint", "model.digest"] == "contradicted"
    assert len(ran.evidence["summary"]["findings"]) == 3


def test_an_endpoint_that_claims_nothing_is_not_blamed(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    released(tmp_path)
    ran = run(tmp_path, ARTEFACT, "--fault", "provenance-digest-left-out")
    assert ran.verdicts["provenance-artefact-served[pair]"] == "untestable"
    assert states_of(ran)["endpoint", "model.digest"] == "missing"
