"""What the page and the document say of a search: what was tried, how small it became, whether it came again."""

from __future__ import annotations

import json
from pathlib import Path

from reports.bundle import finish
from tests.reports import factory


def page_and_document(folder: Path, **changes: object) -> tuple[str, dict[str, object]]:
    """The page, and the one check of the document."""
    folder.mkdir(exist_ok=True)
    bundle = factory.start(folder, factory.plan())
    exchange = bundle.exchange(b"{", b"{}")
    line = factory.check(
        "some-search",
        "fail",
        kind="search",
        counterexamples=[factory.counterexample("some-search", ["REST-RESP-04"], exchange, **changes)],
        exercised={"FP32 denormal": 12, "shape of rank 3": 4},
    )
    bundle.journal.append("check", line)
    bundle.journal.append("close", {"exit_code": 1})
    bundle.journal.close()
    page = finish(folder).with_name("annex.html").read_text()
    return page, json.loads((folder / "evidence.json").read_bytes())["checks"][0]


def test_what_was_tried_is_counted(tmp_path: Path) -> None:
    page, check = page_and_document(tmp_path / "e")
    assert "FP32 denormal: 12; shape of rank 3: 4" in page
    assert check["exercised"] == {"FP32 denormal": 12, "shape of rank 3": 4}


def test_sizes_and_replays_are_shown(tmp_path: Path) -> None:
    page, _ = page_and_document(tmp_path / "e")
    assert "Seen again 5 of 5 times" in page
    assert "Flaky" not in page


def test_a_flaky_one_says_so(tmp_path: Path) -> None:
    page, _ = page_and_document(tmp_path / "e", replayed={"k": 1, "n": 3})
    assert "Seen again 1 of 3 times" in page
    assert "Flaky: it depends on what came before, or on chance." in page
