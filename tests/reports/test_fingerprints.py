"""Fingerprints come from the journal into the document, and are recomputed by who verifies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.bundle.fingerprints import AnswerTaken, fingerprint_digest
from reports.bundle import finish
from reports.evidence import decode
from reports.verification.verify import verify
from tests.reports import factory

ANSWERS = [AnswerTaken(request="1" * 64, answer="2" * 64), AnswerTaken(request="3" * 64, answer=None)]


def bundle(folder: Path, digest: str | None) -> Path:
    filled = factory.start(folder)
    filled.journal.append("check", factory.check("rest-x"))
    answers = [{"request": each.request, "answer": each.answer, "exchange": None} for each in ANSWERS]
    told = {"model": "iris", "transport": "rest", "when": "start", "answers": answers, "sha256": digest}
    filled.journal.append("fingerprint", {"check": "rest-x[iris]", "fingerprint": told})
    factory.identity(filled, "end")
    filled.journal.append("close", {"exit_code": 0})
    finish(folder)
    return folder


def test_a_fingerprint_stands_in_the_document_with_the_check_that_took_it(tmp_path: Path) -> None:
    folder = bundle(tmp_path / "e", fingerprint_digest(ANSWERS))
    (found,) = decode((folder / "evidence.json").read_bytes()).fingerprints
    assert (found.check, found.when, found.answers) == ("rest-x[iris]", "start", ANSWERS)
    assert verify(folder).problems == []


@pytest.mark.parametrize("digest", ["f" * 64, None])
def test_a_fingerprint_that_does_not_follow_from_its_answers_is_told(digest: str | None, tmp_path: Path) -> None:
    texts = [problem.text for problem in verify(bundle(tmp_path / "e", digest)).problems]
    assert texts == ["the fingerprint of 'iris' over rest does not follow from its answers"]


def test_a_document_with_another_fingerprint_is_told(tmp_path: Path) -> None:
    folder = bundle(tmp_path / "e", fingerprint_digest(ANSWERS))
    document = json.loads((folder / "evidence.json").read_bytes())
    document["fingerprints"] = []
    (folder / "evidence.json").write_text(json.dumps(document))
    assert "its fingerprints are not those of the journal" in [each.text for each in verify(folder).problems]
