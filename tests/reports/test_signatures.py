"""Signatures: what is signed is verified by others as well, and what is not what was expected is told."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from harness.bundle.manifest import MANIFEST
from harness.bundle.places import ATTESTATION, MARKS, TEST_RESULT
from reports.bundle import EVIDENCE, finish
from reports.evidence import decode
from reports.seal.keys import KeyUnusable, keyid_of, pem_of, private_key, public_key
from reports.seal.signing import MarkRefused, sign_bundle, sign_plan, take_marks
from reports.seal.statements import NO_PERSON, RESULT, result_statement
from reports.seal.time_marks import time_mark
from reports.verification.anchoring import Expected
from reports.verification.verify import verify
from tests.reports import factory
from tests.reports.hostile_bundles import reseal
from tests.reports.tampering import KEPT

KEY, OTHER = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)), ed25519.Ed25519PrivateKey.generate()
EXPECTED = Expected(key=KEY.public_key())


@pytest.fixture
def signed(copied: Path) -> Path:
    sign_bundle(copied, KEY)
    return copied


def payload(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.b64decode(json.loads((folder / name).read_bytes())["payload"]))
    return found


def told(folder: Path, expected: Expected = EXPECTED) -> set[str]:
    return {problem.file for problem in verify(folder, expected).problems}


@pytest.mark.parametrize("key", [KEY, *(ec.generate_private_key(curve()) for curve in (ec.SECP256R1, ec.SECP521R1))])
def test_a_signed_bundle_is_verified(copied: Path, key: Any) -> None:
    keyid = sign_bundle(copied, key)
    assert keyid == keyid_of(key.public_key())
    found = verify(copied, Expected(key=key.public_key()))
    assert (found.problems, found.unchecked) == ([], [])
    assert found.state == f"self-consistent, and signed by the key that was expected ({keyid[:16]})"
    assert [text.rpartition(" (by ")[2] for text in found.anchored] == ["--key)"] * 5
    assert found.silent


def test_without_the_key_the_signer_is_only_read(signed: Path) -> None:
    found = verify(signed)
    assert (found.problems, found.anchored, found.state) == ([], [], "self-consistent, signer unknown")
    assert any(keyid_of(KEY.public_key()) in text for text in found.only_read)


def test_the_page_made_again_keeps_the_signature(signed: Path) -> None:
    finish(signed, decode((signed / EVIDENCE).read_bytes()).report.issued)
    assert told(signed) == set()


def test_every_byte_of_an_envelope_counts(signed: Path) -> None:
    for name in (ATTESTATION, TEST_RESULT):
        data = (signed / name).read_bytes()
        for at in range(0, len(data), max(1, len(data) // 40)):
            (signed / name).write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            assert name in told(signed, Expected()), f"{name} at {at}"
        (signed / name).unlink()
        assert name in told(signed, Expected())
        (signed / name).write_bytes(data)


def test_replaced_key(copied: Path) -> None:
    sign_bundle(copied, OTHER)
    assert told(copied, Expected()) == set()
    assert told(copied) == {ATTESTATION, TEST_RESULT}


def another(folder: Path) -> None:
    """Another run, whole in itself."""
    bundle = factory.start(folder)
    factory.fill(bundle)
    bundle.journal.append("close", {"exit_code": 3})
    bundle.journal.close()
    finish(folder)


def test_resigned_forgery(tmp_path: Path) -> None:
    """A run that never was, in place of the one that was signed."""
    another(tmp_path)
    sign_bundle(tmp_path, OTHER)
    assert told(tmp_path, Expected()) == set()
    assert told(tmp_path) == {ATTESTATION, TEST_RESULT}


def test_stripped_signature(copied: Path) -> None:
    assert told(copied) == {ATTESTATION}


def test_swapped_bundle(signed: Path, tmp_path: Path) -> None:
    """The envelopes of one bundle beside the files of another."""
    foreign = tmp_path / "foreign"
    another(foreign)
    for name in (ATTESTATION, TEST_RESULT):
        shutil.copy(signed / name, foreign / name)
    assert told(foreign) == {ATTESTATION, TEST_RESULT}


def test_a_change_with_a_new_manifest_is_told_by_the_signature(signed: Path) -> None:
    path = signed / "report.html"
    path.write_bytes(path.read_bytes() + b"\n")
    reseal(signed)
    assert {"report.html", ATTESTATION, TEST_RESULT} <= told(signed)


def test_others_verify_it_as_the_docs_say(signed: Path) -> None:
    """With Python's standard library and openssl alone."""
    text = (Path(__file__).parents[2] / "docs" / "evidence.md").read_text()
    lines = [line[4:] for line in text.partition("    python3 - <<'END'")[2].splitlines() if line.startswith("    ")]
    code, commands = "\n".join(lines[: lines.index("END")]), lines[lines.index("END") + 1 :][:3]
    subprocess.run([sys.executable, "-I", "-c", code], cwd=signed, check=True)
    (signed / "key.pub").write_text(pem_of(KEY.public_key()))
    said = [
        subprocess.run(["/bin/sh", "-c", each], cwd=signed, capture_output=True, text=True).stdout for each in commands
    ]
    assert "Verified Successfully" in said[0]
    statement = json.loads((signed / "statement.json").read_bytes())
    subjects = {each["name"]: each["digest"]["sha256"] for each in statement["subject"]}
    assert {line.split()[1]: line.split()[0] for line in said[1].splitlines()} == subjects
    assert said[2].split()[0] == json.loads((signed / ATTESTATION).read_bytes())["signatures"][0]["keyid"]


def test_chain_and_digests_are_as_the_docs_say(signed: Path) -> None:
    """With hashlib and json alone."""
    manifest = json.loads((signed / MANIFEST).read_bytes())

    def written(value: Any) -> bytes:
        return (json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()

    assert written(manifest) == (signed / MANIFEST).read_bytes()
    assert hashlib.sha256(written(manifest | {"root": ""})).hexdigest() == manifest["root"]
    listed = {each["path"]: each["sha256"] for each in manifest["files"]}
    assert all(hashlib.sha256((signed / name).read_bytes()).hexdigest() == digest for name, digest in listed.items())
    head = "0" * 64
    for number, line in enumerate((signed / "journal.jsonl").read_bytes().splitlines()):
        row = json.loads(line)
        assert (row["n"], row["prev"]) == (number, head)
        assert number or row["plan"] == listed["plan.json"]
        head = hashlib.sha256(line).hexdigest()
    assert head == manifest["journal"]["head"]


def test_the_machine_is_no_person(signed: Path) -> None:
    predicate = payload(signed, ATTESTATION)["predicate"]
    assert predicate["signer"]["means"] == NO_PERSON
    assert not any(person["signed_here"] for person in predicate["responsible_persons"])


def test_the_generic_result_never_passes_what_was_not_decided(sealed: Path) -> None:
    document = decode((sealed / EVIDENCE).read_bytes())
    check, subjects = document.checks[0], {"evidence.json": "0" * 64}
    words = {
        ("pass",): "PASSED",
        ("pass", "not_applicable"): "PASSED",
        ("not_applicable",): "WARNED",
        ("pass", "inconclusive"): "WARNED",
        ("pass", "untestable"): "WARNED",
        ("pass", "tool_error"): "WARNED",
        ("pass", "warn"): "WARNED",
        ("inconclusive", "fail"): "FAILED",
    }
    whole = msgspec.structs.replace(document.report, cut_short=False)
    for verdicts, word in words.items():
        checks: Any = [msgspec.structs.replace(check, id=name, verdict=name) for name in verdicts]
        changed = msgspec.structs.replace(document, report=whole, checks=checks)
        statement = result_statement(changed, subjects)
        assert (statement["predicateType"], statement["predicate"]["result"]) == (RESULT, word), verdicts
        listed = {
            name for name in ("passedTests", "warnedTests", "failedTests") for name in statement["predicate"][name]
        }
        assert "inconclusive" not in listed


def test_a_signature_over_a_plan(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text("{}")
    beside = sign_plan(plan, KEY)
    statement = payload(tmp_path, beside.name)
    assert statement["subject"] == [{"name": "plan.json", "digest": {"sha256": hashlib.sha256(b"{}").hexdigest()}}]


def test_marks_are_kept_and_not_believed(signed: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "token.tsr", tmp_path / "other.tsr"
    good.write_bytes(b"\x30\x31" + hashlib.sha256((signed / MANIFEST).read_bytes()).digest() + b"\x00")
    bad.write_bytes(bytes(40))
    take_marks(signed, (good,))
    found = verify(signed, EXPECTED)
    assert (found.problems, len(found.unchecked)) == ([], 1)
    assert f"{MARKS}/token.tsr names the digest of {MANIFEST}" in found.unchecked[0]
    with pytest.raises(MarkRefused, match="is there already"):
        take_marks(signed, (good,))
    take_marks(signed, (bad,))
    assert told(signed) == {f"{MARKS}/other.tsr"}


def _mark_over(data: bytes) -> bytes:
    """A token by SHA-512 over something; its signature is another's, and nobody looks at it here."""
    token = (KEPT / "sha512.tsr").read_bytes()
    mark = time_mark(token)
    assert mark is not None
    return token.replace(bytes.fromhex(mark.digest), hashlib.sha512(data).digest())


def test_a_mark_by_another_hash_is_held_against_every_file(signed: Path, tmp_path: Path) -> None:
    """One over what is elsewhere, such as the sealed plan, accuses nobody: its bytes are not in the bundle."""
    for name, data in (
        ("plan", (signed / "plan.json").read_bytes()),
        ("page", (signed / "report.html").read_bytes()),
        ("elsewhere", b"a sealed plan"),
    ):
        (tmp_path / f"{name}.tsr").write_bytes(_mark_over(data))
        take_marks(signed, (tmp_path / f"{name}.tsr",))
    found = verify(signed, EXPECTED)
    assert found.problems == []
    elsewhere, page, plan = found.unchecked
    assert f"{MARKS}/elsewhere.tsr is by SHA512 over something that was not found" in elsewhere
    assert f"{MARKS}/page.tsr says that report.html was there" in page
    assert f"{MARKS}/plan.tsr says that plan.json was there" in plan


def _pem(key: Any, passphrase: bytes | None = None) -> bytes:
    lock = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    data: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)
    return data


@pytest.mark.parametrize(
    ("data", "passphrase", "words"),
    [
        (lambda: b"", None, "no private key"),
        (lambda: _pem(KEY, b"s"), None, "set ART15_PASSPHRASE"),
        (lambda: _pem(KEY, b"s"), "t", "the passphrase is another one"),
        (lambda: _pem(KEY), "t", "unset ART15_PASSPHRASE"),
        (lambda: _pem(ec.generate_private_key(ec.SECP256K1())), None, "another kind"),
    ],
)
def test_a_key_that_cannot_be_used_is_told(
    tmp_path: Path, data: Callable[[], bytes], passphrase: str | None, words: str
) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(data())
    with pytest.raises(KeyUnusable, match=words):
        private_key(path, passphrase)


def test_keys_are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(_pem(KEY, b"s"))
    assert pem_of(private_key(path, "s").public_key()) == pem_of(KEY.public_key())
    assert keyid_of(public_key(pem_of(KEY.public_key()).encode())) == keyid_of(KEY.public_key())
