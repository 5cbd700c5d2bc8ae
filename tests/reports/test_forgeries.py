"""Every kind of forgery is told: by the bundle alone, or where nothing in it can, by what is known from elsewhere."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from harness.bundle.ledger import read_ledger
from harness.bundle.manifest import MANIFEST
from reports.seal.signing import sign_bundle
from reports.verification.anchoring import Expected
from reports.verification.verify import verify
from tests.reports.forgeries import FORGERIES
from tests.reports.some_seals import KEY, third_run


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Expected]]:
    """A signed bundle under a sealed plan, and what somebody else wrote down of it."""
    place = tmp_path_factory.mktemp("signed")
    given = third_run(place / "evidence", place / "plan.json")
    sign_bundle(place / "evidence", KEY)
    digest = hashlib.sha256((place / "evidence" / MANIFEST).read_bytes()).hexdigest()
    ledger = read_ledger(given.ledger.read_bytes())
    ending = ledger.runs[2].ending
    assert ending is not None
    known = {
        "nothing": Expected(),
        "key": Expected(key=KEY.public_key()),
        "digest": Expected(digest=digest),
        "journal": Expected(head=ending.journal_head),
        "plan": Expected(plan=given),
        "ledger": Expected(head=ledger.began[3]),
    }
    for expected in known.values():
        assert verify(place / "evidence", expected).problems == []
    return place / "evidence", known


@pytest.mark.parametrize("name", FORGERIES)
def test_it_is_told(name: str, original: tuple[Path, dict[str, Expected]], tmp_path: Path) -> None:
    (bundle, known), found = original, FORGERIES[name]
    folder = tmp_path / "evidence"
    shutil.copytree(bundle, folder)
    found.forge(folder)
    for need in found.needs:
        said = [f"{problem.file}: {problem.text}" for problem in verify(folder, known[need]).problems]
        assert said, f"{name}: not told by {need}"
        if need in ("nothing", "key"):
            assert any(found.told in text for text in said), said
    if "nothing" not in found.needs:
        # Nothing in the bundle can tell, and nobody should believe that it does.
        assert verify(folder).problems == []
