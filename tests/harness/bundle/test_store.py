"""The store of a bundle: what is put comes back by its digest, and nothing else spells where it lies."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from harness.bundle.folder import Altered, FolderStore
from harness.bundle.places import BODY, RECORD, address, named, place
from harness.bundle.store import store_of

ROOT = Path(__file__).resolve().parents[3]
DIGEST = hashlib.sha256(b"{}").hexdigest()


def test_what_is_put_comes_back_and_is_listed(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    assert store.put(b"{}", RECORD) == store.put(b"{}", RECORD) == store.put(b"{}", BODY) == DIGEST
    assert store.written == 4
    again = store_of(tmp_path)
    assert again.get(DIGEST, RECORD) == again.get(DIGEST, BODY) == b"{}"
    assert sorted(again) == [(DIGEST, "body"), (DIGEST, "json")]


def test_what_is_not_there_or_is_something_else_is_told_apart(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put(b"{}", BODY)
    with pytest.raises(FileNotFoundError):
        store.get(DIGEST, RECORD)
    (tmp_path / place(DIGEST, BODY)).write_bytes(b"[]")
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
        FolderStore(tmp_path).get(DIGEST, BODY)
    assert list(FolderStore(tmp_path)) == []


def test_a_place_and_its_address_are_one_another(tmp_path: Path) -> None:
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
