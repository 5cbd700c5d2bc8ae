"""An export is one file of ``reports/exports``: nothing else lists it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import reports.exports
from harness.bundle.store import store_of
from reports.bundle import finish, is_other
from reports.document.build import build
from reports.exports import exports
from reports.verification import verify as module
from reports.verification.verify import verify
from tests.reports import factory

NEW = """
from reports.exports import Export

def _make(document, store):
    yield b"check,verdict\\n"
    for check in document.checks:
        yield f"{check.id},{check.verdict}\\n".encode()

EXPORT = Export(form="more", name="one-more.csv", title="one more", about="Every check with its verdict", make=_make)
"""


@pytest.fixture
def one_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A new export: one file in the folder, which is enlarged for the test."""
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "one_more_csv.py").write_text(NEW)
    monkeypatch.setattr(reports.exports, "__path__", [*reports.exports.__path__, str(folder)])
    exports.cache_clear()
    yield
    exports.cache_clear()
    sys.modules.pop("reports.exports.one_more_csv", None)


def test_names_are_there_once(sealed: Path) -> None:
    names = [export.name for export in exports()]
    assert names
    assert len(names) == len(set(names))
    assert all((sealed / name).is_file() and not is_other(name) for name in names)


def test_an_export_is_a_function_of_document_and_exchanges(sealed: Path) -> None:
    for export in exports():
        made = b"".join(export.make(build(sealed), store_of(sealed)))
        assert made == (sealed / export.name).read_bytes() == b"".join(export.make(build(sealed), store_of(sealed)))


@pytest.mark.usefixtures("one_more")
def test_one_file_makes_an_export(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    factory.finished(folder)
    finish(folder)
    lines = (folder / "one-more.csv").read_text().splitlines()
    assert lines[0] == "check,verdict"
    assert len(lines) > 5
    page = (folder / "annex.html").read_text()
    assert '<th scope="row">one-more.csv</th><td>Every check with its verdict</td>' in page
    assert b'"one-more.csv"' in (folder / "manifest.json").read_bytes()
    outcome = verify(folder)
    assert outcome.problems == []
    assert any("one more" in text for text in outcome.checked)
    (folder / "one-more.csv").write_text("check,verdict\n")
    assert "one-more.csv" in {problem.file for problem in verify(folder).problems}


@pytest.mark.usefixtures("one_more")
def test_a_bundle_of_a_build_without_it_is_verified(sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "fingerprint", lambda: "0" * 64)
    assert not (sealed / "one-more.csv").exists()
    assert verify(sealed).problems == []
