"""What a suite is stands in its own folder, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

import suites as package
from harness.run.checks import load_checks
from harness.suite import Suite, suite_named, suites
from reports.document.not_shown import _suites

FOLDER = Path(package.__path__[0])
CHECKS = [check for check in load_checks()[0] if check.builtin]


def test_every_folder_says_what_it_is() -> None:
    folders = {path.name for path in FOLDER.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert {suite.name for suite in suites()} == folders
    assert {check.suite for check in CHECKS} <= folders


def test_their_order_is_theirs_alone() -> None:
    assert [suite.order for suite in suites()] == list(range(1, len(suites()) + 1))


def test_checks_need_the_permission_of_their_suite() -> None:
    for check in CHECKS:
        suite = suite_named(check.suite)
        assert suite is not None
        assert not suite.permission or suite.permission in (check.allow or "").split("+"), check.slug


def test_sections_are_those_of_the_page() -> None:
    templates = "".join(path.read_text() for path in (FOLDER.parent / "reports" / "page" / "templates").glob("*.j2"))
    for suite in suites():
        section = suite.report.section
        assert bool(section) == bool(suite.report.heading), suite.name
        assert not section or f'v.section("{section}")' in templates, suite.name


def test_what_did_not_run_is_named_by_its_title() -> None:
    said = {row.subject: row.reason for row in _suites([], [])}
    assert list(said) == [suite.title for suite in suites()]
    assert said["Behaviour under load"] == "No check of the suite load ran: not tried in this run."


@pytest.mark.parametrize("name", ["none", ""])
def test_a_suite_of_a_third_party_has_no_file(name: str) -> None:
    assert suite_named(name) is None


def test_one_suite_decides_the_protocol() -> None:
    protocol: list[Suite] = [suite for suite in suites() if suite.protocol]
    assert [suite.name for suite in protocol] == ["conformance"]
