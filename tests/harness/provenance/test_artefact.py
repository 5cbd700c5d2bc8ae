"""Artefacts: their digests, signatures of another maker, bills of materials, and hostile files of each kind."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.policy import PolicyError, load_policy
from harness.provenance import signature as module
from harness.provenance.artefact import ALONE, computed, differences, root_of
from harness.provenance.bill import NoBill, stated
from harness.provenance.signature import BadSignature, CannotVerify, signed_by

HERE = Path(__file__).parent
# Signed with model-signing 1.1.1, `model_signing sign key`; the private key was thrown away.
SIGNED, KEY = HERE / "signed", (HERE / "key.pub").read_bytes()
BUNDLE = (SIGNED / "model.sig").read_bytes()
PAIR = HERE.parents[2] / "harness" / "reference" / "data" / "artefact"


class _Bomb:
    def __reduce__(self) -> Any:
        return (os._exit, (66,))


def test_the_digest_of_a_file() -> None:
    found = computed(PAIR / "pair-2.json", ["sha512", "blake3"])
    data = (PAIR / "pair-2.json").read_bytes()
    assert found.digests == {"sha256": hashlib.sha256(data).hexdigest(), "sha512": hashlib.sha512(data).hexdigest()}
    assert found.files == {ALONE: found.digests["sha256"]}


@pytest.mark.parametrize(("path", "sig"), [(SIGNED, SIGNED / "model.sig"), (PAIR / "pair-2.json", PAIR / "pair-2.sig")])
def test_what_model_signing_has_signed_is_verified(path: Path, sig: Path) -> None:
    pytest.importorskip("cryptography")
    signed = signed_by(sig.read_bytes(), KEY)
    found = computed(path, ignored=signed.ignored)
    assert not list(differences(found, signed.files))
    assert root_of(found.files) == signed.root
    if path.is_dir():
        assert found.digests == {"sha256": signed.root}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda folder: (folder / "w.bin").write_bytes(b"weighty"), "'w.bin' has another digest"),
        (lambda folder: (folder / "sub-a.txt").unlink(), "'sub-a.txt' is not there"),
        (lambda folder: (folder / "sub" / "new").write_bytes(b""), "'sub/new' is not stated"),
    ],
)
def test_a_folder_that_was_changed_after_it_was_signed(tmp_path: Path, change: Any, told: str) -> None:
    pytest.importorskip("cryptography")
    shutil.copytree(SIGNED, tmp_path / "m")
    change(tmp_path / "m")
    signed = signed_by(BUNDLE, KEY)
    assert list(differences(computed(tmp_path / "m", ignored=signed.ignored), signed.files)) == [told]


def altered(edit: Any) -> bytes:
    """The bundle with another statement under the same signature."""
    bundle = json.loads(BUNDLE)
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    edit(statement)
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()
    return json.dumps(bundle).encode()


def test_another_statement_or_another_key_is_a_bad_signature() -> None:
    ec = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ec")
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    with pytest.raises(BadSignature, match="not made with this key"):
        signed_by(altered(lambda statement: statement["predicate"]["resources"].pop()), KEY)
    other = ec.generate_private_key(ec.SECP384R1()).public_key()
    pem = other.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(BadSignature):
        signed_by(BUNDLE, pem)
    for key in (b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"):
        with pytest.raises(CannotVerify):
            signed_by(BUNDLE, key)


def test_a_statement_is_read_only_once_its_signature_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_verify", lambda *_: None)
    with pytest.raises(BadSignature, match="not that of its files"):
        signed_by(altered(lambda statement: statement["predicate"]["resources"].pop()), KEY)
    with pytest.raises(CannotVerify, match="other parts"):
        signed_by(altered(lambda statement: statement["predicate"]["serialization"].update(method="shards")), KEY)
    with pytest.raises(CannotVerify, match="something else"):
        signed_by(altered(lambda statement: statement.update(predicateType="x")), KEY)
    for edit in (
        lambda one: one.pop("subject"),
        lambda one: one.update(predicate=[]),
        lambda one: one["subject"].clear(),
    ):
        with pytest.raises(BadSignature):
            signed_by(altered(edit), KEY)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=50).map(str.encode)))
def test_any_bytes_are_no_signature_and_no_bill(data: bytes) -> None:
    with pytest.raises(BadSignature):
        signed_by(data, KEY)
    with pytest.raises(NoBill):
        stated(data)


def test_nesting_without_end_is_refused() -> None:
    deep = b'{"bomFormat":"CycloneDX","components":' + b'[{"components":' * 100_000
    with pytest.raises(NoBill):
        stated(deep)
    with pytest.raises(BadSignature):
        signed_by(b'{"dsseEnvelope":' * 100_000, KEY)


def bill(*components: dict[str, Any], **metadata: Any) -> bytes:
    return json.dumps({"bomFormat": "CycloneDX", "metadata": metadata, "components": list(components)}).encode()


MODEL = {"type": "machine-learning-model", "hashes": [{"alg": "SHA-256", "content": "AB" * 32}]}


def test_the_digest_that_a_bill_states() -> None:
    right = {"sha256": "ab" * 32}
    assert stated(bill(MODEL)) == right
    assert stated(bill(component=MODEL)) == right
    assert stated(bill({"type": "library", "hashes": MODEL["hashes"], "components": [MODEL]})) == right
    assert stated((PAIR / "pair-2.cdx.json").read_bytes()) == computed(PAIR / "pair-2.json").digests
    for wrong in (bill(), bill(MODEL, MODEL), bill({"type": "library", "hashes": MODEL["hashes"]}), b'{"a": 1}'):
        with pytest.raises(NoBill):
            stated(wrong)


def test_what_would_execute_code_is_noted_and_never_loaded(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(pickle.dumps(_Bomb()))
    (tmp_path / "old.pkl").write_bytes(pickle.dumps(_Bomb(), protocol=0))
    (tmp_path / "torch.bin").write_bytes(b"PK\x03\x04" + b"archive/data.pkl" + b"\0" * 200_000)
    (tmp_path / "weights.safetensors").write_bytes(b"\x08" + b"\0" * 20)
    assert computed(tmp_path).executing == ("old.pkl", "plain", "torch.bin")
    assert computed(tmp_path / "plain").executing == ("plain",)


def test_links_and_pipes_are_passed_over_and_said(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "c")
    found = computed(tmp_path)
    assert (list(found.files), found.passed_over) == (["a"], ("b", "c"))
    with pytest.raises(OSError, match="no regular file"):
        computed(tmp_path / "c")
    (tmp_path / "empty").mkdir()
    with pytest.raises(OSError, match="no file"):
        computed(tmp_path / "empty")


def test_paths_are_relative_to_the_policy_and_there(tmp_path: Path) -> None:
    (tmp_path / "m.bin").write_bytes(b"m")
    path = tmp_path / "policy.toml"
    path.write_text('[artefact.m]\npath = "m.bin"\n')
    assert load_policy(path)[0].artefact["m"].path == str(tmp_path / "m.bin")
    for wrong in ('path = "n.bin"', 'path = "m.bin"\nbill = "x"', 'path = "m.bin"\nsignature = "m.bin"'):
        path.write_text(f"[artefact.m]\n{wrong}\n")
        with pytest.raises(PolicyError):
            load_policy(path)
