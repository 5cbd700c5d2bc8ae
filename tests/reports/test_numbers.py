"""Every number on both pages stands in ``evidence.json``, in every language."""

from __future__ import annotations

import hashlib
import itertools
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.bundle.accuracy import AccuracyRecord, BinSeen
from reports.document.sums import sums
from reports.evidence import Evidence
from reports.journal.state import load
from reports.page.render import render
from reports.text.sentences import languages, sentences
from reports.verification.document_checks import differences
from tests.reports.numbers import digits_of, numbers_of, told_apart
from tests.reports.reading import Page
from tests.reports.test_glance import measured
from tests.reports.test_robustness_checks import DATA
from tests.reports.test_robustness_pictures import metric


@pytest.fixture(scope="module")
def document(drilled: Path) -> dict[str, Any]:
    """One of a run that measured something of each kind."""
    data = measured(drilled)
    bins = [BinSeen(rows=rows, confidence=0.15 + at / 10, accuracy=0.7) for at, rows in enumerate((40, 123, 77))]
    record = AccuracyRecord(
        prediction="y", model="iris", transport="rest", data=DATA, family=1, metrics=[metric(0.9, None)], bins=bins
    )
    data["accuracy"] = [msgspec.to_builtins(record)]
    for check in data["checks"]:
        check["exercised"] = {"FP32 zero": 1117, "FP32 ordinary": 2229, "rank 2": 331}
    found: dict[str, Any] = told_apart(data)
    return found


@pytest.mark.parametrize("code", languages())
def test_every_number_of_the_pages_stands_in_the_document(document: dict[str, Any], code: str) -> None:
    counted = msgspec.to_builtins(sums(msgspec.convert(document, Evidence)))
    evidence = json.dumps({**document, "sums": counted}).encode()
    words = itertools.chain.from_iterable(digits_of(text) for text in sentences(code).rows.values())
    known = numbers_of({**document, "sums": counted}) | {*words}
    for name, page in render(evidence, code).items():
        text = "\n".join(Page(page.decode()).text).replace(hashlib.sha256(evidence).hexdigest(), "")
        assert digits_of(text) - known == set(), name


def test_sums_are_made_again(drilled: Path, sealed: Path) -> None:
    for folder in (drilled, sealed):
        data = json.loads((folder / "evidence.json").read_bytes())
        assert data["sums"]["duty_states"]
        assert differences(msgspec.convert(data, Evidence), load(folder)) == []
        data["sums"]["duty_states"]["supported"] = 40
        assert "its sums are not those of what it holds" in differences(msgspec.convert(data, Evidence), load(folder))
