"""Many runs side by side on one page: pure, inert, and nothing that was not looked for looks good."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from harness.bundle.accuracy import AccuracyRecord
from harness.bundle.fingerprints import AnswerTaken, Fingerprint, fingerprint_digest
from harness.cli import main
from reports.bundle import finish
from reports.comparison import history as module
from reports.comparison.history import History, HistoryTable, history, in_time
from reports.comparison.page import history_page
from reports.comparison.run_seen import run_seen
from reports.comparison.trend import HEIGHT, trend
from reports.document.build import build
from reports.evidence import Evidence, decode
from reports.evidence.comparison import Measured
from reports.text.sentences import sentences
from reports.verification.page_form import not_inert
from tests.reports import factory, some_accuracy
from tests.reports.reading import Page

Made = Callable[..., Evidence]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Makes documents of runs with these checks, by slug and verdict."""
    numbers = itertools.count()

    def document(**checks: str) -> Evidence:
        bundle = factory.start(tmp_path / str(next(numbers)))
        for slug, verdict in checks.items():
            bundle.journal.append("check", factory.check(slug, verdict))
        factory.identity(bundle, "end")
        return build(bundle.folder)

    return document


def beside(*documents: Evidence) -> History:
    return history(sentences(), [run_seen(each) for each in documents])


def states(table: HistoryTable) -> dict[str, list[str]]:
    return {row.note or row.name: [cell.state for cell in row.cells] for row in table.rows}


def test_a_finding_is_absent_only_where_it_was_looked_for(made: Made) -> None:
    shown = beside(made(x="fail"), made(x="pass"), made(x="untestable"), made(y="pass"))
    assert states(shown.findings) == {"check:x": ["fail", "pass", "not_tested", "not_tested"]}
    assert states(shown.checks) == {"x[iris]": ["fail", "pass", "untestable", "not_tested"]}
    assert shown.checks.alike == 1


def test_the_worst_come_first_and_what_has_no_room_is_counted(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 1)
    shown = beside(made(a="untestable", b="fail"))
    assert list(states(shown.checks)) == ["b[iris]"]
    assert shown.checks.left_out == 1
    assert "1 further rows have no room here." in Page(history_page(sentences(), shown).decode()).words


def test_what_the_endpoint_says_is_marked_where_it_changed(made: Made) -> None:
    first = made(x="pass")
    model = msgspec.structs.replace(first.item.models[0], version="9")
    answers = [AnswerTaken(request="1" * 64, answer="2" * 64)]
    taken = Fingerprint(model="iris", transport="rest", answers=answers, sha256=fingerprint_digest(answers))
    other = msgspec.structs.replace(
        first, item=msgspec.structs.replace(first.item, models=[model]), fingerprints=[taken]
    )
    rows = {row.name: row.cells for row in beside(first, other, first).identity.rows}
    assert [cell.changed for cell in rows["iris version"]] == [False, True, True]
    assert [cell.text for cell in rows["iris fingerprint"]] == ["", (taken.sha256 or "")[:12], ""]
    assert not any(cell.changed for cell in rows["iris fingerprint"])


def test_numbers_have_a_picture_and_the_same_values_in_a_table(made: Made) -> None:
    document = made(x="pass")
    runs = []
    for right in (80, 85, 90):
        record = some_accuracy.record(metrics=[some_accuracy.share("accuracy", right, 100)])
        runs.append(msgspec.structs.replace(document, accuracy=[msgspec.convert(record, AccuracyRecord)]))
    shown = beside(*runs)
    (row,) = shown.numbers.rows
    assert [cell.text for cell in row.cells] == ["80 of 100", "85 of 100", "90 of 100"]
    (picture,) = shown.trends
    heights = [float(point.partition(",")[2]) for point in picture.line.split()]
    assert heights == sorted(heights, reverse=True)
    assert beside(runs[0]).trends == ()


@pytest.mark.parametrize("value", [1e308, -1e308, 0.0])
def test_a_picture_of_any_number_stays_within_its_frame(value: float) -> None:
    picture = trend("t", [Measured(value=value), None, Measured(value=-value, lower=-1e308, upper=1e308)])
    heights = [float(point.partition(",")[2]) for point in picture.line.split()]
    assert all(0 <= height <= HEIGHT for height in heights)
    assert [mark.number for mark in picture.marks] == [1, 3]


def test_the_page_is_inert_whatever_the_endpoint_said(sealed: Path, made: Made) -> None:
    document = decode((sealed / "evidence.json").read_bytes())
    model = msgspec.structs.replace(document.item.models[0], name=factory.HOSTILE, version=factory.HOSTILE)
    hostile = msgspec.structs.replace(
        document, item=msgspec.structs.replace(document.item, models=[model], server_name=factory.HOSTILE)
    )
    data = history_page(sentences(), beside(document, hostile, made(x="fail")))
    assert not_inert(data) is None
    page = Page(data.decode())
    assert {"script", "img"} & page.tags == set()
    assert not set("\x1b\u202e\u200b\ufeff") & set(data.decode())
    assert all(table.captions == 1 and not table.unscoped for table in page.tables)
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_the_same_runs_give_the_same_bytes_in_any_order(sealed: Path, tmp_path: Path) -> None:
    bundle = factory.start(tmp_path / "b")
    bundle.journal.append("check", factory.check("x", "fail"))
    finish(bundle.folder)
    pages = []
    for number, folders in enumerate(([sealed, bundle.folder], [bundle.folder, sealed], [sealed, bundle.folder])):
        output = tmp_path / f"{number}.html"
        ran = CliRunner().invoke(main, ["history", *map(str, folders), "-o", str(output)])
        assert ran.exit_code == 0, ran.output
        pages.append(output.read_bytes())
    assert pages[0] == pages[1] == pages[2]
    assert CliRunner().invoke(main, ["history", str(sealed), str(bundle.folder)]).stdout_bytes == pages[0]
    turned = CliRunner().invoke(main, ["history", "--as-given", str(bundle.folder), str(sealed)]).stdout_bytes
    runs = [run_seen(decode((each / "evidence.json").read_bytes())) for each in (bundle.folder, sealed)]
    assert turned == history_page(sentences(), history(sentences(), runs))
    assert in_time(runs) == in_time(runs[::-1])


def test_what_cannot_be_read_ends_with_4(sealed: Path, tmp_path: Path) -> None:
    for arguments in ([tmp_path], [sealed] * 101, []):
        ran: Any = CliRunner().invoke(main, ["history", *map(str, arguments)])
        assert ran.exit_code == 4, ran.output
