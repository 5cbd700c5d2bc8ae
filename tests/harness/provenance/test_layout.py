"""An OCI image layout as a registry: entries by tag and by digest, stale tags, broken blobs, hostile files."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.provenance.layout import INDEX, MARKER, Layout
from harness.provenance.registry import CannotAsk, NotThere

REGISTRY = Path(__file__).resolve().parents[3] / "harness" / "reference" / "data" / "registry"
LISTED = json.loads((REGISTRY / INDEX).read_bytes())["manifests"][0]["digest"]
LAYER = "sha256:5f0f5326a03bc2b2bf3de2558d48947f2a74e8fa9fef67fa91510b4fd2577e80"
OTHER = f"sha256:{'0' * 64}"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(REGISTRY, tmp_path / "registry"))


def blob(folder: Path, digest: str) -> Path:
    return folder / "blobs" / "sha256" / digest.removeprefix("sha256:")


@pytest.mark.parametrize("name", ["pair:2", f"pair@{LISTED}", f"pair:2@{LISTED}"])
@pytest.mark.parametrize("host", ["registry.example", "registry.example:5000", "registry.example/team"])
def test_an_entry_by_tag_and_by_digest(name: str, host: str) -> None:
    entry = Layout(REGISTRY).named(f"oci://{host}/{name}")
    assert entry.digests == (LISTED, LAYER)
    assert entry.broken == ()


def test_the_entry_that_holds_a_digest() -> None:
    assert Layout(REGISTRY).holding([OTHER, LAYER]).name == "pair:2"
    assert Layout(REGISTRY).holding([LISTED]).digests == (LISTED, LAYER)
    with pytest.raises(NotThere):
        Layout(REGISTRY).holding([OTHER])


@pytest.mark.parametrize("name", ["pair:9", "air:2", f"pair@{OTHER}", f"pair:2@{OTHER}"])
def test_what_is_not_there(name: str) -> None:
    with pytest.raises(NotThere):
        Layout(REGISTRY).named(f"oci://registry.example/{name}")


@pytest.mark.parametrize("reference", ["models:/pair/2", "oci://registry.example/pair", "oci://", "", "oci://a b:2"])
def test_references_of_another_kind(reference: str) -> None:
    with pytest.raises(CannotAsk):
        Layout(REGISTRY).named(reference)


def test_a_tag_that_has_moved_on(copy: Path) -> None:
    index = json.loads((copy / INDEX).read_bytes())
    newer = blob(copy, LISTED).read_bytes() + b"\n"
    digest = f"sha256:{hashlib.sha256(newer).hexdigest()}"
    blob(copy, digest).write_bytes(newer)
    old = index["manifests"][0]
    index["manifests"] = [{**old, "digest": digest}, {"digest": old["digest"]}]
    (copy / INDEX).write_text(json.dumps(index))
    assert Layout(copy).named("oci://r.example/pair:2").broken == ()
    (told,) = Layout(copy).named(f"oci://r.example/pair:2@{LISTED}").broken
    assert "the tag 2 is" in told


@pytest.mark.parametrize("digest", [LISTED, LAYER])
def test_a_blob_that_was_altered_or_is_gone(copy: Path, digest: str) -> None:
    path = blob(copy, digest)
    path.write_bytes(b"x" + path.read_bytes())
    assert "has the digest" in Layout(copy).named("oci://r.example/pair:2").broken[0]
    path.unlink()
    assert "No such file" in Layout(copy).named("oci://r.example/pair:2").broken[0]
    path.symlink_to(blob(REGISTRY, digest))
    assert "symbolic link" in Layout(copy).named("oci://r.example/pair:2").broken[0]


def piped(folder: Path) -> None:
    (folder / INDEX).unlink()
    os.mkfifo(folder / INDEX)


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / INDEX).write_bytes(b"[]"),
        lambda folder: (folder / INDEX).write_bytes(b'{"a":' * 100_000),
        lambda folder: (folder / INDEX).write_bytes(b'"\xff"'),
        lambda folder: (folder / MARKER).write_text('{"imageLayoutVersion": "2.0.0"}'),
        lambda folder: (folder / MARKER).unlink(),
        piped,
    ],
)
def test_a_folder_that_is_no_layout(copy: Path, change: Callable[[Path], object]) -> None:
    change(copy)
    with pytest.raises(CannotAsk):
        Layout(copy).named("oci://r.example/pair:2")


def test_digests_that_lead_out_of_the_folder_are_not_followed(copy: Path) -> None:
    (copy / INDEX).write_text(
        json.dumps({"manifests": [{"digest": "sha256:../../../../etc/passwd"}, {"digest": 7}, 5, {"annotations": []}]})
    )
    with pytest.raises(NotThere):
        Layout(copy).holding([OTHER])
