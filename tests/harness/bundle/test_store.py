"""The store of a bundle, whatever it is made of: what was written comes back by its digest."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from harness.bundle.folder import Altered, FolderReader
from harness.bundle.places import BODY, PACK, RECORD, address, named, place
from harness.bundle.store import store_of
from harness.bundle.unpack import PackReader

ROOT = Path(__file__).resolve().parents[3]
DIGEST = hashlib.sha256(b"{}").hexdigest()


def stored(folder: Path, content: bytes = b"{}") -> None:
    path = folder / place(DIGEST, BODY)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_a_bundle_of_files_is_read_as_such_and_any_other_as_a_pack(tmp_path: Path) -> None:
    assert isinstance(store_of(tmp_path), PackReader)
    stored(tmp_path)
    store = store_of(tmp_path)
    assert isinstance(store, FolderReader)
    assert store.get(DIGEST, BODY) == b"{}"
    assert list(store) == [(DIGEST, "body")]
    (tmp_path / PACK).write_bytes(b"")
    assert isinstance(store_of(tmp_path), PackReader)


def test_what_is_not_there_or_is_something_else_is_told_apart(tmp_path: Path) -> None:
    stored(tmp_path, b"[]")
    store = FolderReader(tmp_path)
    with pytest.raises(FileNotFoundError):
        store.get(DIGEST, RECORD)
    with pytest.raises(Altered, match="does not have the content"):
        store.get(DIGEST, BODY)
    with pytest.raises(ValueError, match="is not a SHA-256"):
        store.get("../" * 30, BODY)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / place(DIGEST, BODY)
    path.parent.mkdir(parents=True)
    (tmp_path / "elsewhere").write_bytes(b"{}")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic link"):
        FolderReader(tmp_path).get(DIGEST, BODY)
    assert list(FolderReader(tmp_path)) == []


def test_a_place_and_its_address_are_one_another() -> None:
    assert address(place(DIGEST, RECORD)) == (DIGEST, "json")
    swapped = f"exchanges/00/{DIGEST}.json"
    for name in (swapped, f"{place(DIGEST, BODY)}~", f"{place(DIGEST, BODY)}\n", f"exchanges/{DIGEST}.body"):
        assert address(name) is None
    assert named("a\nb", BODY) == r"exchanges/'a\nb'"


def test_nothing_else_spells_the_places() -> None:
    files = [path for room in ("harness", "reports", "suites") for path in (ROOT / room).rglob("*.py")]
    spelt = {
        str(path.relative_to(ROOT))
        for path in files
        if "exchanges/{" in path.read_text() or "exchanges/(" in path.read_text()
    }
    assert spelt <= {"harness/bundle/places.py"}
